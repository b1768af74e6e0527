#include <set>

#include "picker_fixture.hpp"
#include "scheduling/profile.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

const std::string queue_and_kv = document_of(R"(plugins:
- type: queue-scorer
- type: kv-cache-utilization-scorer
- {name: prefix, type: test-prefix-producer}
- {name: match, type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: prefix}}
schedulingProfiles:
- name: default
  plugins:
  - {pluginRef: queue-scorer, weight: 2}
  - {pluginRef: kv-cache-utilization-scorer, weight: 2}
  - {pluginRef: match, weight: 3}
)");

std::shared_ptr<const pipeline> built_in() {
    config::findings found;
    auto made = pipeline::make({}, preset::reference, found);
    REQUIRE(made != nullptr);
    CHECK(found.list().empty());
    return made;
}

}  // namespace

TEST_SUITE("scheduling/scheduler") {
    TEST_CASE("totals are clamped scores times weights, summed in the order of the profile") {
        const auto made = load_ok(queue_and_kv);
        test_pool pool(3);
        pool.signals.waiting = {0, 5, 10};
        pool.signals.kv_usage = {0.9, 0.5, 0.1};
        prefix_told() = {4, 64, {0, 4, 1}, {}, false};
        workspace ws;
        inference_request request;
        const auto e =
            made->explain({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, true);
        // e0: 2*1 + 2*0.1 + 3*0 = 2.2; e1: 2*0.5 + 2*0.5 + 3*1 = 5; e2: 0 + 2*0.9 + 3*0.25 = 2.55
        REQUIRE(e.profiles.size() == 1);
        CHECK(near(e.profiles[0].totals, {2.2, 5, 2.55}));
        CHECK(e.profiles[0].picks == std::vector<std::uint32_t>{1});
        CHECK(e.result.primary_targets()[0] == 1);
        CHECK(e.profiles[0].scorers[1].plugin ==
              "kv-cache-utilization-scorer/kv-cache-utilization-scorer");
        CHECK(e.profiles[0].scorers[2].plugin == "match/prefix-cache-scorer");
        CHECK(near(e.profiles[0].scorers[2].weighted, {0, 3, 0.75}));
        const auto left = ws.scored_candidates(0);
        CHECK(left.totals.size() == 3);
    }

    TEST_CASE("an explanation has what each score was made of, and a decision keeps raw scores") {
        const auto made = load_ok(queue_and_kv);
        test_pool pool(2);
        pool.signals.waiting = {4, 1};
        pool.signals.kv_usage = {0.25, 0.5};
        prefix_told() = {4, 64, {1, 3}, {}, false};
        workspace ws;
        inference_request request;
        const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, 1};
        const auto e = made->explain(in, ws, true);
        const auto& scorers = e.profiles.at(0).scorers;
        REQUIRE(scorers.size() == 3);
        const auto told = [](const scorer_verdict& s) {
            std::string out;
            for (const auto& c : s.inputs) {
                out += c.name;
                for (const auto v : c.values) out += " " + std::to_string(v).substr(0, 4);
                out += "; ";
            }
            return out;
        };
        CHECK(told(scorers[0]) == "waiting 4.00 1.00; ");
        CHECK(told(scorers[1]) == "kvUsage 0.25 0.50; ");
        CHECK(told(scorers[2]) == "matchedBlocks 1.00 3.00; totalBlocks 4.00 4.00; ");
        decision out;
        REQUIRE(made->decide(in, ws, out));
        const auto raw = ws.scored_candidates(0).raw;
        CHECK(near({raw.begin(), raw.end()}, {0, 1, 0.75, 0.5, 0.25, 0.75}));
        test_pool wide(workspace::most_noted + 1);
        prefix_told().matched.clear();
        REQUIRE(made->decide({request, wide.endpoints, wide.signals, wide.ready, {}, 1}, ws, out));
        CHECK(ws.scored_candidates(0).raw.empty());
    }

    TEST_CASE("clamping is two comparisons: NaN passes") {
        CHECK(std::isnan(clamp_score(std::nan(""))));
        CHECK(clamp_score(1.01) == 1);
        CHECK(clamp_score(-3.0) == 0);
        CHECK(clamp_score(0.5) == 0.5);
    }

    TEST_CASE("a score outside 0..1 is clamped before its weight counts") {
        const auto made = load_ok(document_of(
            "plugins: [{type: kv-cache-utilization-scorer}]\nschedulingProfiles:\n- name: p\n"
            "  plugins: [{pluginRef: kv-cache-utilization-scorer, weight: 4}]\n"));
        test_pool pool(2);
        pool.signals.kv_usage = {1.5, -0.5};
        workspace ws;
        inference_request request;
        const auto e =
            made->explain({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, true);
        CHECK(near(e.profiles[0].scorers[0].raw, {-0.5, 1.5}));
        CHECK(near(e.profiles[0].totals, {0, 4}));
    }

    TEST_CASE("negative and fractional weights are taken as they are") {
        const auto made =
            load_ok(document_of("plugins: [{type: queue-scorer}]\nschedulingProfiles:\n- name: p\n"
                                "  plugins: [{pluginRef: queue-scorer, weight: -0.5}]\n"));
        test_pool pool(2);
        pool.signals.waiting = {0, 1};
        workspace ws;
        inference_request request;
        const auto e =
            made->explain({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, true);
        CHECK(near(e.profiles[0].totals, {-0.5, 0}));
        CHECK(e.profiles[0].picks == std::vector<std::uint32_t>{1});
    }

    TEST_CASE("filters narrow in order and stop when nothing is left: 429 of the reference") {
        const auto made =
            load_ok(document_of("plugins: [{type: prefill-filter}, {type: "
                                "header-based-testing-filter}]\nschedulingProfiles:\n"
                                "- name: p\n  plugins: [{pluginRef: prefill-filter}, {pluginRef: "
                                "header-based-testing-filter}]\n"));
        test_pool pool(2);
        workspace ws;
        inference_request request;
        const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, 1};
        decision out;
        CHECK_FALSE(made->decide(in, ws, out));
        CHECK(out.error == decision_error::filters_empty);
        CHECK(out.message == "no endpoints available for the given request");
        CHECK(status_of(out.error) == 429);
        CHECK(dropped_reason(out.error) == "rejected-saturated");
        const auto e = made->explain(in, ws, true);
        REQUIRE(e.profiles[0].filters.size() == 1);
        CHECK(e.profiles[0].filters[0].dropped == std::vector<std::uint32_t>{0, 1});
        CHECK(e.profiles[0].status == profile_status::failed);
    }

    TEST_CASE("no candidates is the same error as filters that left nothing") {
        test_pool pool(0);
        workspace ws;
        decision out;
        inference_request request;
        CHECK_FALSE(built_in()->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1},
                                       ws, out));
        CHECK(out.error == decision_error::filters_empty);
    }

    TEST_CASE("the built-in default is the reference's, defaulted") {
        const auto made = built_in();
        const auto profiles = made->profiles();
        REQUIRE(profiles.size() == 1);
        CHECK(profiles[0].name == "default");
        std::string members;
        for (const auto& p : profiles[0].plugins)
            members += p.plugin + " " + std::to_string(p.weight).substr(0, 1) + "; ";
        CHECK(members ==
              "queue-scorer 2; kv-cache-utilization-scorer 2; prefix-cache-scorer 3; "
              "max-score-picker 0; ");
        std::set<std::string> implicit;
        for (const auto& p : made->plugins()) {
            if (p.implicit) implicit.insert(p.name);
        }
        for (const auto* name :
             {"single-profile-handler", "max-score-picker", "approx-prefix-cache-producer",
              "token-producer", "openai-parser", "anthropic-parser", "vllmhttp-parser",
              "passthrough-parser", "fcfs-ordering-policy", "global-strict-fairness-policy",
              "static-usage-limit-policy"}) {
            CHECK_MESSAGE(implicit.contains(name), name);
        }
        CHECK(made->settings().detector.kind == config::detector_kind::guide);
        CHECK(made->settings().parsers.size() == 4);
        REQUIRE(made->settings().data_layer.sources.size() == 1);
        CHECK(made->settings().data_layer.sources[0].extractors ==
              std::vector<std::string>{"core-metrics-extractor"});
    }

    TEST_CASE("a shared prompt sticks to the endpoint that got it first") {
        const auto made = built_in();
        test_pool pool(4);
        workspace ws;
        const std::string text(4096, 'x');
        const std::array prompts{prompt{text}};
        inference_request request;
        request.target_model = "m";
        request.prompts = prompts;
        decision out;
        REQUIRE(made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 7}, ws, out));
        const auto first = out.primary_targets()[0];
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            REQUIRE(made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, seed}, ws,
                                 out));
            CHECK(out.primary_targets()[0] == first);
        }
        CHECK(out.input_tokens == 1024);
        REQUIRE(out.charges.size() == 1);
        CHECK(out.charges[0].endpoint == first);
        CHECK(out.charges[0].tokens == 0);  // all 16 blocks of 64 tokens are cached there
    }

    TEST_CASE("the same seed gives the same decision, another one breaks ties otherwise") {
        const auto made = built_in();
        test_pool pool(8);
        inference_request request;
        const auto pick = [&](std::uint64_t seed) {
            workspace ws;
            decision out;
            REQUIRE(made->schedule({request, pool.endpoints, pool.signals, pool.ready, {}, seed},
                                   ws, out));
            return out.primary_targets()[0];
        };
        std::set<std::uint32_t> seen;
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            CHECK(pick(seed) == pick(seed));
            seen.insert(pick(seed));
        }
        CHECK(seen.size() == 8);
    }

    TEST_CASE("Prefer: if-available asks for a cached prefix or 412") {
        const auto made = built_in();
        test_pool pool(1);
        workspace ws;
        const std::string text(1024, 'y');
        const std::array prompts{prompt{text}};
        const std::array headers{header_field{"prefer", "wait=5, If-Available;x=1"}};
        inference_request request;
        request.prompts = prompts;
        request.headers = headers;
        const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, 7};
        decision out;
        CHECK_FALSE(made->decide(in, ws, out));
        CHECK(out.error == decision_error::precondition_failed);
        CHECK(out.message == "no decode worker has the requested KV cache");
        CHECK(status_of(out.error) == 412);
        request.headers = {};
        REQUIRE(made->decide(in, ws, out));
        request.headers = headers;
        CHECK(made->decide(in, ws, out));
    }

    TEST_CASE("a decision without an answering profile names the request") {
        const auto made =
            load_ok(document_of(R"(plugins: [{type: header-profile-handler}, {type: random-picker}]
schedulingProfiles: [{name: decode, plugins: []}, {name: other, plugins: []}]
)"));
        test_pool pool(2);
        const std::array headers{header_field{"epp-profile", " nope "}};
        inference_request request;
        request.request_id = "r-1";
        request.headers = headers;
        workspace ws;
        decision out;
        CHECK_FALSE(
            made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(out.error == decision_error::no_target);
        CHECK(
            out.message ==
            "failed to find target endpoint: failed to run any scheduler profile for request r-1");
        CHECK(status_of(out.error) == 429);
        request.headers = {};
        REQUIRE(made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(made->profile_names()[out.primary] == "decode");
        const std::array chosen{header_field{"epp-profile", "other"}};
        request.headers = chosen;
        REQUIRE(made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(made->profile_names()[out.primary] == "other");
    }

    TEST_CASE("a reload keeps what plugins of the same name and type learned") {
        const std::string text = document_of(
            "plugins: [{type: prefix-cache-scorer}]\nschedulingProfiles:\n- name: p\n"
            "  plugins: [{pluginRef: prefix-cache-scorer}]\n");
        const auto before = load_ok(text);
        test_pool pool(3);
        workspace ws;
        const std::string body(4096, 'x');
        const std::array prompts{prompt{body}};
        inference_request request;
        request.prompts = prompts;
        decision out;
        const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, 3};
        REQUIRE(before->decide(in, ws, out));
        const auto first = out.primary_targets()[0];
        const auto after = load_text(text, before.get());
        REQUIRE(after.made != nullptr);
        const auto e = after.made->explain(in, ws, true);
        CHECK(e.profiles[0].totals[first] == 1);
    }
}
