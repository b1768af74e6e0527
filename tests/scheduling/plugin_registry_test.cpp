#include "scheduling/plugin_registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace weir;
using namespace weir::scheduling;

TEST_SUITE("scheduling/plugin_registry") {
    TEST_CASE("every type has a name of its own, words about it and a factory of this build") {
        std::set<std::string_view> names;
        for (const auto* type : built_in_plugin_types()) {
            CAPTURE(type->name);
            CHECK(names.insert(type->name).second);
            for (const auto alias : type->aliases) CHECK(names.insert(alias).second);
            CHECK_FALSE(type->summary.empty());
            CHECK((type->make != nullptr));
            CHECK(type->abi == plugin_abi);
            for (const auto& p : type->docs) {
                CHECK_FALSE(p.name.empty());
                CHECK_FALSE(p.meaning.empty());
                const std::set<std::string_view> types = {"int",      "float",  "bool", "string",
                                                          "duration", "object", "list"};
                CHECK(types.contains(p.type));
            }
        }
        CHECK(names.size() >= 58);
    }

    TEST_CASE("types are found by name and by alias, and listed for suggestions") {
        REQUIRE(find_plugin_type("tokenizer") != nullptr);
        CHECK(find_plugin_type("tokenizer") == find_plugin_type("token-producer"));
        CHECK(find_plugin_type("by-label-selector") == find_plugin_type("label-selector-filter"));
        CHECK(find_plugin_type("prefill-header-handler") ==
              find_plugin_type("disagg-headers-handler"));
        CHECK(find_plugin_type("queue") == nullptr);
        const auto names = plugin_type_names();
        CHECK(std::find(names.begin(), names.end(), "tokenizer") != names.end());
    }

    TEST_CASE("a name that is taken stays") {
        static const plugin_type again = {.name = "queue-scorer",
                                          .level = stability::beta,
                                          .summary = "x",
                                          .docs = {},
                                          .aliases = {},
                                          .make = nullptr};
        CHECK(add_plugin_type(&again) == find_plugin_type("queue-scorer"));
        CHECK(find_plugin_type("queue-scorer") != &again);
    }
}
