#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "trace.hpp"

namespace weir::quality {
namespace {

constexpr std::size_t unit = 16;

// Draws of one workload.
class dice {
  public:
    explicit dice(std::uint64_t seed) : random_(seed) {}

    std::uint64_t id() { return random_(); }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.below(n)); }
    double exponential(double mean) { return -mean * std::log1p(-random_.unit()); }
    /// Tokens around `median` with a long tail, whole units.
    std::size_t tokens(double median, double spread) {
        const double normal = std::sqrt(-2 * std::log1p(-random_.unit())) *
                              std::cos(2 * 3.14159265358979 * random_.unit());
        const auto n = median * std::exp(spread * normal);
        return std::max<std::size_t>(static_cast<std::size_t>(n) / unit, 1) * unit;
    }
    /// Zipf-like: small numbers are much likelier.
    std::size_t skewed(std::size_t n) {
        const auto u = random_.unit();
        return std::min(static_cast<std::size_t>(std::pow(static_cast<double>(n), u)) - 1, n - 1);
    }

  private:
    random_source random_;
};

void append_ids(std::vector<std::uint64_t>& ids, std::size_t tokens, dice& d) {
    for (std::size_t i = 0; i < tokens / unit; ++i) ids.push_back(d.id());
}

// Conversations that grow: every turn quotes all turns before it, answers included.
void converse(trace& t, std::size_t requests, dice& d, std::size_t system_prompts, double first,
              double turn, double answer, double pause, std::size_t turns) {
    std::vector<std::vector<std::uint64_t>> systems(system_prompts);
    for (auto& s : systems) append_ids(s, d.tokens(1000, 0.5), d);
    double start = 0;
    while (t.requests.size() < requests) {
        start += d.exponential(0.5 * static_cast<double>(turns));
        auto at = start;
        auto history = systems[d.skewed(systems.size())];
        append_ids(history, d.tokens(first, 0.8), d);
        const auto length = 1 + d.below(turns * 2 - 1);
        for (std::size_t i = 0; i < length && t.requests.size() < requests; ++i) {
            trace_request r;
            r.at = at;
            r.prompt = history;
            r.prompt_tokens = history.size() * unit;
            r.output_tokens = d.tokens(answer, 0.6);
            append_ids(r.output, r.output_tokens, d);
            history.insert(history.end(), r.output.begin(), r.output.end());
            append_ids(history, d.tokens(turn, 0.8), d);
            at += static_cast<double>(r.output_tokens) * 0.02 + d.exponential(pause);
            t.requests.push_back(std::move(r));
        }
    }
}

// Single requests behind shared beginnings, tenants of very different sizes.
void shared_prefixes(trace& t, std::size_t requests, dice& d, std::size_t tenants) {
    std::vector<std::vector<std::uint64_t>> prefixes(tenants);
    for (auto& p : prefixes) append_ids(p, d.tokens(3000, 0.7), d);
    double at = 0;
    while (t.requests.size() < requests) {
        trace_request r;
        r.at = at += d.exponential(0.5);
        r.prompt = prefixes[d.skewed(tenants)];
        append_ids(r.prompt, d.tokens(400, 0.8), d);
        r.prompt_tokens = r.prompt.size() * unit;
        r.output_tokens = d.tokens(150, 0.7);
        t.requests.push_back(std::move(r));
    }
}

// Everybody at once, then silence.
void bursts(trace& t, std::size_t requests, dice& d) {
    std::vector<std::uint64_t> common;
    append_ids(common, 1024, d);
    double at = 0;
    while (t.requests.size() < requests) {
        at += d.exponential(20);
        const auto size = 10 + d.below(60);
        for (std::size_t i = 0; i < size && t.requests.size() < requests; ++i) {
            trace_request r;
            r.at = at + d.exponential(0.3);
            r.prompt = common;
            append_ids(r.prompt, d.tokens(1500, 0.9), d);
            r.prompt_tokens = r.prompt.size() * unit;
            r.output_tokens = d.tokens(200, 0.6);
            t.requests.push_back(std::move(r));
        }
    }
}

// A few questions to each of many long documents.
void documents(trace& t, std::size_t requests, dice& d) {
    double start = 0;
    while (t.requests.size() < requests) {
        start += d.exponential(4);
        std::vector<std::uint64_t> text;
        append_ids(text, std::min<std::size_t>(d.tokens(20000, 0.8), 120000), d);
        auto at = start;
        const auto questions = 1 + d.below(6);
        for (std::size_t i = 0; i < questions && t.requests.size() < requests; ++i) {
            trace_request r;
            r.at = at;
            r.prompt = text;
            append_ids(r.prompt, d.tokens(100, 0.5), d);
            r.prompt_tokens = r.prompt.size() * unit;
            r.output_tokens = d.tokens(300, 0.5);
            at += d.exponential(25);
            t.requests.push_back(std::move(r));
        }
    }
}

}  // namespace

const std::vector<std::string>& workload_names() {
    static const std::vector<std::string> names{"multi-turn", "agents", "tenants", "bursts",
                                                "documents"};
    return names;
}

trace make_workload(std::string_view name, std::size_t requests, std::uint64_t seed) {
    trace t;
    t.name = name;
    t.unit = unit;
    dice d(seed);
    if (name == "multi-turn") converse(t, requests, d, 8, 200, 80, 250, 15, 6);
    if (name == "agents") converse(t, requests, d, 4, 2000, 600, 120, 1, 20);
    if (name == "tenants") shared_prefixes(t, requests, d, 60);
    if (name == "bursts") bursts(t, requests, d);
    if (name == "documents") documents(t, requests, d);
    std::stable_sort(t.requests.begin(), t.requests.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return t;
}

}  // namespace weir::quality
