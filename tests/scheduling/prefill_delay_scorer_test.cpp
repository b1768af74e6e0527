#include <numeric>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

using time_point = std::chrono::steady_clock::time_point;

constexpr double per_token = 1 / 15000.0;  // until something was seen

std::shared_ptr<const pipeline> scorer_alone(std::string_view parameters) {
    return load_ok(document_of(
        "plugins:\n- {name: prefix, type: test-prefix-producer}\n"
        "- type: inflight-load-producer\n  parameters: {prefixMatchInfoProducerName: prefix}\n"
        "- type: prefill-delay-scorer\n  parameters: " +
        std::string(parameters) +
        "\nschedulingProfiles:\n- name: p\n  plugins: [{pluginRef: prefill-delay-scorer}]\n"));
}

/// A request of 4,000 tokens; what is cached of it is `prefix_told`.
struct long_request {
    std::string text = std::string(16000, 'x');
    std::array<prompt, 1> prompts{prompt{text}};
    inference_request request;

    explicit long_request(std::vector<double> matched_blocks) {
        request.request_id = "r";
        request.target_model = "m";
        request.stream = true;
        request.prompts = prompts;
        prefix_told() = {250, 16, std::move(matched_blocks), {}, false};
    }
};

/// Seconds that the scores stand for.
std::vector<double> delays(const pipeline& picker, const test_pool& pool,
                           const inference_request& request, time_point now = {}) {
    workspace ws;
    const auto e =
        picker.explain({request, pool.endpoints, pool.signals, pool.ready, now, 1}, ws, true);
    auto out = e.profiles.at(0).scorers.at(0).raw;
    for (auto& v : out) v = 1 / v - 1;
    return out;
}

/// Lets the picker see that the endpoint alone in `pool.ready` took so long.
void show(const pipeline& picker, const test_pool& pool, const inference_request& request,
          double seconds, time_point now) {
    workspace ws;
    decision d;
    REQUIRE(picker.decide({request, pool.endpoints, pool.signals, pool.ready, now, 1}, ws, d));
    response_facts facts{.request_id = "r",
                         .target_model = "m",
                         .chosen = d,
                         .endpoints = pool.endpoints,
                         .now = now};
    facts.status = 200;
    facts.stream = true;
    facts.first_token_seconds = seconds;
    picker.first_chunk(facts);
    picker.complete(facts);
}

}  // namespace

TEST_SUITE("scheduling/prefill_delay_scorer") {
    TEST_CASE("tokens ahead and uncached tokens at the pool's pace, recomputation at a surcharge") {
        test_pool pool(3);
        pool.signals.inflight_tokens = {3000, 0, 600};
        const long_request r({250, 0, 125});
        const auto it = scorer_alone(
            "{uncachedWeight: 3, privateWeight: 3, smallPromptMs: 0, "
            "busyWeight: 0, longWeight: 0, requestMs: 0}");
        // uncached: 0, 4000, 2000
        CHECK(near(delays(*it, pool, r.request),
                   {3000 * per_token, 12000 * per_token, (600 + 6000) * per_token}));
    }

    TEST_CASE("the surcharge grows with the shortest queue of the pool") {
        test_pool pool(2);
        pool.signals.inflight_tokens = {15000, 30000};
        const long_request r({250, 0});
        const auto it = scorer_alone(
            "{uncachedWeight: 1, privateWeight: 1, busyWeight: 2, longWeight: 0, requestMs: 0}");
        // a second of queue: 1 + 2 times 4000 tokens
        CHECK(near(delays(*it, pool, r.request), {1, 2 + 12000 * per_token}));
    }

    TEST_CASE("only what an endpoint would compute beyond the best of them is surcharged") {
        test_pool pool(2);
        const auto it = scorer_alone(
            "{uncachedWeight: 3, privateWeight: 3, smallPromptMs: 0, busyWeight: 0, requestMs: 0}");
        CHECK(near(delays(*it, pool, long_request({0, 0}).request),
                   {4000 * per_token, 4000 * per_token}));
        CHECK(near(delays(*it, pool, long_request({125, 0}).request),
                   {2000 * per_token, (4000 + 2 * 2000) * per_token}));
    }

    TEST_CASE("little work is hardly surcharged, much of it fully") {
        test_pool pool(3);
        const long_request r({0, 125, 250});
        // 4000 tokens take as long as a small prompt: half of the surcharge of 2. 2000: a third.
        const auto it = scorer_alone(
            "{uncachedWeight: 3, privateWeight: 3, smallPromptMs: 266.6666666667, busyWeight: 0, "
            "requestMs: 0}");
        CHECK(near(delays(*it, pool, r.request),
                   {2 * 4000 * per_token, (2000 + 2000 * 2 / 3.0) * per_token, 0}));
    }

    TEST_CASE("what one endpoint alone holds is dearer to compute again than what two hold") {
        test_pool pool(3);
        const auto it = scorer_alone(
            "{uncachedWeight: 2, privateWeight: 8, smallPromptMs: 0, busyWeight: 0, requestMs: 0}");
        CHECK(near(delays(*it, pool, long_request({250, 0, 250}).request),
                   {0, 2 * 4000 * per_token, 0}));
        CHECK(near(delays(*it, pool, long_request({250, 0, 0}).request),
                   {0, 8 * 4000 * per_token, 8 * 4000 * per_token}));
    }

    TEST_CASE("what others asked for a moment ago is not one conversation's own") {
        test_pool pool(3);
        const auto it = scorer_alone(
            "{uncachedWeight: 2, privateWeight: 8, smallPromptMs: 0, busyWeight: 0, requestMs: 0}");
        const long_request r({250, 0, 0});
        const auto first = time_point(std::chrono::hours(1));
        const auto apart = [&](std::chrono::milliseconds later) {
            const auto got = delays(*it, pool, r.request, first + later);
            return (got[1] - got[0]) / (4000 * per_token);
        };
        CHECK(apart(std::chrono::milliseconds(0)) == doctest::Approx(8));
        workspace ws;
        decision d;
        REQUIRE(it->decide({r.request, pool.endpoints, pool.signals, pool.ready, first, 1}, ws, d));
        CHECK(apart(std::chrono::milliseconds(900)) == doctest::Approx(2));
        CHECK(apart(std::chrono::milliseconds(1100)) == doctest::Approx(8));
    }

    TEST_CASE("a prompt that can be in time nowhere joins those that are late already") {
        test_pool pool(4);
        const auto it = scorer_alone("{patienceMs: 3000, longWeight: 0, requestMs: 0}");
        const long_request r({0, 0, 0, 0});
        const auto all_answer = [&](std::vector<std::uint32_t> which, time_point now) {
            pool.signals.inflight_tokens = {0, 0, 0, 0};
            for (const auto e : which) {
                pool.ready = {e};
                show(*it, pool, r.request, 4000 * per_token, now);
            }
            pool.ready = {0, 1, 2, 3};
            // seconds of queue: 3, 2.9, 12, 6
            pool.signals.inflight_tokens = {45000, 43500, 180000, 90000};
        };
        auto now = time_point(std::chrono::hours(1));
        all_answer({0, 1, 2, 3}, now);
        const auto of_long = delays(*it, pool, r.request, now);
        CHECK(of_long[2] < of_long[3]);
        CHECK(of_long[3] < of_long[0]);
        CHECK(of_long[3] < of_long[1]);
        // 80 tokens are still in time on the second.
        const auto of_short = delays(*it, pool, long_request({245, 245, 245, 245}).request, now);
        CHECK(of_short[1] < of_short[0]);
        CHECK(of_short[1] < of_short[2]);

        // The most loaded has answered nothing for a minute.
        all_answer({0, 1, 3}, now += std::chrono::minutes(1));
        const auto stuck = delays(*it, pool, r.request, now);
        CHECK(stuck[3] < stuck[0]);
        CHECK(stuck[0] < stuck[2]);
    }

    TEST_CASE("a late prompt joins the late ones only where the pool cannot serve all in time") {
        constexpr std::uint32_t n = 32;
        test_pool pool(n);
        const auto it = scorer_alone("{patienceMs: 200, requestMs: 0}");
        const long_request r(std::vector<double>(n, 0));
        const auto now = time_point(std::chrono::hours(1));
        for (std::uint32_t e = 0; e < n; ++e) {
            pool.ready = {e};
            show(*it, pool, r.request, 4000 * per_token, now);
        }
        pool.ready.resize(n);
        std::iota(pool.ready.begin(), pool.ready.end(), 0U);
        auto& tokens = pool.signals.inflight_tokens;
        tokens.assign(n, 450);
        tokens[0] = 4500;
        const auto got = delays(*it, pool, r.request, now);
        CHECK(got[1] < got[0]);
        // What all of them have to do together decides, not the shortest queue.
        tokens.assign(n, 4500);
        tokens[1] = 450;
        const auto overloaded = delays(*it, pool, r.request, now);
        CHECK(overloaded[0] < overloaded[1]);
    }

    TEST_CASE("a prompt too long for anybody's patience takes the shortest queue all the same") {
        test_pool pool(3);
        pool.signals.inflight_tokens = {3000, 0, 6000};
        const auto got = delays(*scorer_alone("{patienceMs: 200, requestMs: 0}"), pool,
                                long_request({0, 0, 0}).request);
        CHECK(got[1] < got[0]);
        CHECK(got[1] < got[2]);
    }

    TEST_CASE("in a busy pool long prompts are the first that are not in time") {
        test_pool pool(2);
        const auto it = scorer_alone("{patienceMs: 5000, longWeight: 2, requestMs: 0}");
        const auto now = time_point(std::chrono::hours(1));
        const auto show_both = [&] {
            pool.signals.inflight_tokens = {0, 0};
            for (const std::uint32_t e : {0U, 1U}) {
                pool.ready = {e};
                show(*it, pool, long_request({0, 0}).request, 4000 * per_token, now);
            }
            pool.ready = {0, 1};
            pool.signals.inflight_tokens = {37500, 900000};  // 2.5 and 60 seconds
        };
        show_both();
        const auto of_long = delays(*it, pool, long_request({0, 0}).request, now);
        CHECK(of_long[1] < of_long[0]);
        const auto of_short = delays(*it, pool, long_request({245, 245}).request, now);
        CHECK(of_short[0] < of_short[1]);
        // Once all are as long it is not long at all.
        for (int i = 0; i < 200; ++i) show_both();
        const auto of_usual = delays(*it, pool, long_request({0, 0}).request, now);
        CHECK(of_usual[0] < of_usual[1]);
    }

    TEST_CASE("late prompts gather where most are late, wherever their prefix is") {
        test_pool pool(3);
        const auto it = scorer_alone("{requestMs: 0}");
        const auto now = time_point(std::chrono::hours(1));
        for (const std::uint32_t e : {0U, 1U, 2U}) {
            pool.ready = {e};
            show(*it, pool, long_request({0, 0, 0}).request, 4000 * per_token, now);
        }
        pool.ready = {0, 1, 2};
        pool.signals.inflight_tokens = {66000, 900000, 450000};  // 4.4, 60 and 30 seconds
        const auto got = delays(*it, pool, long_request({0, 0, 250}).request, now);
        CHECK(got[1] < got[2]);
        CHECK(got[2] < got[0]);
    }

    TEST_CASE("first tokens that come late for another reason count, and are forgotten") {
        test_pool pool(2);
        const long_request r({250, 250});
        const auto it = scorer_alone("{}");
        auto now = time_point(std::chrono::hours(1));
        pool.signals.inflight_tokens = {150, 150};
        pool.signals.kv_usage = {1, 0};
        for (int i = 0; i < 20; ++i) {
            for (std::uint32_t e = 0; e < 2; ++e) {
                pool.ready = {e};
                show(*it, pool, r.request, e == 0 ? 3 : 0.1, now += std::chrono::milliseconds(50));
            }
        }
        pool.ready = {0, 1};
        pool.signals.kv_usage = {0, 0};
        const auto got = delays(*it, pool, r.request, now);
        CHECK(got[0] > got[1] + 2);
        const auto later = delays(*it, pool, r.request, now + std::chrono::seconds(30));
        CHECK(later[0] == doctest::Approx(later[1]));
    }

    TEST_CASE("what is computed by now of a long prompt is nobody's delay") {
        test_pool pool(2);
        const long_request r({0, 0});
        const auto it = scorer_alone("{requestMs: 0}");
        const auto sent = time_point(std::chrono::hours(1));
        workspace ws;
        decision d;
        pool.ready = {0};
        REQUIRE(it->decide({r.request, pool.endpoints, pool.signals, pool.ready, sent, 1}, ws, d));
        pool.ready = {0, 1};
        pool.signals.inflight_tokens = {4000, 0};
        const auto queue_after = [&](double seconds) {
            const auto now =
                sent + std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
            const auto got = delays(*it, pool, r.request, now);
            return got[0] - got[1];
        };
        CHECK(queue_after(0) == doctest::Approx(4000 * per_token));
        CHECK(queue_after(1000 * per_token) == doctest::Approx(3000 * per_token));
        CHECK(queue_after(5000 * per_token) == doctest::Approx(0));
        // Long overdue: it is stuck, or has not begun.
        CHECK(queue_after(20000 * per_token) == doctest::Approx(4000 * per_token));
        // It ends without an answer, and the ledger forgets it.
        response_facts facts{.request_id = "r",
                             .target_model = "m",
                             .chosen = d,
                             .endpoints = pool.endpoints,
                             .now = sent};
        it->complete(facts);
        pool.signals.inflight_tokens = {0, 0};
        CHECK(queue_after(1) == doctest::Approx(0));
    }

    TEST_CASE("while an endpoint is idle nobody is kept apart") {
        test_pool pool(3);
        pool.signals.inflight_tokens = {0, 3000, 0};
        pool.signals.inflight_requests = {0, 2, 40};
        const auto got =
            delays(*scorer_alone("{requestMs: 0}"), pool, long_request({0, 0, 0}).request);
        CHECK(got[0] == doctest::Approx(got[2]));
        CHECK(got[1] == doctest::Approx(got[0] + 3000 * per_token));
    }

    TEST_CASE("requests under way count even when they are past their prefill") {
        test_pool pool(2);
        pool.signals.inflight_requests = {3, 0};
        const long_request r({250, 250});
        CHECK(near(delays(*scorer_alone("{requestMs: 10}"), pool, r.request), {0.03, 0}));
    }

    TEST_CASE("a cache that is nearly full costs, unless nobody's page is fresh") {
        test_pool pool(3);
        pool.signals.kv_usage = {0.95, 0.5, 0.5};
        pool.signals.age_seconds = {0.05, 60, 60};
        const long_request r({250, 250, 250});
        const auto it = scorer_alone("{requestMs: 0, kvThreshold: 0.9, kvPenaltyMs: 2000}");
        const auto got = delays(*it, pool, r.request);
        CHECK(got[0] == doctest::Approx(0.1));
        CHECK(got[1] == doctest::Approx(0));
        CHECK(got[2] == doctest::Approx(0));
        pool.signals.age_seconds[0] = 60;
        CHECK(near(delays(*it, pool, r.request), {0, 0, 0}));
    }

    TEST_CASE("a page that never came makes nobody the best: its numbers are taken as they are") {
        test_pool pool(2);
        pool.signals.waiting = {3, 4};
        pool.signals.running = {4, 5};
        pool.signals.kv_usage = {0.4, 1};  // the worst of the others, and a full cache
        pool.signals.age_seconds = {0.05, std::numeric_limits<double>::infinity()};
        const long_request r({250, 250});
        const auto got = delays(*scorer_alone("{requestMs: 0}"), pool, r.request);
        CHECK(got[0] < got[1]);
    }

    TEST_CASE("a queue that this gateway did not fill counts") {
        test_pool pool(3);
        pool.signals.waiting = {20, 20, 20};
        pool.signals.running = {10, 10, 10};
        pool.signals.inflight_requests = {0, 30, 0};
        pool.signals.waiting[2] = 0;
        const long_request r({250, 250, 250});
        const auto it = scorer_alone("{requestMs: 0}");
        const auto got = delays(*it, pool, r.request);
        CHECK(got[0] == doctest::Approx(20 * 1000 * per_token));
        CHECK(got[1] == doctest::Approx(0));
        CHECK(got[2] == doctest::Approx(0));
        pool.signals.age_seconds = {60, 60, 60};
        CHECK(near(delays(*it, pool, r.request), {0, 0, 0}));
    }

    TEST_CASE("an endpoint that takes three times as long is learned, and forgotten") {
        test_pool pool(4);
        const long_request r({0, 0, 0, 0});
        const auto it = scorer_alone("{uncachedWeight: 1, busyWeight: 0, requestMs: 0}");
        auto now = time_point(std::chrono::hours(1));
        for (int round = 0; round < 60; ++round) {
            for (std::uint32_t e = 0; e < 4; ++e) {
                pool.ready = {e};
                show(*it, pool, r.request, e == 2 ? 1.2 : 0.4,
                     now += std::chrono::milliseconds(100));
            }
        }
        pool.ready = {0, 1, 2, 3};
        const auto fresh = delays(*it, pool, r.request, now);
        CHECK(fresh[0] == doctest::Approx(fresh[1]).epsilon(0.05));
        CHECK(fresh[2] > 1.3 * fresh[0]);
        const auto later = delays(*it, pool, r.request, now + std::chrono::minutes(30));
        CHECK(later[2] < 1.1 * later[0]);
    }

    TEST_CASE("equal endpoints whose times vary stay equal") {
        test_pool pool(2);
        const long_request r({0, 0});
        const auto it = scorer_alone("{}");
        auto now = time_point(std::chrono::hours(1));
        for (int round = 0; round < 100; ++round) {
            for (std::uint32_t e = 0; e < 2; ++e) {
                pool.ready = {e};
                show(*it, pool, r.request, (e == 0) == (round % 2 == 0) ? 0.3 : 0.36,
                     now += std::chrono::milliseconds(100));
            }
        }
        pool.ready = {0, 1};
        const auto got = delays(*it, pool, r.request, now);
        CHECK(got[0] == doctest::Approx(got[1]));
    }

    TEST_CASE("learned speeds survive a reload") {
        test_pool pool(2);
        const long_request r({0, 0});
        const auto before = scorer_alone("{}");
        auto now = time_point(std::chrono::hours(1));
        for (int round = 0; round < 60; ++round) {
            for (std::uint32_t e = 0; e < 2; ++e) {
                pool.ready = {e};
                show(*before, pool, r.request, e == 1 ? 2 : 0.3, now);
            }
        }
        pool.ready = {0, 1};
        const auto again =
            load_text(document_of("plugins:\n- {name: prefix, type: test-prefix-producer}\n"
                                  "- type: inflight-load-producer\n"
                                  "  parameters: {prefixMatchInfoProducerName: prefix}\n"
                                  "- type: prefill-delay-scorer\n"
                                  "schedulingProfiles:\n- name: p\n"
                                  "  plugins: [{pluginRef: prefill-delay-scorer}]\n"),
                      before.get());
        REQUIRE(again.made != nullptr);
        CHECK(
            near(delays(*again.made, pool, r.request, now), delays(*before, pool, r.request, now)));
    }

    TEST_CASE("weir's own default loads and prefers the endpoint that holds the prompt") {
        config::findings found;
        const auto picker = pipeline::make({}, preset::weir, found);
        REQUIRE(picker != nullptr);
        test_pool pool(4);
        const long_request r({});
        workspace ws;
        decision d;
        std::vector<std::uint32_t> picks;
        for (std::uint64_t seed = 1; seed <= 8; ++seed) {
            REQUIRE(picker->decide({r.request, pool.endpoints, pool.signals, pool.ready,
                                    time_point(std::chrono::hours(1)), seed},
                                   ws, d));
            picks.push_back(d.primary_targets()[0]);
        }
        CHECK(picks == std::vector<std::uint32_t>(8, picks[0]));
    }
}
