// Compares picking policies on simulated engines and a virtual clock: the scheduler is the real
// one, the engines are the simulator's core. Prints one table a trace.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "flags.hpp"
#include "knee.hpp"
#include "load.hpp"

namespace weir::quality {
namespace {

double percentile(std::vector<double>& sorted, double p) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1) + 0.5);
    return sorted[at];
}

/// Mean and standard deviation over the seeds.
struct figure {
    double mean = 0;
    double deviation = 0;

    explicit figure(const std::vector<double>& of) {
        for (const auto v : of) mean += v / static_cast<double>(of.size());
        for (const auto v : of) deviation += (v - mean) * (v - mean);
        deviation = of.size() < 2 ? 0 : std::sqrt(deviation / static_cast<double>(of.size() - 1));
    }
};

struct column {
    const char* name;
    int width;
    int decimals;
    const char* behind;  ///< a bar after some columns
};

constexpr column columns[] = {
    {"rate", 7, 3, " |"}, {"ttft50", 8, 3, ""},   {"ttft90", 8, 3, ""},  {"ttft99", 8, 3, " |"},
    {"lat50", 8, 2, ""},  {"lat90", 8, 2, ""},    {"lat99", 8, 2, " |"}, {"slo%", 6, 1, ""},
    {"good/s", 8, 2, ""}, {"load/s", 8, 2, " |"}, {"hit%", 5, 1, ""},    {"spread", 6, 2, ""},
    {"pre", 5, 0, " |"},
};

std::vector<double> numbers_of(run_result& r, double rate) {
    std::sort(r.ttft.begin(), r.ttft.end());
    std::sort(r.latency.begin(), r.latency.end());
    return {rate,
            percentile(r.ttft, 0.5),
            percentile(r.ttft, 0.9),
            percentile(r.ttft, 0.99),
            percentile(r.latency, 0.5),
            percentile(r.latency, 0.9),
            percentile(r.latency, 0.99),
            r.good_share() * 100,
            r.duration > 0 ? static_cast<double>(r.good) / r.duration : 0,
            r.load_duration > 0 ? static_cast<double>(r.good_under_load) / r.load_duration : 0,
            r.hit_share * 100,
            r.spread,
            static_cast<double>(r.preemptions)};
}

void print_head() {
    std::printf("%-22s", "policy");
    for (const auto& c : columns) std::printf(" %*s%s", c.width, c.name, c.behind);
    std::printf(" digest\n");
}

/// The policy at `rates[i]` with the i-th seed.
void print_row(const load& l, const settings& s, const policy& p,
               const std::vector<double>& rates) {
    std::vector<std::vector<double>> values(std::size(columns));
    std::uint64_t digest = 0;
    for (std::size_t i = 0; i < rates.size(); ++i) {
        auto options = s.fleet;
        options.seed += i;
        auto r = l.replay_at(rates[i], p, options);
        const auto numbers = numbers_of(r, rates[i]);
        for (std::size_t c = 0; c < numbers.size(); ++c) values[c].push_back(numbers[c]);
        digest = digest * 0x9e3779b97f4a7c15ULL + r.digest;
    }
    const auto print = [&](const std::string& name, bool deviations) {
        std::printf("%-22s", name.c_str());
        for (std::size_t c = 0; c < values.size(); ++c) {
            const figure f(values[c]);
            std::printf(" %*.*f%s", columns[c].width, columns[c].decimals,
                        deviations ? f.deviation : f.mean, columns[c].behind);
        }
    };
    print(p.name, false);
    std::printf(" %016llx\n", static_cast<unsigned long long>(digest));
    if (rates.size() > 1) {
        print("  +-", true);
        std::printf("\n");
    }
    std::fflush(stdout);
}

/// A policy's knee with every seed. `near`: another one's.
std::vector<double> knees_of(const load& l, const settings& s, const policy& p,
                             const std::vector<double>& near) {
    std::vector<double> out;
    for (std::size_t i = 0; i < s.seeds; ++i) {
        auto options = s.fleet;
        options.seed += i;
        const auto hint = !near.empty() ? near[i] : (out.empty() ? 0 : out.back());
        out.push_back(find_knee(l, p, options, hint));
    }
    return out;
}

void print_knee(const policy& p, const std::vector<double>& knees, const std::vector<double>& unit,
                const std::string& unit_name) {
    if (std::count(knees.begin(), knees.end(), 0.0) > 0) {
        std::printf("knee %-22s    none: below 90 %% at every rate\n", p.name.c_str());
        return;
    }
    std::vector<double> shares;
    for (std::size_t i = 0; i < unit.size(); ++i) {
        if (unit[i] > 0) shares.push_back(knees[i] / unit[i]);
    }
    const figure knee(knees);
    std::printf("knee %-22s %7.3f +- %6.3f", p.name.c_str(), knee.mean, knee.deviation);
    if (!shares.empty()) {
        const figure share(shares);
        std::printf(" | %5.3f +- %5.3f of %s", share.mean, share.deviation, unit_name.c_str());
    }
    std::printf("\n");
    std::fflush(stdout);
}

void compare(const load& l, const settings& s) {
    std::printf("\n%s, %zu endpoints\n", l.title().c_str(), s.fleet.endpoints);
    std::vector<double> unit;
    if (s.rate <= 0) {
        unit = knees_of(l, s, read_policy(s.knee_of), {});
        std::printf("knee of %s: %.3f times the load's own rate\n", s.knee_of.c_str(),
                    figure(unit).mean);
    }
    print_head();
    const auto shares = s.rate > 0 ? std::vector<double>{1} : s.shares;
    for (const auto share : shares) {
        auto rates = unit.empty() ? std::vector<double>(s.seeds, s.rate) : unit;
        for (auto& rate : rates) rate *= share;
        if (std::count(rates.begin(), rates.end(), 0.0) > 0) continue;
        for (const auto& p : s.policies) print_row(l, s, p, rates);
    }
    if (!s.knees) return;
    for (const auto& p : s.policies) {
        print_knee(p, p.name == s.knee_of && !unit.empty() ? unit : knees_of(l, s, p, unit), unit,
                   s.knee_of);
    }
}

}  // namespace
}  // namespace weir::quality

int main(int argc, char** argv) {
    using namespace weir::quality;
    const auto s = read_flags({argv + 1, argv + argc});
    for (const auto& path : s.traces) {
        auto t = load_trace(path, 0);
        if (t.requests.empty()) {
            std::fprintf(stderr, "quality: cannot read a request from %s\n", path.c_str());
            return 1;
        }
        compare(load(std::move(t), s.limit), s);
    }
    for (const auto& name : s.workloads) compare(load(name, s.seconds), s);
    return 0;
}
