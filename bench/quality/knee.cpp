#include "knee.hpp"

namespace weir::quality {
namespace {

constexpr double good_enough = 0.9;
constexpr double sparsest = 0.4;
constexpr double densest = 500;

}  // namespace

// A policy may fail sparse arrivals that come bunched and keep denser ones, so the walk goes on a
// little behind a failure before the last good step is refined.
double find_knee(const load& l, const policy& p, const fleet_options& options, double near) {
    auto hurried = options;
    hurried.give_up_at = 1 - good_enough;
    const auto good = [&](double rate) {
        return l.replay_at(rate, p, hurried).good_share() >= good_enough;
    };
    const double step = near > 0 ? 1.15 : 1.4;
    double last_good = 0;
    int failures = 0;
    const auto start = near > 0 ? near : sparsest;
    for (double rate = start; rate < densest && failures < (near > 0 || last_good > 0 ? 2 : 6);
         rate *= step) {
        const bool kept = good(rate);
        failures = kept ? 0 : failures + 1;
        if (kept) last_good = rate;
    }
    for (double rate = start / step; last_good == 0 && near > 0 && rate > sparsest; rate /= step) {
        if (good(rate)) last_good = rate;
    }
    if (last_good == 0) return 0;
    double low = last_good;
    double high = last_good * step;
    while (high - low > 0.006 * low) {
        const auto middle = (low + high) / 2;
        (good(middle) ? low : high) = middle;
    }
    return low;
}

}  // namespace weir::quality
