#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <shared_mutex>
#include <unordered_map>

namespace weir::scheduling {

/// Recursive least squares with exponential forgetting (Haykin, Adaptive Filter Theory, ch. 10):
/// follows a linear relation from one observation at a time. `N` inputs; the caller puts a constant
/// 1 among them for the offset.
template <std::size_t N>
class online_regression {
  public:
    using inputs = std::array<double, N>;

    /// Observations older than about 1 / (1 − `memory`) fade away; 0 < memory <= 1.
    explicit online_regression(double memory = 0.995) : memory_(memory) {
        for (std::size_t i = 0; i < N; ++i) p_[i][i] = initial_variance;
    }

    void observe(const inputs& x, double y) {
        std::array<double, N> px{};
        double denominator = memory_;
        for (std::size_t i = 0; i < N; ++i) {
            for (std::size_t j = 0; j < N; ++j) px[i] += p_[i][j] * x[j];
            denominator += x[i] * px[i];
        }
        const double error = y - predict(x);
        for (std::size_t i = 0; i < N; ++i) w_[i] += px[i] / denominator * error;
        for (std::size_t i = 0; i < N; ++i) {
            for (std::size_t j = 0; j < N; ++j) {
                p_[i][j] = (p_[i][j] - px[i] * px[j] / denominator) / memory_;
            }
            // Directions that are never observed must not grow without bound.
            if (p_[i][i] > initial_variance) shrink(i);
        }
        ++count_;
        // A running mean of squares, of the signal and of what was not foreseen.
        const double share = 1.0 / static_cast<double>(count_ < 100 ? count_ : 100);
        error_ += (error * error - error_) * share;
        mean_ += (y - mean_) * share;
        spread_ += ((y - mean_) * (y - mean_) - spread_) * share;
    }

    double predict(const inputs& x) const {
        double y = 0;
        for (std::size_t i = 0; i < N; ++i) y += w_[i] * x[i];
        return y;
    }

    std::uint64_t count() const { return count_; }
    double mean() const { return mean_; }
    /// 0..1: how much of the spread is explained, reached only after some observations.
    double confidence() const {
        if (count_ == 0) return 0;
        const double seen = static_cast<double>(count_) / (static_cast<double>(count_) + 10.0);
        const double unexplained = spread_ > 1e-12 ? error_ / spread_ : (error_ > 1e-9 ? 1.0 : 0.0);
        return seen * (unexplained >= 1 ? 0.1 : 1 - 0.9 * unexplained);
    }

  private:
    static constexpr double initial_variance = 1e4;

    void shrink(std::size_t i) {
        const double factor = initial_variance / p_[i][i];
        for (std::size_t j = 0; j < N; ++j) {
            p_[i][j] *= factor;
            if (j != i) p_[j][i] *= factor;
        }
    }

    double memory_;
    std::array<double, N> w_{};
    std::array<std::array<double, N>, N> p_{};
    std::uint64_t count_ = 0;
    double error_ = 0;
    double mean_ = 0;
    double spread_ = 0;
};

/// What is known of an endpoint and a request when a prediction is made; units scaled to about 1.
struct latency_features {
    double uncached_tokens = 0;
    double cached_share = 0;  ///< 0..1
    double waiting = 0;
    double running = 0;
    double inflight_tokens = 0;
    double kv_usage = 0;
};

struct latency_estimate {
    bool known = false;
    double ttft_ms = 0;
    double tpot_ms = 0;
    double confidence = 0;
};

/// Learns from this gateway's own answers how long an endpoint takes. Each endpoint has a model of
/// its own and all share one; the shared one speaks until the endpoint's own has seen enough. Any
/// thread; short locks, off the default path.
class latency_model {
  public:
    /// The answers after which predictions are given at all, and those after which an endpoint
    /// speaks for itself.
    static constexpr std::uint64_t least_shared = 8;
    static constexpr std::uint64_t least_own = 16;

    void observe_ttft(std::uint64_t endpoint, const latency_features& f, double ms);
    void observe_tpot(std::uint64_t endpoint, const latency_features& f, double ms);
    /// False as long as `predict` knows nothing of any endpoint.
    bool ready() const { return ready_.load(std::memory_order_relaxed); }
    latency_estimate predict(std::uint64_t endpoint, const latency_features& f) const;

    /// Running requests' smallest TPOT SLO of an endpoint in ms; 0 when none has one.
    double least_tpot_slo(std::uint64_t endpoint) const;
    void add_tpot_slo(std::uint64_t endpoint, double ms);
    void remove_tpot_slo(std::uint64_t endpoint, double ms);

  private:
    struct learner {
        online_regression<7> ttft;
        online_regression<4> tpot;
        std::unordered_map<double, int> tpot_slos;
    };
    static online_regression<7>::inputs ttft_inputs(const latency_features& f);
    static online_regression<4>::inputs tpot_inputs(const latency_features& f);

    std::atomic<bool> ready_{false};
    mutable std::shared_mutex lock_;
    learner shared_;
    std::unordered_map<std::uint64_t, learner> endpoints_;
};

}  // namespace weir::scheduling
