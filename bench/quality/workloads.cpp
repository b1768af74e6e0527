#include <algorithm>
#include <cmath>

#include "trace.hpp"
#include "weir/random.hpp"

namespace weir::quality {
namespace {

constexpr std::size_t unit = 32;

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

/// How long requests begin, and how often.
struct span {
    double seconds;
    double rate;
};

struct conversation_shape {
    std::size_t system_prompts;
    double first;       ///< tokens of the first message, median
    double turn;        ///< of a later one
    double answer;      ///< of an answer
    double pause;       ///< seconds from an answer to the next message, mean
    std::size_t turns;  ///< mean
};

// Conversations that grow: every turn quotes all turns before it, answers included, and comes some
// time after the last answer.
void converse(trace& t, const span& during, dice& d, const conversation_shape& shape) {
    std::vector<std::vector<std::uint64_t>> systems(shape.system_prompts);
    for (auto& s : systems) append_ids(s, d.tokens(1000, 0.5), d);
    const auto gap = 0.5 * static_cast<double>(shape.turns) / during.rate;
    for (double start = d.exponential(gap); start < during.seconds; start += d.exponential(gap)) {
        auto history = systems[d.skewed(systems.size())];
        append_ids(history, d.tokens(shape.first, 0.8), d);
        const auto length = 1 + d.below(shape.turns * 2 - 1);
        for (std::size_t i = 0; i < length; ++i) {
            trace_request r;
            r.at = i == 0 ? start : d.exponential(shape.pause);
            if (i > 0) r.follows = t.requests.size() - 1;
            r.prompt = history;
            r.prompt_tokens = history.size() * unit;
            r.output_tokens = d.tokens(shape.answer, 0.6);
            append_ids(r.output, r.output_tokens, d);
            history.insert(history.end(), r.output.begin(), r.output.end());
            append_ids(history, d.tokens(shape.turn, 0.8), d);
            t.requests.push_back(std::move(r));
        }
    }
}

// Single requests behind shared beginnings, tenants of very different sizes.
void shared_prefixes(trace& t, const span& during, dice& d, std::size_t tenants) {
    std::vector<std::vector<std::uint64_t>> prefixes(tenants);
    for (auto& p : prefixes) append_ids(p, d.tokens(3000, 0.7), d);
    const auto gap = 0.5 / during.rate;
    for (double at = d.exponential(gap); at < during.seconds; at += d.exponential(gap)) {
        trace_request r;
        r.at = at;
        r.prompt = prefixes[d.skewed(tenants)];
        append_ids(r.prompt, d.tokens(400, 0.8), d);
        r.prompt_tokens = r.prompt.size() * unit;
        r.output_tokens = d.tokens(150, 0.7);
        t.requests.push_back(std::move(r));
    }
}

// Everybody at once, then silence.
void bursts(trace& t, const span& during, dice& d) {
    std::vector<std::uint64_t> common;
    append_ids(common, 1024, d);
    const auto gap = 20 / during.rate;
    for (double at = d.exponential(gap); at < during.seconds; at += d.exponential(gap)) {
        const auto size = 10 + d.below(60);
        for (std::size_t i = 0; i < size; ++i) {
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
void documents(trace& t, const span& during, dice& d) {
    const auto gap = 4 / during.rate;
    for (double start = d.exponential(gap); start < during.seconds; start += d.exponential(gap)) {
        std::vector<std::uint64_t> text;
        append_ids(text, std::min<std::size_t>(d.tokens(20000, 0.8), 120000), d);
        const auto questions = 1 + d.below(6);
        for (std::size_t i = 0; i < questions; ++i) {
            trace_request r;
            r.at = i == 0 ? start : d.exponential(10);
            if (i > 0) r.follows = t.requests.size() - 1;
            r.prompt = text;
            append_ids(r.prompt, d.tokens(100, 0.5), d);
            r.prompt_tokens = r.prompt.size() * unit;
            r.output_tokens = d.tokens(300, 0.5);
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

trace make_workload(std::string_view name, double seconds, double rate, std::uint64_t seed) {
    trace t;
    t.name = name;
    t.unit = unit;
    dice d(seed);
    const span during{seconds, rate};
    if (name == "multi-turn") converse(t, during, d, {8, 2000, 300, 250, 8, 6});
    if (name == "agents") converse(t, during, d, {4, 4000, 1200, 120, 1, 15});
    if (name == "tenants") shared_prefixes(t, during, d, 60);
    if (name == "bursts") bursts(t, during, d);
    if (name == "documents") documents(t, during, d);
    return t;
}

}  // namespace weir::quality
