#include <doctest/doctest.h>

#include <filesystem>

#include "config/load.hpp"

using namespace weir::config;
namespace fs = std::filesystem;

TEST_SUITE("config/examples") {
    TEST_CASE("every example is complete: pools with endpoints, a served route, no warning") {
        const auto folder = fs::path(WEIR_CONFIG_TESTS) / "../../examples";
        for (const auto* name : {"quickstart", "two-pools-weights", "cross-namespace-grant",
                                 "priorities", "canary-rewrite", "lora", "helm-output"}) {
            CAPTURE(name);
            const auto example = folder / name;
            load_options options;
            options.filenames = {example.string()};
            options.port_map = {{80, 8080}};
            const auto r = load(options);
            CAPTURE(render_text(r.found, false));
            CHECK(r.found.count(severity::error) == 0);
            CHECK(r.found.count(severity::warning) == 0);
            REQUIRE(r.value != nullptr);
            REQUIRE(r.value->listeners.size() == 1);
            CHECK(r.value->listeners[0].bind_port == 8080);
            CHECK_FALSE(r.value->listeners[0].routes.empty());
            for (const auto& p : r.value->pools) CHECK_FALSE(p.endpoints.empty());
            CHECK(fs::exists(example / "README.md"));
        }
    }
}
