#include "scheduling/default_document.hpp"

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;

namespace {

/// The built-in configuration's one profile: `plugin weight` a line.
std::string profile_of(preset which, std::shared_ptr<const pipeline>& made) {
    config::findings found;
    made = pipeline::make({}, which, found);
    REQUIRE(made != nullptr);
    CHECK(found.list().empty());
    const auto profiles = made->profiles();
    REQUIRE(profiles.size() == 1);
    CHECK(profiles[0].name == "default");
    std::string text;
    for (const auto& p : profiles[0].plugins)
        text += p.plugin + " " + std::to_string(static_cast<int>(p.weight)) + "\n";
    return text;
}

}  // namespace

TEST_SUITE("scheduling/default_document") {
    TEST_CASE("the reference's: queue 2, KV cache 2, prefix 3, and what defaulting adds") {
        std::shared_ptr<const pipeline> made;
        CHECK(profile_of(preset::reference, made) ==
              "queue-scorer 2\nkv-cache-utilization-scorer 2\nprefix-cache-scorer 3\n"
              "max-score-picker 0\n");
        for (const auto* name : {"approx-prefix-cache-producer", "token-producer",
                                 "single-profile-handler", "max-score-picker"})
            CHECK(made->find(name) != nullptr);
        CHECK(made->settings().parsers.size() == 4);
    }

    TEST_CASE("weir's own: by the time until the prompt would be computed") {
        std::shared_ptr<const pipeline> made;
        CHECK(profile_of(preset::weir, made) == "prefill-delay-scorer 1\nmax-score-picker 0\n");
        CHECK(made->find("inflight-load-producer") != nullptr);
    }
}
