// What a scrape and a look at the pool cost: microseconds of one thread, best of several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "datalayer/page_reader.hpp"
#include "datalayer/pool.hpp"

namespace {

using namespace weir::datalayer;

/// A page of vLLM's shape: about 590 lines, 50 KB, most of them histogram buckets.
std::string vllm_page() {
    const std::string labels = "engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B-Instruct\"";
    std::string out;
    const auto series = [&](const std::string& name, const std::string& extra,
                            const std::string& value) {
        out += name + "{" + labels + extra + "} " + value + "\n";
    };
    const auto head = [&](const std::string& name, const char* type) {
        out += "# HELP " + name + " What this family tells.\n# TYPE " + name + " " + type + "\n";
    };
    for (const auto* g : {"num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"}) {
        head("vllm:" + std::string(g), "gauge");
        series("vllm:" + std::string(g), "", "0.37");
    }
    head("vllm:cache_config_info", "gauge");
    out += "vllm:cache_config_info{block_size=\"16\",engine=\"0\",num_gpu_blocks=\"27896\"} 1.0\n";
    for (int h = 0; out.size() < 50000; ++h) {
        const auto name = "vllm:request_phase_" + std::to_string(h) + "_seconds";
        head(name, "histogram");
        for (int b = 0; b < 22; ++b) {
            series(name + "_bucket", ",le=\"" + std::to_string(b) + ".0\"",
                   std::to_string(b * 1001) + ".0");
        }
        series(name + "_count", "", "123456.0");
        series(name + "_sum", "", "98765.4321");
    }
    return out;
}

template <class F>
double best_microseconds(int rounds, int repeats, F&& body) {
    double best = 1e300;
    for (int r = 0; r < rounds; ++r) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < repeats; ++i) body();
        const std::chrono::duration<double, std::micro> spent =
            std::chrono::steady_clock::now() - start;
        best = std::min(best, spent.count() / repeats);
    }
    return best;
}

void bench_parse() {
    const auto page = vllm_page();
    const extraction_plan plan(built_in_engines());
    page_reader reader;
    exposition_parser parser;
    double sink = 0;
    const auto us = best_microseconds(20, 200, [&] {
        reader.start(plan);
        parser.start(plan.families(), reader);
        for (std::size_t at = 0; at < page.size(); at += 16384) {
            parser.feed(std::string_view(page).substr(at, 16384));
        }
        parser.finish(true, false);
        sink += reader.finish().waiting;
    });
    std::printf("parse a page of %zu bytes, %zu lines: %.2f us (%.1f GB/s)%s\n", page.size(),
                static_cast<std::size_t>(std::count(page.begin(), page.end(), '\n')), us,
                static_cast<double>(page.size()) / us * 1e-3, sink < 0 ? "!" : "");
}

void bench_read(std::size_t endpoints) {
    pool_view view;
    for (std::size_t i = 0; i < endpoints; ++i) {
        view.endpoints.emplace_back();
        view.states.push_back(std::make_shared<endpoint_state>(i));
        view.addresses.emplace_back();
    }
    weir::signal_columns columns;
    std::vector<std::uint32_t> candidates;
    const auto now = weir::steady_clock::now();
    weir::datalayer::read_memory known;
    const auto us = best_microseconds(20, 500, [&] { view.read(now, columns, candidates, known); });
    std::printf("read the signals of %zu endpoints: %.3f us\n", endpoints, us);
}

}  // namespace

int main() {
    bench_parse();
    for (const std::size_t n : {4U, 100U, 1000U}) bench_read(n);
    return 0;
}
