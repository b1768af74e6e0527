// The load of the bench: requests of one shape over many connections, closed or open loop, plain or
// streamed. Prints `begin` when the measured part begins and one JSON line when it has ended.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "generator.hpp"
#include "net.hpp"

namespace {

/// `"NAME_p50_ms":…,"NAME_p99_ms":…,"NAME_max_ms":…,` of a set of times; nothing of an empty one.
std::string quantiles(const std::string& name, std::vector<std::int64_t>& times) {
    if (times.empty()) return {};
    std::sort(times.begin(), times.end());
    const auto at = [&](double q) {
        const auto index = static_cast<std::size_t>(q * static_cast<double>(times.size() - 1));
        return static_cast<double>(times[index]) / 1e6;
    };
    char text[256];
    std::snprintf(text, sizeof text, R"("%s_p50_ms":%.4f,"%s_p99_ms":%.4f,"%s_max_ms":%.4f,)",
                  name.c_str(), at(0.5), name.c_str(), at(0.99), name.c_str(), at(1.0));
    return text;
}

void print(bench::load_result result) {
    std::string out = "{";
    out += quantiles("latency", result.latencies);
    out += quantiles("ttft", result.first_events);
    out += quantiles("event", result.event_delays);
    out += "\"errors\":{";
    for (const auto& [what, count] : result.errors) {
        if (out.back() != '{') out += ',';
        out += "\"" + what + "\":" + std::to_string(count);
    }
    out += "},\"requests\":" + std::to_string(result.requests) +
           ",\"events\":" + std::to_string(result.events) +
           ",\"open_streams\":" + std::to_string(result.open_streams) +
           ",\"open_connections\":" + std::to_string(result.open_connections) +
           ",\"reconnects\":" + std::to_string(result.reconnects) +
           ",\"backlog\":" + std::to_string(result.backlog) +
           ",\"seconds\":" + std::to_string(static_cast<double>(result.elapsed) / 1e9) + "}";
    std::puts(out.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    const bench::options options(
        {argv, static_cast<std::size_t>(argc)},
        {{"target", "", "ADDR:PORT, repeatable: connections take them in turn"},
         {"path", "/v1/chat/completions", "what to POST to"},
         {"connections", "32", "how many"},
         {"rate", "0", "requests a second at random times; 0: each connection asks again at once"},
         {"seconds", "5", "length of the measured part"},
         {"warmup", "1", "seconds before it"},
         {"requests", "0", "the measured part ends after so many; 0: by time alone"},
         {"body", "1024", "bytes of a request's body"},
         {"prompts", "shared", "shared or distinct"},
         {"chunks", "0", "events of an answer; 0: one JSON body; -1: no answer"},
         {"interval-us", "0", "between events; 0: as fast as possible"},
         {"hold", "0", "1: one request a connection, which then stays open"},
         {"stall", "0", "1: an answer is read no further than its first bytes"},
         {"seed", "1", "of the arrival times and the prompts"}});
    bench::raise_file_limit();
    bench::sharpen_timers();
    bench::load_settings settings;
    for (const auto& text : options.all("target"))
        settings.targets.push_back(bench::parse_address(text));
    if (settings.targets.empty()) {
        std::fputs("--target is needed\n", stderr);
        return 2;
    }
    settings.path = options.text("path");
    settings.connections = static_cast<std::size_t>(options.number("connections"));
    settings.rate = options.real("rate");
    settings.seconds_ns = static_cast<std::int64_t>(options.real("seconds") * 1e9);
    settings.warmup_ns = static_cast<std::int64_t>(options.real("warmup") * 1e9);
    settings.requests = options.number("requests");
    settings.body_bytes = static_cast<std::size_t>(options.number("body"));
    settings.distinct = options.text("prompts") == "distinct";
    settings.chunks = options.number("chunks");
    settings.interval_us = options.number("interval-us");
    settings.hold = options.number("hold") != 0;
    settings.stall = options.number("stall") != 0;
    settings.seed = static_cast<std::uint64_t>(options.number("seed"));

    const auto say = [](const char* word) {
        std::puts(word);
        std::fflush(stdout);
    };
    auto result = bench::generator(settings).run([&] { say("begin"); });
    say("end");
    print(std::move(result));
}
