#include "flags.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/strings.hpp"

namespace weir::quality {
namespace {

constexpr std::string_view usage =
    "usage: quality [--trace FILE]... [--workload NAME]... [flags]\n"
    "  --trace FILE       Mooncake-style JSON lines, plain or gzip\n"
    "  --workload NAME    multi-turn, agents, tenants, bursts, documents or all\n"
    "  --policy NAME[=F]  random, round-robin, least-requests, reference, reference-affinity, "
    "weir,\n"
    "                     or any name with an EndpointPickerConfig file; repeatable (`standard`: "
    "all six)\n"
    "                     one-server, one-server-short-first, clairvoyant: bounds; `bounds` is all "
    "three\n"
    "  --knee             look for each policy's knee: the densest arrivals with 90 % in the SLO\n"
    "  --knee-of NAME     rates are shares of this policy's knee (reference-affinity)\n"
    "  --at LIST          shares of that knee to compare at (0.6,0.8,0.95,1.1)\n"
    "  --rate F           compare at this density only, without looking for a knee\n"
    "  --limit N          requests of a trace file that are replayed (4000)\n"
    "  --seconds S        during which a workload's requests and conversations begin (150)\n"
    "  --endpoints N (8)  --scrape SECONDS (0.05)  --seed N (1)\n"
    "  --seeds N (1)      that many seeds from --seed on: means, and a line with the deviations\n"
    "  --slo-ttft S (5)   --slo-token S (0.15)\n"
    "  --slowdowns LIST   of the endpoints, e.g. 1,1,2   --degrade I[:FACTOR[:SHARE]] in mid-run\n"
    "  --prefill-us F (60) per token  --step-ms F (8)  --kv-blocks N (32768)\n";

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

void add_policies(settings& s, const std::string& name) {
    if (name == "bounds" || name == "standard") {
        const auto all = name == "bounds" ? bound_policies() : standard_policies();
        s.policies.insert(s.policies.end(), all.begin(), all.end());
    } else {
        s.policies.push_back(read_policy(name));
    }
}

}  // namespace

policy read_policy(const std::string& text) {
    const auto equals = text.find('=');
    if (equals != std::string::npos) {
        std::ifstream file(text.substr(equals + 1));
        if (!file) die("--policy: cannot read " + text.substr(equals + 1));
        return {text.substr(0, equals),
                {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
    }
    for (const auto& known : {standard_policies(), bound_policies()}) {
        for (const auto& p : known) {
            if (p.name == text) return p;
        }
    }
    die("--policy: unknown " + text);
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
            add_policies(s, v);
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
        } else if (flag == "--seeds") {
            s.seeds = std::max<std::size_t>(static_cast<std::size_t>(number(flag, v)), 1);
        } else if (!read_fleet_flag(s, flag, v)) {
            die("unknown flag " + flag);
        }
    }
    if (s.policies.empty()) s.policies = standard_policies();
    if (s.traces.empty() && s.workloads.empty()) die("nothing to replay");
    return s;
}

}  // namespace weir::quality
