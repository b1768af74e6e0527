#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "scheduling/prefill_turns.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling {

/// The time to first token as a line over the tokens ahead of it, fitted to what a whole pool
/// showed lately (least squares over decayed sums).
class line {
  public:
    void add(double tokens, double seconds) {
        weight_ = weight_ * keep + 1;
        tokens_ = tokens_ * keep + tokens;
        seconds_ = seconds_ * keep + seconds;
        squares_ = squares_ * keep + tokens * tokens;
        products_ = products_ * keep + tokens * seconds;
    }
    double seconds_per_token() const {
        const auto variance = weight_ * squares_ - tokens_ * tokens_;
        const auto slope = (weight_ * products_ - tokens_ * seconds_) / variance;
        const auto plain = seconds_ / tokens_;
        // All prompts about equally long, or times that have nothing to do with length.
        return variance > 1e-3 * weight_ * squares_ && slope > plain / 4 ? std::min(slope, plain)
                                                                         : plain;
    }
    double base(double per_token) const {
        return std::max(0.0, (seconds_ - per_token * tokens_) / weight_);
    }

  private:
    static constexpr double keep = 0.998;

    // As if some prompts had been seen at 15,000 tokens a second.
    double weight_ = 4;
    double tokens_ = 4 * 2000;
    double seconds_ = 4 * 2000 / 15000.0;
    double squares_ = 4 * 2000.0 * 2000;
    double products_ = 4 * 2000 * 2000 / 15000.0;
};

/// What this gateway saw of the speeds of a pool's endpoints. Open addressing by endpoint key;
/// where a neighbourhood is full, later endpoints count as average.
class speeds {
  public:
    speeds() : cells_(size) {}

    double seconds_per_token() const { return per_token_.load(std::memory_order_relaxed); }

    /// Uncached tokens of a prompt, the mean of the last hundred or so.
    double usual_tokens() const { return usual_.load(std::memory_order_relaxed); }

    /// A prompt goes its way; any worker, when two come at once, one may be lost.
    void note_prompt(double tokens) {
        const auto usual = usual_tokens();
        usual_.store(usual + (tokens - usual) * newest_prompt, std::memory_order_relaxed);
    }

    /// What is known of one endpoint; null when it never taught anything. Stays where it is.
    struct cell;
    const cell* find(std::uint64_t key) const {
        for (std::size_t i = 0; i < reach; ++i) {
            const auto& c = cells_[place(key, i)];
            const auto held = c.key.load(std::memory_order_acquire);
            if (held == key) return &c;
            if (held == 0) break;
        }
        return nullptr;
    }

    /// Endpoints that have a cell: while the number stays, `find` finds nothing new.
    std::uint64_t known() const { return known_.load(std::memory_order_acquire); }

    /// A prompt's place in the queue of an endpoint.
    struct place_taken {
        double ahead;   ///< tokens
        double number;  ///< for `turns_of`; below 0: none
    };

    /// A prompt is sent where so many tokens are in flight.
    place_taken send(std::uint64_t key, double in_flight, double tokens, time_point now) {
        auto* c = claim(key);
        if (c == nullptr) return {in_flight, -1};
        const auto done = c->turns.done(now, seconds_per_token() * c->at(now));
        const auto ahead = std::max(0.0, in_flight - done);
        if (tokens <= 0) return {ahead, -1};
        return {ahead, static_cast<double>(c->turns.send(tokens, in_flight <= 0, now))};
    }

    /// Null when there was no room for that endpoint.
    prefill_turns* turns_of(std::uint64_t key) {
        auto* c = claim(key);
        return c == nullptr ? nullptr : &c->turns;
    }

    /// A first token came; any worker, when two come at once, one observation is lost.
    void note_lag(std::uint64_t key, double tokens, double seconds, time_point now) {
        const auto expected = cell::lag_noise * tokens * seconds_per_token() + cell::unnoticed;
        if (auto* c = claim(key)) c->note_lag(seconds - expected, now);
    }

    /// The same, for a first token that says something about speed.
    void learn(std::uint64_t key, double tokens, double seconds, time_point now) {
        if (learning_.test_and_set(std::memory_order_acquire)) return;
        pool_.add(tokens, seconds);
        const auto per_token = pool_.seconds_per_token();
        per_token_.store(per_token, std::memory_order_relaxed);
        if (auto* c = claim(key)) {
            c->learn(seconds, pool_.base(per_token) + tokens * per_token, now);
        }
        learning_.clear(std::memory_order_release);
    }

  private:
    static constexpr std::size_t size = 2048;
    static constexpr std::size_t reach = 16;
    static constexpr double newest_prompt = 0.01;  ///< its share in the mean

  public:
    struct alignas(64) cell {
        static constexpr double memory = 60;   ///< seconds of prefill
        static constexpr double prior = 10;    ///< seconds at the pool's pace that count as seen
        static constexpr double noise = 1.25;  ///< equal machines differ by as much

        static constexpr std::chrono::seconds fades_after{30};
        static constexpr double unnoticed = 0.1;     ///< seconds of lag that may be chance
        static constexpr double lag_noise = 1.05;    ///< so much longer may be chance too
        static constexpr double lag_share = 0.3;     ///< of the newest first token in the lag
        static constexpr double lag_forgotten = 20;  ///< seconds
        static constexpr std::chrono::seconds falls_silent{30};  ///< without a first token

        std::atomic<std::uint64_t> key{0};
        std::atomic<double> slowness{1};
        std::atomic<time_point> learned{};
        std::atomic<double> lag{0};
        std::atomic<time_point> answered{};
        prefill_turns turns;
        double took = 0;
        double expected = 0;

        /// How many times slower than the pool's average. What was learned long ago counts little:
        /// an endpoint that is spared must get its chance.
        double at(time_point now) const {
            const auto known = slowness.load(std::memory_order_relaxed);
            const auto age = now - learned.load(std::memory_order_relaxed);
            if (age <= fades_after) return known;
            return 1 + (known - 1) * (fades_after / std::chrono::duration<double>(age));
        }

        /// Seconds by which first tokens came later lately than the tokens ahead of them explain:
        /// prompts wait for memory or for a seat there, or less was in its cache than believed.
        double lag_at(time_point now) const {
            const auto known = lag.load(std::memory_order_relaxed);
            if (known == 0) return 0;
            const std::chrono::duration<double> age =
                now - answered.load(std::memory_order_relaxed);
            return known * std::max(0.0, 1 - age.count() / lag_forgotten);
        }

        bool silent_at(time_point now) const {
            return now - answered.load(std::memory_order_relaxed) > falls_silent;
        }

        void note_lag(double seconds, time_point now) {
            const auto next = lag_at(now) * (1 - lag_share) + std::max(0.0, seconds) * lag_share;
            lag.store(next, std::memory_order_relaxed);
            answered.store(now, std::memory_order_relaxed);
        }

        void learn(double seconds, double expectation, time_point now) {
            const auto keep = std::exp(-expectation / memory);
            took = took * keep + seconds;
            expected = expected * keep + expectation;
            const auto factor = (took + prior) / (expected + prior);
            const auto sure = std::max(std::min(1.0, factor * noise), factor / noise);
            slowness.store(std::clamp(sure, 0.1, 50.0), std::memory_order_relaxed);
            learned.store(now, std::memory_order_relaxed);
        }
    };

  private:
    static std::size_t place(std::uint64_t key, std::size_t i) {
        return ((key * 0x9e3779b97f4a7c15ULL >> 40) + i) % size;
    }

    cell* claim(std::uint64_t key) {
        for (std::size_t i = 0; i < reach; ++i) {
            auto& c = cells_[place(key, i)];
            std::uint64_t held = 0;
            if (c.key.compare_exchange_strong(held, key)) {
                known_.fetch_add(1, std::memory_order_release);
                return &c;
            }
            if (held == key) return &c;
        }
        return nullptr;
    }

    std::atomic_flag learning_;
    line pool_;
    std::atomic<double> per_token_{1 / 15000.0};
    std::atomic<double> usual_{1000};
    std::vector<cell> cells_;
    std::atomic<std::uint64_t> known_{0};
};

/// What is known of the endpoints of a view. Between requests only the few numbers change that are
/// known, so only they are read again: of a thousand endpoints most say nothing new.
class speed_columns final : public plugin_scratch {
  public:
    void read(const speeds& from, std::span<const endpoint> view, time_point now) {
        if (!still_fits(from, view)) find_all(from, view);
        const auto per_token = from.seconds_per_token();
        for (const auto& k : found_) {
            const auto slowness = k.cell->at(now);
            slowness_[k.position] = slowness;
            done_[k.position] = k.cell->turns.done(now, per_token * slowness);
            lag_[k.position] = k.cell->lag_at(now);
            silent_[k.position] = k.cell->silent_at(now) ? 1 : 0;
        }
    }

    /// How many times slower than the pool's average; 1 when nothing is known.
    std::span<const double> slowness() const { return slowness_; }
    /// Seconds that its first tokens come late; 0 when nothing is known.
    std::span<const double> lag() const { return lag_; }
    /// 1: it gave no first token lately; 0: it did.
    std::span<const double> silent() const { return silent_; }
    /// Tokens in flight that it has computed by now; 0 when nothing is known.
    std::span<const double> done() const { return done_; }
    /// Zeros.
    std::span<const double> nothing() const { return nothing_; }

  private:
    struct place {
        std::uint32_t position;
        std::uint64_t key;
        const speeds::cell* cell;
    };

    bool still_fits(const speeds& from, std::span<const endpoint> view) const {
        return &from == from_ && view.data() == view_.data() && view.size() == view_.size() &&
               from.known() == known_ && (view.empty() || view.back().key() == last_) &&
               std::all_of(found_.begin(), found_.end(),
                           [&](const place& k) { return view[k.position].key() == k.key; });
    }

    void find_all(const speeds& from, std::span<const endpoint> view) {
        from_ = &from;
        view_ = view;
        known_ = from.known();
        last_ = view.empty() ? 0 : view.back().key();
        slowness_.assign(view.size(), 1);
        lag_.assign(view.size(), 0);
        silent_.assign(view.size(), 1);
        done_.assign(view.size(), 0);
        nothing_.assign(view.size(), 0);
        found_.clear();
        for (std::uint32_t e = 0; e < view.size(); ++e) {
            const auto key = view[e].key();
            if (const auto* cell = from.find(key)) found_.push_back({e, key, cell});
        }
    }

    const speeds* from_ = nullptr;
    std::span<const endpoint> view_;
    std::uint64_t known_ = 0;
    std::uint64_t last_ = 0;
    std::vector<double> slowness_;
    std::vector<double> lag_;
    std::vector<double> silent_;
    std::vector<double> done_;
    std::vector<double> nothing_;
    std::vector<place> found_;
};

}  // namespace weir::scheduling
