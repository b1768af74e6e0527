// Nanoseconds of writing a decision down, among few candidates and among many, and of counting a
// request. Plain loops: the best of many short batches, because a shared machine disturbs long
// ones.
#include <cstdio>
#include <numeric>
#include <vector>

#include "best_of.hpp"
#include "proxy/decision_ring.hpp"
#include "proxy/telemetry.hpp"
#include "weir/endpoint.hpp"

namespace {

using namespace weir;
using namespace weir::proxy;

constexpr std::size_t ring_bytes = std::size_t{16} << 20;

template <class F>
void measure(const char* name, F f) {
    std::printf("%-44s %12.1f ns\n", name, bench::best_of(100, f));
}

decision_facts facts_of(const endpoint& picked) {
    decision_facts facts;
    facts.request_id = "0123456789abcdef0123456789abcdef";
    facts.pool = "default/pool";
    facts.model = facts.target_model = "llama";
    facts.path = "/v1/chat/completions";
    facts.picked = &picked;
    return facts;
}

void narrow(std::size_t candidates) {
    decision_ring ring(ring_bytes);
    const endpoint picked{"default", "pod-0", "127.0.0.1", 8000, 0, {}, 0};
    auto facts = facts_of(picked);
    facts.candidates = candidates;
    measure("decision, 4 candidates", [&] {
        std::span<recorded_candidate> room;
        ring.add(facts, room);
        for (auto& c : room) c = {};
    });
}

void wide(const char* name, std::size_t endpoints) {
    decision_ring ring(ring_bytes);
    const endpoint picked{"default", "pod-0", "127.0.0.1", 8000, 0, {}, 0};
    const auto facts = facts_of(picked);
    signal_columns signals;
    signals.reset(endpoints);
    std::vector<std::uint32_t> all(endpoints);
    std::iota(all.begin(), all.end(), 0U);
    const std::vector<double> totals(endpoints, 0.5);
    double now = 1000;
    std::size_t next = 0;
    measure(name, [&] {
        now += 1e-4;
        signals.inflight_requests[next++ % endpoints] += 1;
        ring.add_wide(facts, {signals, all, all, totals, nullptr, now});
    });
}

/// What the metrics of one request take: its series found again, its pick, times and sizes.
void counting() {
    label_caps caps;
    telemetry numbers(caps);
    const endpoint picked{"default", "pod-0", "127.0.0.1", 8000, 0, {}, 0};
    double seconds = 0.001;
    measure("metrics of a request", [&] {
        seconds = seconds > 1 ? 0.001 : seconds * 1.01;
        auto& s = numbers.series("llama", "llama", "default-flow", 0);
        s.total.add();
        s.running.add();
        numbers.count_pick(s, "llama", {1, 1, 0, picked});
        for (auto* h : {&s.duration, &s.ttft_plain, &s.ntpot, &numbers.decision_seconds,
                        &numbers.processing_seconds, &numbers.response_seconds})
            h->observe(seconds);
        for (auto* h : {&s.request_size, &s.response_size, &s.input_tokens, &s.output_tokens})
            h->observe(seconds * 1000);
        numbers.count_answer(200, {});
        s.running.add(-1);
    });
}

}  // namespace

int main() {
    counting();
    narrow(4);
    wide("decision, 100 candidates", 100);
    wide("decision, 1,000 candidates", 1000);
}
