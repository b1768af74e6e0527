#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace weir::sim {

/// A histogram of one thread; bounds are ascending upper limits, +Inf implied.
class distribution {
  public:
    explicit distribution(std::span<const double> bounds)
        : bounds_(bounds), counts_(bounds.size() + 1) {}

    void observe(double v);
    std::span<const double> bounds() const { return bounds_; }
    std::uint64_t bucket(std::size_t i) const { return counts_[i]; }  ///< not cumulative
    std::uint64_t count() const { return count_; }
    double sum() const { return sum_; }

  private:
    std::span<const double> bounds_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

/// Bucket bounds as vLLM has them: time to first token, per-token time, whole requests, tokens,
/// step sizes.
std::span<const double> ttft_bounds();
std::span<const double> token_time_bounds();
std::span<const double> request_time_bounds();
std::span<const double> token_count_bounds();
std::span<const double> iteration_bounds();
std::span<const double> small_count_bounds();

enum class outcome : std::uint8_t { stop, length, abort, error };
inline constexpr std::size_t outcomes = 4;

/// What a server has counted since its start; times in seconds.
struct telemetry {
    std::array<std::uint64_t, outcomes> finished{};
    std::uint64_t rejected_requests = 0;
    distribution ttft{ttft_bounds()};
    distribution inter_token{token_time_bounds()};
    distribution time_per_output_token{token_time_bounds()};
    distribution e2e{request_time_bounds()};
    distribution queue{request_time_bounds()};
    distribution prefill{request_time_bounds()};
    distribution decode{request_time_bounds()};
    distribution inference{request_time_bounds()};
    distribution iteration_tokens{iteration_bounds()};
    distribution prompt_tokens{token_count_bounds()};
    distribution generation_tokens{token_count_bounds()};
    distribution max_generation_tokens{token_count_bounds()};
    distribution computed_tokens{token_count_bounds()};
    distribution params_n{small_count_bounds()};
    distribution params_max_tokens{token_count_bounds()};
    double started = 0;  ///< Unix seconds
};

/// How fast a total grows: over the last second or longer, as often as somebody looks.
class recent_rate {
  public:
    double look(std::uint64_t total, time_point now) {
        const auto passed = std::chrono::duration<double>(now - at_).count();
        if (passed < 1) return rate_;
        rate_ = at_ == time_point{} ? 0 : static_cast<double>(total - total_) / passed;
        at_ = now;
        total_ = total;
        return rate_;
    }

  private:
    time_point at_{};
    std::uint64_t total_ = 0;
    double rate_ = 0;
};

/// Values that a test pins so that it can steer a picker; what is absent is measured.
struct overrides {
    std::optional<double> waiting;
    std::optional<double> running;
    std::optional<double> kv_usage;
    std::optional<std::string> running_loras;
    std::optional<std::string> waiting_loras;
    std::optional<double> max_loras;
};

/// Everything a metrics page shows at one moment.
struct metrics_view {
    const telemetry* totals = nullptr;
    double running = 0;
    double waiting = 0;
    double deferred = 0;  ///< part of `waiting`
    double kv_usage = 0;
    std::string model;
    std::size_t block_size = 0;
    std::size_t num_blocks = 0;
    std::size_t max_num_seqs = 0;
    bool prefix_caching = true;
    std::uint64_t prompt_tokens = 0;
    std::uint64_t cached_tokens = 0;
    std::uint64_t generated_tokens = 0;
    std::uint64_t recomputed_tokens = 0;
    std::uint64_t preemptions = 0;
    std::uint64_t steps = 0;
    double gen_throughput = 0;  ///< tokens a second, lately
    std::string running_loras;  ///< comma-separated
    std::string waiting_loras;
    double max_loras = 0;
    std::size_t resident_loras = 0;
    std::vector<std::string> loaded_loras;  ///< names of the resident ones
    double unix_time = 0;
    int sleep_level = 0;

    /// Of prompt tokens, since the start.
    double hit_rate() const {
        return prompt_tokens == 0
                   ? 0
                   : static_cast<double>(cached_tokens) / static_cast<double>(prompt_tokens);
    }
};

}  // namespace weir::sim
