#include "load.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace weir::quality {

load::load(trace all, std::size_t limit)
    : file_(std::move(all)),
      limit_(limit == 0 ? file_.requests.size() : std::min(limit, file_.requests.size())) {}

std::string load::title() const {
    char text[160];
    if (workload_.empty()) {
        std::snprintf(text, sizeof text, "%zu requests in %.0f s", limit_, part(1).duration());
    } else {
        std::snprintf(text, sizeof text, "begun during %.0f s", seconds_);
    }
    return name() + ": " + text;
}

// Beginnings far from each other whatever the number of seeds; behind the end of the file its
// beginning follows.
trace load::part(std::uint64_t seed) const {
    const auto n = file_.requests.size();
    const auto turn = static_cast<double>(seed - 1) * 0.6180339887498949;
    const auto first = static_cast<std::size_t>((turn - std::floor(turn)) * static_cast<double>(n));
    trace out;
    out.name = file_.name;
    out.unit = file_.unit;
    const auto start = file_.requests[first].at;
    for (std::size_t i = 0; i < limit_; ++i) {
        auto r = file_.requests[(first + i) % n];
        r.at += (first + i >= n ? file_.duration() : 0) - start;
        out.requests.push_back(std::move(r));
    }
    return out;
}

run_result load::replay_at(double rate, const policy& p, const fleet_options& options) const {
    if (workload_.empty()) return replay(part(options.seed), rate, p, options);
    return replay(make_workload(workload_, seconds_, rate, options.seed), 1, p, options);
}

}  // namespace weir::quality
