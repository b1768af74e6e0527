#pragma once

#include <algorithm>
#include <chrono>

namespace weir::bench {

/// Nanoseconds of one call of `f`: the best of many batches, because a shared machine disturbs long
/// ones. Of slow calls a hundred batches are enough.
template <class F>
double best_of(int batch, F f) {
    constexpr int rounds = 2000;
    double best = 1e18;
    for (int round = 0; round < rounds; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < batch; ++i) f();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count() / batch);
        if (took > std::chrono::milliseconds(1) && round > 100) break;
    }
    return best;
}

}  // namespace weir::bench
