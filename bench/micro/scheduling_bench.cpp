// Nanoseconds of one decision: produce, admit, schedule and pre_request, with a 1 KB prompt; and of
// the whole way of a 220 KB body from its bytes to the pick (promise: below 60 us). Usage:
// scheduling_bench [decisions per case]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "config/parse.hpp"
#include "payload/request.hpp"
#include "scheduling/scheduler.hpp"

using namespace weir;
using namespace weir::scheduling;

namespace {

constexpr const char* every_scorer = R"(apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: queue-scorer
- type: kv-cache-utilization-scorer
- type: running-requests-size-scorer
- type: prefix-cache-scorer
- type: lora-affinity-scorer
- type: load-aware-scorer
- type: token-load-scorer
- type: active-request-scorer
- type: context-length-aware
- type: no-hit-lru-scorer
- type: latency-scorer
- type: session-affinity-scorer
)";

struct pool {
    std::vector<endpoint> endpoints;
    signal_columns signals;
    std::vector<std::uint32_t> ready;

    explicit pool(std::size_t n) {
        signals.reset(n);
        for (std::uint32_t i = 0; i < n; ++i) {
            endpoint e;
            e.name_space = "default";
            e.name = "endpoint-" + std::to_string(i);
            e.address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
            e.port = 8000;
            e.serial = i + 1;
            endpoints.push_back(std::move(e));
            signals.age_seconds[i] = 0.01;
            signals.waiting[i] = i % 5;
            signals.running[i] = i % 11;
            signals.kv_usage[i] = (i % 100) / 100.0;
            ready.push_back(i);
        }
    }
};

std::shared_ptr<const pipeline> load(const char* yaml) {
    config::findings found;
    config::picker_document document;
    if (yaml != nullptr) {
        auto source = std::make_shared<config::source_file>();
        source->path = "bench.yaml";
        source->text = yaml;
        document.root = config::parse_single(source, found);
    }
    auto made = pipeline::make(document, preset::weir, found);
    if (made == nullptr) std::fputs(config::render_text(found, false).c_str(), stderr);
    return made;
}

void print(const char* what, std::size_t n, std::vector<double> ns) {
    std::sort(ns.begin(), ns.end());
    std::printf("%-10s %6zu %10.0f %10.0f\n", what, n, ns[ns.size() / 2], ns[ns.size() * 99 / 100]);
}

void measure(const char* what, const pipeline& picker, std::size_t n, std::size_t rounds) {
    using clock = std::chrono::steady_clock;
    const pool p(n);
    workspace ws;
    decision out;
    std::string text(1024, 'x');
    std::vector<double> ns;
    ns.reserve(rounds);
    for (std::size_t i = 0; i < rounds; ++i) {
        // A few hundred different prompts, as a pool sees them.
        text.replace(0, 4, std::to_string(1000 + i % 500));
        const std::array prompts{prompt{text}};
        inference_request request;
        request.request_id = "request";
        request.target_model = "model";
        request.prompts = prompts;
        const auto start = clock::now();
        picker.decide({request, p.endpoints, p.signals, p.ready, start, i}, ws, out);
        const auto spent = std::chrono::duration<double, std::nano>(clock::now() - start).count();
        if (i >= rounds / 10) ns.push_back(spent);
    }
    print(what, n, std::move(ns));
}

/// Scanned, hashed, looked up, decided; every prompt is new from its first block on.
void measure_body(const pipeline& picker, std::size_t n, std::size_t rounds) {
    using clock = std::chrono::steady_clock;
    const pool p(n);
    workspace ws;
    decision out;
    payload::request_scanner scanner;
    payload::request_facts facts;
    std::string body = R"({"model":"model","messages":[{"role":"user","content":"00000000)";
    const auto at = body.size() - 8;
    while (body.size() < 220'000) body += "the quick brown fox jumps over the lazy dog ";
    body += R"("}],"stream":true})";
    const auto size = body.size();
    body.append(64, ' ');
    std::vector<double> ns;
    ns.reserve(rounds);
    for (std::size_t i = 0; i < rounds; ++i) {
        body.replace(at, 8, std::to_string(10'000'000 + i));
        const auto start = clock::now();
        if (scanner.scan(api_kind::chat_completions, {body.data(), size}, facts)) std::abort();
        inference_request request;
        request.request_id = "request";
        request.target_model = facts.model;
        request.prompts = facts.prompts;
        picker.decide({request, p.endpoints, p.signals, p.ready, start, i}, ws, out);
        ns.push_back(std::chrono::duration<double, std::nano>(clock::now() - start).count());
    }
    ns.erase(ns.begin(), ns.begin() + static_cast<std::ptrdiff_t>(rounds / 10));
    print("220 KB", n, std::move(ns));
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20000;
    const auto standard = load(nullptr);
    const auto all = load(every_scorer);
    if (standard == nullptr || all == nullptr || rounds < 10) return 1;
    std::printf("%-10s %6s %10s %10s\n", "profile", "n", "p50 ns", "p99 ns");
    for (const std::size_t n : {4U, 16U, 100U, 1000U}) measure("default", *standard, n, rounds);
    for (const std::size_t n : {4U, 16U, 100U, 1000U}) measure("every", *all, n, rounds / 4 + 10);
    for (const std::size_t n : {4U, 100U}) measure_body(*standard, n, rounds / 4 + 10);
    return 0;
}
