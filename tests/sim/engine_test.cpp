#include "sim/engine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using namespace weir::sim;
using kind = engine_event::kind;

namespace {

const weir::time_point t0{};

engine_options plain() {
    engine_options o;
    o.max_num_seqs = 4;
    o.max_num_batched_tokens = 100;
    o.block_size = 4;
    o.num_blocks = 100;
    o.step_base = 10ms;
    o.prefill_token = 1ms;
    o.decode_seq = 1ms;
    return o;
}

// An engine with its clock and everything it ever said.
struct bench {
    explicit bench(const engine_options& o) : core(o) {}

    submit_outcome submit(sequence s) {
        core.advance(now, events);
        last_outcome = core.submit(std::move(s), now, last, events);
        return last_outcome;
    }
    void run_to(weir::time_point t) {
        core.advance(t, events);
        now = t;
    }
    void run_out() {
        while (core.next()) run_to(*core.next());
    }
    std::vector<engine_event> of(std::uint64_t tag, kind what) const {
        std::vector<engine_event> out;
        for (const auto& e : events) {
            if (e.tag == tag && e.what == what) out.push_back(e);
        }
        return out;
    }
    weir::duration at(std::uint64_t tag, kind what, std::size_t i = 0) const {
        const auto found = of(tag, what);
        REQUIRE(found.size() > i);
        return found[i].at - t0;
    }

    engine core;
    weir::time_point now = t0;
    std::vector<engine_event> events;
    engine::handle last = 0;
    submit_outcome last_outcome{};
};

sequence seq(std::uint64_t tag, std::size_t prompt, std::size_t output,
             std::vector<std::uint64_t> hashes = {}) {
    sequence s;
    s.tag = tag;
    s.prompt_tokens = prompt;
    s.output_tokens = output;
    s.block_hashes = std::move(hashes);
    return s;
}

}  // namespace

TEST_SUITE("sim/engine") {
    TEST_CASE("the first token comes when the prompt is computed, the others a step each") {
        bench b(plain());
        b.submit(seq(1, 8, 3));
        CHECK(b.core.next() == t0 + 18ms);
        b.run_out();
        CHECK(b.at(1, kind::admitted) == 0ms);
        CHECK(b.at(1, kind::token, 0) == 18ms);
        CHECK(b.at(1, kind::token, 1) == 29ms);
        CHECK(b.at(1, kind::token, 2) == 40ms);
        CHECK(b.at(1, kind::finished) == 40ms);
        CHECK_FALSE(b.core.next());
        CHECK(b.core.cache().usage() == 0);
    }

    TEST_CASE("sequences that arrive during a step join the next one and decode together") {
        bench b(plain());
        b.submit(seq(1, 10, 4));
        b.run_to(t0 + 5ms);
        b.submit(seq(2, 10, 2));
        CHECK(b.core.waiting() == 1);
        b.run_to(t0 + 20ms);
        CHECK(b.core.waiting() == 0);
        CHECK(b.core.running() == 2);
        b.run_out();
        CHECK(b.at(2, kind::admitted) == 20ms);
        // One decode of the first, ten prompt tokens of the second.
        CHECK(b.at(1, kind::token, 1) == 41ms);
        CHECK(b.at(2, kind::token, 0) == 41ms);
        CHECK(b.at(1, kind::token, 2) == 53ms);
        CHECK(b.at(2, kind::finished) == 53ms);
    }

    TEST_CASE("a long prompt is computed in chunks that share the step with decodes") {
        auto o = plain();
        o.max_num_batched_tokens = 20;
        bench b(o);
        b.submit(seq(1, 4, 10));
        b.run_to(t0 + 14ms);
        b.submit(seq(2, 50, 1));
        b.run_out();
        // Admitted behind the first decode (25 ms): 19 + 19 + 12 tokens beside one decode each.
        CHECK(b.at(2, kind::admitted) == 25ms);
        CHECK(b.at(2, kind::token) == 25ms + 30ms + 30ms + 23ms);
        CHECK(b.of(1, kind::token).size() == 10);
        CHECK(b.core.counters().prompt_tokens == 54);
    }

    TEST_CASE("more sequences than the batch takes wait in order of arrival") {
        auto o = plain();
        o.max_num_seqs = 1;
        bench b(o);
        for (std::uint64_t tag = 1; tag <= 3; ++tag) b.submit(seq(tag, 1, 1));
        CHECK(b.core.running() == 1);
        CHECK(b.core.waiting() == 2);
        b.run_out();
        CHECK(b.at(1, kind::finished) < b.at(2, kind::finished));
        CHECK(b.at(2, kind::finished) < b.at(3, kind::finished));
    }

    TEST_CASE("with the priority policy the lower number goes first") {
        auto o = plain();
        o.max_num_seqs = 1;
        o.policy = queue_policy::priority;
        bench b(o);
        b.submit(seq(1, 1, 1));
        auto late = seq(2, 1, 1);
        late.priority = 5;
        auto urgent = seq(3, 1, 1);
        urgent.priority = -5;
        b.submit(std::move(late));
        b.submit(std::move(urgent));
        b.run_out();
        CHECK(b.at(3, kind::admitted) < b.at(2, kind::admitted));
    }

    TEST_CASE("a full queue refuses, and what can never fit is refused at once") {
        auto o = plain();
        o.max_num_seqs = 1;
        o.max_queued = 1;
        bench b(o);
        CHECK(b.submit(seq(1, 1, 1)) == submit_outcome::accepted);
        CHECK(b.submit(seq(2, 1, 1)) == submit_outcome::accepted);
        CHECK(b.submit(seq(3, 1, 1)) == submit_outcome::queue_full);
        CHECK(b.submit(seq(4, 390, 12)) == submit_outcome::too_long);
        CHECK(b.core.counters().refused == 2);
        b.run_out();
        CHECK(b.of(3, kind::admitted).empty());
        CHECK(b.submit(seq(5, 390, 11)) == submit_outcome::accepted);
    }

    TEST_CASE("who finds a free seat at the next step does not count as queued") {
        auto o = plain();
        o.max_num_seqs = 3;
        o.max_queued = 2;
        bench b(o);
        for (std::uint64_t i = 1; i <= 5; ++i) {
            CHECK(b.submit(seq(i, 10, 5)) == submit_outcome::accepted);
        }
        CHECK(b.submit(seq(6, 10, 5)) == submit_outcome::queue_full);
    }

    TEST_CASE("a prefix seen before is not computed again, its last token always is") {
        bench b(plain());
        b.submit(seq(1, 16, 1, {1, 2, 3, 4}));
        b.run_out();
        b.submit(seq(2, 16, 1, {1, 2, 3, 4}));
        b.submit(seq(3, 18, 1, {1, 2, 3, 4}));
        b.run_out();
        CHECK(b.of(2, kind::admitted)[0].value == 12);
        CHECK(b.of(3, kind::admitted)[0].value == 16);
        CHECK(b.core.counters().cached_tokens == 28);
        CHECK(b.at(2, kind::token) - b.at(2, kind::admitted) == 14ms);
    }

    TEST_CASE("generated tokens are reused by the next turn") {
        bench b(plain());
        b.submit(seq(1, 6, 11, {1, 2, 3, 4}));
        b.run_out();
        b.submit(seq(2, 24, 1, {1, 2, 3, 4, 5, 6}));
        b.run_out();
        CHECK(b.of(2, kind::admitted)[0].value == 16);
    }

    TEST_CASE("without prefix caching nothing is reused") {
        auto o = plain();
        o.prefix_caching = false;
        bench b(o);
        b.submit(seq(1, 16, 1, {1, 2, 3, 4}));
        b.run_out();
        b.submit(seq(2, 16, 1, {1, 2, 3, 4}));
        b.run_out();
        CHECK(b.of(2, kind::admitted)[0].value == 0);
    }

    TEST_CASE(
        "when blocks run out the newest sequence is preempted, computed again, and finishes") {
        auto o = plain();
        o.num_blocks = 6;
        bench b(o);
        b.submit(seq(1, 8, 12));
        b.submit(seq(2, 8, 12));
        b.run_out();
        CHECK(b.of(1, kind::preempted).empty());
        CHECK(b.of(2, kind::preempted).size() >= 1);
        CHECK(b.of(2, kind::admitted).size() == 1);
        CHECK(b.of(1, kind::token).size() == 12);
        CHECK(b.of(2, kind::token).size() == 12);
        CHECK(b.at(1, kind::finished) < b.at(2, kind::finished));
        CHECK(b.core.counters().preemptions >= 1);
        CHECK(b.core.counters().recomputed_tokens > 0);
        CHECK(b.core.cache().usage() == 0);
    }

    TEST_CASE("under priority the least important sequence is preempted, wherever it runs") {
        auto o = plain();
        o.num_blocks = 6;
        o.policy = queue_policy::priority;
        bench b(o);
        auto low = seq(1, 8, 12);
        low.priority = 9;
        auto high = seq(2, 8, 12);
        high.priority = 1;
        b.submit(std::move(low));
        b.submit(std::move(high));
        b.run_out();
        CHECK(b.of(2, kind::preempted).empty());
        CHECK(b.of(1, kind::preempted).size() >= 1);
        CHECK(b.of(1, kind::token).size() == 12);
    }

    TEST_CASE("an abort frees blocks and slot at once, in the queue and in the batch") {
        auto o = plain();
        o.max_num_seqs = 1;
        bench b(o);
        b.submit(seq(1, 8, 100));
        const auto first = b.last;
        b.submit(seq(2, 8, 1));
        const auto second = b.last;
        b.submit(seq(3, 8, 1));
        b.run_to(t0 + 50ms);
        CHECK(b.core.abort(second, b.now, b.events));
        CHECK(b.core.waiting() == 1);
        CHECK(b.core.abort(first, b.now, b.events));
        CHECK(b.core.running() == 0);
        CHECK(b.core.cache().usage() == 0);
        CHECK_FALSE(b.core.abort(first, b.now, b.events));
        b.run_out();
        CHECK(b.of(1, kind::finished).empty());
        CHECK(b.of(2, kind::admitted).empty());
        CHECK(b.of(3, kind::finished).size() == 1);
    }

    TEST_CASE("an adapter is loaded before its request runs, and waits for a slot") {
        auto o = plain();
        o.max_loras = 1;
        o.lora_load = 100ms;
        bench b(o);
        auto first = seq(1, 1, 2);
        first.lora = 1;
        auto second = seq(2, 1, 1);
        second.lora = 2;
        b.submit(std::move(first));
        CHECK(b.core.next() == t0 + 100ms);
        CHECK(b.core.deferred() == 1);
        b.submit(std::move(second));
        b.submit(seq(3, 1, 1));
        b.run_out();
        CHECK(b.at(1, kind::admitted) >= 100ms);
        // The base model does not wait behind adapters.
        CHECK(b.at(3, kind::admitted) == 0ms);
        CHECK(b.at(2, kind::admitted) >= b.at(1, kind::finished) + 100ms);
        CHECK(b.of(2, kind::finished).size() == 1);
    }

    TEST_CASE("the same calls with the same seed give the same events, another seed other times") {
        const auto run = [](std::uint64_t seed) {
            auto o = plain();
            o.jitter = 0.2;
            o.seed = seed;
            o.num_blocks = 20;
            bench b(o);
            weir::random_source random(5);
            for (std::uint64_t tag = 1; tag < 60; ++tag) {
                b.run_to(b.now + std::chrono::milliseconds(random.below(40)));
                b.submit(
                    seq(tag, 1 + random.below(40), 1 + random.below(20), {tag % 3, tag % 5 + 10}));
            }
            b.run_out();
            return b.events;
        };
        const auto a = run(1);
        const auto again = run(1);
        const auto other = run(2);
        const auto same = [](const engine_event& x, const engine_event& y) {
            return x.tag == y.tag && x.at == y.at && x.value == y.value && x.what == y.what;
        };
        CHECK(std::equal(a.begin(), a.end(), again.begin(), again.end(), same));
        CHECK_FALSE(std::equal(a.begin(), a.end(), other.begin(), other.end(), same));
        CHECK(std::count_if(a.begin(), a.end(),
                            [](const auto& e) { return e.what == kind::finished; }) == 59);
    }

    TEST_CASE("a slowdown stretches the steps begun after it") {
        bench b(plain());
        b.submit(seq(1, 10, 3));
        b.core.set_slowdown(2);
        b.run_out();
        CHECK(b.at(1, kind::token, 0) == 20ms);
        CHECK(b.at(1, kind::token, 1) == 42ms);
    }

    TEST_CASE("steps without cost end at once") {
        auto o = plain();
        o.step_base = o.prefill_token = o.decode_seq = 0ms;
        bench b(o);
        b.submit(seq(1, 1000, 50));
        CHECK(b.last_outcome == submit_outcome::too_long);
        b.submit(seq(2, 100, 50));
        b.run_to(t0);
        CHECK(b.at(2, kind::finished) == 0ms);
        CHECK(b.core.counters().generated_tokens == 50);
    }
}
