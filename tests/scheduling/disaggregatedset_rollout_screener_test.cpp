#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

/// Endpoints 0 to 3 are of the rollout, 4 is not.
test_pool rollout() {
    test_pool pool(5);
    const std::array revisions{"1", "2", "1", "1"};
    const std::array versions{"a", "b", "a", "a"};
    const std::array roles{"decode", "decode", "prefill", "decode"};
    for (std::size_t i = 0; i < 4; ++i) {
        pool.label(i, "app", "x");
        pool.label(i, "v", versions[i]);
        pool.label(i, "disaggregatedset.x-k8s.io/revision", revisions[i]);
        pool.label(i, "disaggregatedset.x-k8s.io/role", roles[i]);
        pool.endpoints[i].name = "p" + std::to_string(i) + "-rank-0";
    }
    return pool;
}

std::string document(const std::string& parameters) {
    return "plugins:\n- {type: disaggregatedset-rollout-screener, parameters: {scope: "
           "{labelSelector: {matchLabels: {app: x}}}, " +
           parameters + "}}\n- type: random-picker\n";
}

/// The candidates that screening left, which is what the profile began with.
ids kept(const test_pool& pool, const std::string& parameters, const inference_request& request,
         std::uint64_t seed = 1) {
    picker_under_test it(document(parameters));
    const auto seen = it.explain(pool, request, seed);
    return seen.empty() ? ids{} : seen[0].survivors;
}

}  // namespace

TEST_SUITE("scheduling/disaggregatedset_rollout_screener") {
    TEST_CASE("strict selectors keep what equals the header; prefer narrows if it can") {
        const auto pool = rollout();
        const std::string strict =
            "headerSelectors: [{name: v, headerName: X-V, labelKey: v, mode: strict}], "
            "revisionGating: {mode: disabled}";
        CHECK(kept(pool, strict, headed_request("x-v", "b").request) == ids{1, 4});
        CHECK(kept(pool, strict, {}) == ids{0, 1, 2, 3, 4});
        CHECK(kept(pool, strict, headed_request("x-v", "z").request) == ids{4});
        const std::string prefer =
            "headerSelectors: [{name: v, headerName: X-V, labelKey: v, mode: prefer}], "
            "revisionGating: {mode: disabled}";
        CHECK(kept(pool, prefer, headed_request("x-v", "b").request) == ids{1});
        CHECK(kept(pool, prefer, headed_request("x-v", "z").request) == ids{0, 1, 2, 3, 4});
    }

    TEST_CASE("gating keeps one revision, drawn by its ready endpoints") {
        const auto pool = rollout();
        std::array<int, 2> counts{};  // revision 1: endpoints 0, 2, 3; revision 2: endpoint 1
        for (std::uint64_t seed = 0; seed < 4000; ++seed) {
            const auto left = kept(pool, "revisionGating: {mode: sum}", {}, seed);
            ++counts[left == ids{1, 4} ? 1 : 0];
            if (left != ids{1, 4}) REQUIRE(left == ids{0, 2, 3, 4});
        }
        CHECK(std::abs(counts[0] - 3000) < 150);
    }

    TEST_CASE("a revision without a required role is out; without any, nobody is left") {
        const auto pool = rollout();
        CHECK(kept(pool, "revisionGating: {mode: sum, requireRoles: {values: [prefill]}}", {}) ==
              ids{0, 2, 3, 4});
        auto own = pool;
        own.ready = {0, 1, 2, 3};
        picker_under_test it(
            document("revisionGating: {mode: sum, requireRoles: {values: [encode]}}"));
        const auto& made = it.decide(own);
        CHECK(made.error == decision_error::screened_out);
        CHECK(status_of(made.error) == 503);
        CHECK(made.message == "screeners eliminated all endpoint candidates");
        CHECK(dropped_reason(made.error) == "rejected-no-endpoints");
    }

    TEST_CASE("gating counts Pods, and what a file lists is none") {
        auto listed = rollout();
        for (std::size_t i = 0; i < 4; ++i) listed.endpoints[i].name = "p" + std::to_string(i);
        CHECK(kept(listed, "revisionGating: {mode: sum}", {}) == ids{4});
        CHECK(kept(listed, "revisionGating: {mode: disabled}", {}) == ids{0, 1, 2, 3, 4});
    }

    TEST_CASE("the answer is stamped with what was chosen") {
        auto pool = rollout();
        pool.ready = {1};
        picker_under_test it(
            document("headerSelectors: [{name: v, headerName: X-V, labelKey: v}], revisionGating: "
                     "{mode: disabled}"));
        it.pick(pool);
        const auto changes = it.answered(pool);
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].name == "x-v");
        CHECK(changes[0].value == "b");
    }

    TEST_CASE("scope and gating are required; gating warns of what it does") {
        CHECK(errors_of("disaggregatedset-rollout-screener", "{}") ==
              "7:15 scope.labelSelector is required\n7:15 revisionGating is required\n");
        CHECK(hints_in(document("revisionGating: {mode: sum}")).find("is a 503") !=
              std::string::npos);
    }
}
