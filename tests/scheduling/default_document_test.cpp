#include "scheduling/default_document.hpp"

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;

TEST_SUITE("scheduling/default_document") {
    TEST_CASE("queue 2, KV cache 2, prefix 3, as the reference has it, for both presets") {
        for (const auto which : {preset::reference, preset::weir}) {
            config::findings found;
            const auto made = pipeline::make({}, which, found);
            REQUIRE(made != nullptr);
            CHECK(found.list().empty());
            const auto profiles = made->profiles();
            REQUIRE(profiles.size() == 1);
            CHECK(profiles[0].name == "default");
            std::string text;
            for (const auto& p : profiles[0].plugins)
                text += p.plugin + " " + std::to_string(static_cast<int>(p.weight)) + "\n";
            CHECK(text ==
                  "queue-scorer 2\nkv-cache-utilization-scorer 2\nprefix-cache-scorer 3\n"
                  "max-score-picker 0\n");
            for (const auto* name : {"approx-prefix-cache-producer", "token-producer",
                                     "single-profile-handler", "max-score-picker"})
                CHECK(made->find(name) != nullptr);
            CHECK(made->settings().parsers.size() == 4);
        }
    }
}
