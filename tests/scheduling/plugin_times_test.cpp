#include "scheduling/plugin_times.hpp"

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

std::string page_of(const metrics::source& source) {
    metrics::exposition out;
    source.collect(out);
    return out.text();
}

std::string count_line(const std::string& where, const std::string& plugin, int n) {
    return "llm_d_epp_plugin_duration_seconds_count{extension_point=\"" + where +
           "\",plugin_name=\"" + plugin + "\",plugin_type=\"" + plugin + "\"} " +
           std::to_string(n) + "\n";
}

bool decide(const pipeline& with, workspace& ws) {
    test_pool pool(2);
    inference_request request;
    decision out;
    return with.decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out);
}

}  // namespace

TEST_SUITE("scheduling/plugin_times") {
    TEST_CASE("each call of a plugin is counted where it was called, over a reload too") {
        const auto text = document_of("plugins: [{type: queue-scorer}, {type: decode-filter}]\n");
        const auto made = load_ok(text);
        workspace ws;
        REQUIRE(decide(*made, ws));
        REQUIRE(decide(*made, ws));
        for (const auto& [where, plugin] :
             {std::pair{"Filter", "decode-filter"}, std::pair{"Scorer", "queue-scorer"},
              std::pair{"Picker", "max-score-picker"},
              std::pair{"ProcessProfilesResults", "single-profile-handler"}}) {
            CAPTURE(where);
            CHECK(page_of(*made).find(count_line(where, plugin, 2)) != std::string::npos);
        }
        // The handler is asked until it asks for no more.
        CHECK(page_of(*made).find(count_line("ProfilePicker", "single-profile-handler", 4)) !=
              std::string::npos);

        const auto next = load_text(text, made.get()).made;
        REQUIRE(next != nullptr);
        REQUIRE(decide(*next, ws));
        CHECK(page_of(*next).find(count_line("Scorer", "queue-scorer", 3)) != std::string::npos);
    }

    TEST_CASE("an explanation is not measured") {
        const auto made = load_ok(document_of("plugins: [{type: queue-scorer}]\n"));
        workspace ws;
        test_pool pool(2);
        inference_request request;
        made->explain({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, true);
        CHECK(page_of(*made).find(count_line("Scorer", "queue-scorer", 0)) != std::string::npos);
    }
}
