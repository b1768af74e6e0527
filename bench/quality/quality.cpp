// Compares picking policies on simulated engines and a virtual clock: the scheduler is the real
// one, the engines are the simulator's core. Prints one table a trace.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/strings.hpp"
#include "fleet.hpp"

namespace weir::quality {
namespace {

constexpr std::string_view usage =
    "usage: quality [--trace FILE]... [--workload NAME]... [flags]\n"
    "  --trace FILE       Mooncake-style JSON lines, plain or gzip\n"
    "  --workload NAME    multi-turn, agents, tenants, bursts, documents or all\n"
    "  --policy NAME[=F]  random, round-robin, least-requests, reference, reference-affinity, "
    "weir,\n"
    "                     or any name with an EndpointPickerConfig file; repeatable (all six)\n"
    "  --knee             look for each policy's knee: the densest arrivals with 90 % in the SLO\n"
    "  --knee-of NAME     rates are shares of this policy's knee (reference-affinity)\n"
    "  --at LIST          shares of that knee to compare at (0.6,0.8,0.95,1.1)\n"
    "  --rate F           compare at this density only, without looking for a knee\n"
    "  --limit N          requests of a trace file that are replayed (4000)\n"
    "  --seconds S        during which a workload's requests and conversations begin (150)\n"
    "  --endpoints N (8)  --seed N (1)  --scrape SECONDS (0.05)\n"
    "  --slo-ttft S (5)   --slo-token S (0.15)\n"
    "  --slowdowns LIST   of the endpoints, e.g. 1,1,2   --degrade I[:FACTOR[:SHARE]] in mid-run\n"
    "  --prefill-us F (60) per token  --step-ms F (8)  --kv-blocks N (32768)\n";

struct settings {
    std::vector<std::string> traces;
    std::vector<std::string> workloads;
    std::vector<policy> policies;
    std::vector<double> shares{0.6, 0.8, 0.95, 1.1};
    std::string knee_of = "reference-affinity";
    double rate = 0;
    bool knees = false;
    std::size_t limit = 4000;
    double seconds = 150;
    fleet_options fleet;
};

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "quality: %s\n%s", why.c_str(), std::string(usage).c_str());
    std::exit(2);
}

double number(const std::string& flag, std::string_view text) {
    const auto v = parse_double(text);
    if (!v || *v < 0) die(flag + ": not a number: " + std::string(text));
    return *v;
}

std::vector<double> numbers(const std::string& flag, std::string_view text) {
    std::vector<double> out;
    for (const auto part : split(text, ',')) out.push_back(number(flag, part));
    return out;
}

policy read_policy(const std::string& text) {
    const auto equals = text.find('=');
    if (equals != std::string::npos) {
        std::ifstream file(text.substr(equals + 1));
        if (!file) die("--policy: cannot read " + text.substr(equals + 1));
        return {text.substr(0, equals),
                {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
    }
    for (const auto& p : standard_policies()) {
        if (p.name == text) return p;
    }
    die("--policy: unknown " + text);
}

void read_degrade(settings& s, const std::string& text) {
    const auto parts = split(text, ':');
    s.fleet.degrades = static_cast<std::ptrdiff_t>(number("--degrade", parts[0]));
    if (parts.size() > 1) s.fleet.degrades_to = number("--degrade", parts[1]);
    if (parts.size() > 2) s.fleet.degrades_at = number("--degrade", parts[2]);
}

bool read_fleet_flag(settings& s, const std::string& flag, const std::string& v) {
    const auto whole = [&] { return static_cast<std::size_t>(number(flag, v)); };
    auto& f = s.fleet;
    if (flag == "--endpoints") {
        f.endpoints = std::max<std::size_t>(whole(), 1);
    } else if (flag == "--seed") {
        f.seed = whole();
    } else if (flag == "--scrape") {
        f.scrape_period = std::max(number(flag, v), 0.001);
    } else if (flag == "--slo-ttft") {
        f.slo_ttft = number(flag, v);
    } else if (flag == "--slo-token") {
        f.slo_token = number(flag, v);
    } else if (flag == "--slowdowns") {
        f.slowdowns = numbers(flag, v);
    } else if (flag == "--degrade") {
        read_degrade(s, v);
    } else if (flag == "--prefill-us") {
        f.engine.prefill_token = duration(static_cast<duration::rep>(number(flag, v) * 1e3));
    } else if (flag == "--step-ms") {
        f.engine.step_base = duration(static_cast<duration::rep>(number(flag, v) * 1e6));
    } else if (flag == "--kv-blocks") {
        f.engine.num_blocks = whole();
    } else {
        return false;
    }
    return true;
}

settings read_flags(const std::vector<std::string>& args) {
    settings s;
    s.fleet.engine.prefill_token = std::chrono::microseconds(60);
    s.fleet.engine.num_blocks = 32768;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const auto& flag = args[i];
        if (flag == "--knee") {
            s.knees = true;
            continue;
        }
        if (flag == "--help") die("compares picking policies");
        if (i + 1 == args.size()) die(flag + " needs a value");
        const auto& v = args[++i];
        if (flag == "--trace") {
            s.traces.push_back(v);
        } else if (flag == "--workload") {
            const auto all = workload_names();
            if (v != "all" && std::find(all.begin(), all.end(), v) == all.end()) {
                die("--workload: unknown " + v);
            }
            v == "all" ? s.workloads.insert(s.workloads.end(), all.begin(), all.end())
                       : s.workloads.insert(s.workloads.end(), 1, v);
        } else if (flag == "--policy") {
            s.policies.push_back(read_policy(v));
        } else if (flag == "--knee-of") {
            s.knee_of = v;
        } else if (flag == "--at") {
            s.shares = numbers(flag, v);
        } else if (flag == "--rate") {
            s.rate = number(flag, v);
        } else if (flag == "--limit") {
            s.limit = static_cast<std::size_t>(number(flag, v));
        } else if (flag == "--seconds") {
            s.seconds = number(flag, v);
        } else if (!read_fleet_flag(s, flag, v)) {
            die("unknown flag " + flag);
        }
    }
    if (s.policies.empty()) s.policies = standard_policies();
    if (s.traces.empty() && s.workloads.empty()) die("nothing to replay");
    return s;
}

double percentile(std::vector<double>& sorted, double p) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1) + 0.5);
    return sorted[at];
}

/// Something to replay: a trace from a file, or a workload made anew for every rate.
class load {
  public:
    explicit load(trace t) : fixed_(std::move(t)) {}
    load(std::string workload, double seconds, std::uint64_t seed)
        : workload_(std::move(workload)), seconds_(seconds), seed_(seed) {}

    const std::string& name() const { return workload_.empty() ? fixed_.name : workload_; }
    bool made_up() const { return !workload_.empty(); }
    const trace& file() const { return fixed_; }

    run_result replay_at(double rate, const policy& p, const fleet_options& options) const {
        if (!made_up()) return replay(fixed_, rate, p, options);
        return replay(make_workload(workload_, seconds_, rate, seed_), 1, p, options);
    }

  private:
    trace fixed_;
    std::string workload_;
    double seconds_ = 0;
    std::uint64_t seed_ = 0;
};

// The densest arrivals at which nine in ten requests keep the SLO. A policy may fail sparse
// arrivals that come bunched and keep denser ones, so the walk goes on a little behind a failure
// before the last good step is refined.
double find_knee(const load& l, const policy& p, const fleet_options& options) {
    constexpr double step = 1.4;
    const auto good = [&](double rate) {
        return l.replay_at(rate, p, options).good_share() >= 0.9;
    };
    double last_good = 0;
    int failures = 0;
    for (double rate = 0.5; rate < 500 && failures < (last_good > 0 ? 2 : 6); rate *= step) {
        const bool kept = good(rate);
        failures = kept ? 0 : failures + 1;
        if (kept) last_good = rate;
    }
    if (last_good == 0) return 0;
    double low = last_good;
    double high = last_good * step;
    for (int i = 0; i < 6; ++i) {
        const auto middle = (low + high) / 2;
        (good(middle) ? low : high) = middle;
    }
    return low;
}

void print_head() {
    std::printf("%-20s %7s | %8s %8s %8s | %8s %8s %8s | %6s %8s | %5s %6s %5s | %s\n", "policy",
                "rate", "ttft50", "ttft90", "ttft99", "lat50", "lat90", "lat99", "slo%", "good/s",
                "hit%", "spread", "pre", "digest");
}

void print_row(const policy& p, double rate, run_result r) {
    std::sort(r.ttft.begin(), r.ttft.end());
    std::sort(r.latency.begin(), r.latency.end());
    const auto goodput = r.duration > 0 ? static_cast<double>(r.good) / r.duration : 0;
    std::printf(
        "%-20s %7.3f | %8.3f %8.3f %8.3f | %8.2f %8.2f %8.2f | %6.1f %8.2f | %5.1f %6.2f %5llu | "
        "%016llx\n",
        p.name.c_str(), rate, percentile(r.ttft, 0.5), percentile(r.ttft, 0.9),
        percentile(r.ttft, 0.99), percentile(r.latency, 0.5), percentile(r.latency, 0.9),
        percentile(r.latency, 0.99), r.good_share() * 100, goodput, r.hit_share * 100, r.spread,
        static_cast<unsigned long long>(r.preemptions), static_cast<unsigned long long>(r.digest));
    std::fflush(stdout);
}

void print_title(const load& l, const settings& s) {
    if (l.made_up()) {
        std::printf("\n%s: begun during %.0f s, %zu endpoints\n", l.name().c_str(), s.seconds,
                    s.fleet.endpoints);
    } else {
        std::printf("\n%s: %zu requests in %.0f s, %zu endpoints\n", l.name().c_str(),
                    l.file().requests.size(), l.file().duration(), s.fleet.endpoints);
    }
}

void compare(const load& l, const settings& s) {
    print_title(l, s);
    std::vector<double> rates{s.rate};
    if (s.rate <= 0) {
        const auto unit = find_knee(l, read_policy(s.knee_of), s.fleet);
        std::printf("knee of %s: %.3f times the load's own rate\n", s.knee_of.c_str(), unit);
        rates.clear();
        for (const auto share : s.shares) rates.push_back(unit * share);
    }
    print_head();
    for (const auto rate : rates) {
        if (rate <= 0) continue;
        for (const auto& p : s.policies) print_row(p, rate, l.replay_at(rate, p, s.fleet));
    }
    if (!s.knees) return;
    for (const auto& p : s.policies) {
        const auto knee = find_knee(l, p, s.fleet);
        if (knee > 0) {
            std::printf("knee %-20s %7.3f\n", p.name.c_str(), knee);
        } else {
            std::printf("knee %-20s    none: below 90 %% at every rate\n", p.name.c_str());
        }
        std::fflush(stdout);
    }
}

}  // namespace
}  // namespace weir::quality

int main(int argc, char** argv) {
    using namespace weir::quality;
    const auto s = read_flags({argv + 1, argv + argc});
    for (const auto& path : s.traces) {
        auto t = load_trace(path, s.limit);
        if (t.requests.empty()) {
            std::fprintf(stderr, "quality: cannot read a request from %s\n", path.c_str());
            return 1;
        }
        compare(load(std::move(t)), s);
    }
    for (const auto& name : s.workloads) compare(load(name, s.seconds, s.fleet.seed), s);
    return 0;
}
