#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

using time_point = std::chrono::steady_clock::time_point;

struct settings {
    double uncached_weight = 3;
    double small_ms = 500;
    double busy_weight = 40;
    double crowd_weight = 0.15;
    double request_ms = 4;
    double kv_threshold = 0.9;
    double kv_penalty_ms = 5000;
    data_slot uncached = no_slot;
};

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

    /// Any worker; when two come at once, one observation is lost.
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

  public:
    struct cell {
        static constexpr double memory = 60;   ///< seconds of prefill
        static constexpr double prior = 10;    ///< seconds at the pool's pace that count as seen
        static constexpr double noise = 1.25;  ///< equal machines differ by as much

        static constexpr double fades_after = 30;  ///< seconds

        std::atomic<std::uint64_t> key{0};
        std::atomic<double> slowness{1};
        std::atomic<time_point> learned{};
        double took = 0;
        double expected = 0;

        /// How many times slower than the pool's average. What was learned long ago counts little:
        /// an endpoint that is spared must get its chance.
        double at(time_point now) const {
            const auto known = slowness.load(std::memory_order_relaxed);
            const std::chrono::duration<double> age = now - learned.load(std::memory_order_relaxed);
            if (age.count() <= fades_after) return known;
            return 1 + (known - 1) * fades_after / age.count();
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
    std::vector<cell> cells_;
    std::atomic<std::uint64_t> known_{0};
};

/// Keys of the notes that travel with a request.
enum note : std::uint32_t { tokens_ahead };

/// How many times slower than the pool's average each endpoint of a view is; 1 when nothing is
/// known of it. Between requests only the few numbers change that are known, so only they are read
/// again: of a thousand endpoints most say nothing new.
class slowness_column final : public plugin_scratch {
  public:
    std::span<const double> read(const speeds& from, std::span<const endpoint> view,
                                 time_point now) {
        if (!still_fits(from, view)) find_all(from, view);
        for (const auto& k : found_) values_[k.position] = k.cell->at(now);
        return values_;
    }

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
        values_.assign(view.size(), 1);
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
    std::vector<double> values_;
    std::vector<place> found_;
};

/// Rates an endpoint by when it would have computed the prompt, and by what that costs others, in
/// seconds. With `work`, the uncached tokens over the pool's speed, and `queue`, the shortest queue
/// in the pool:
///
///     slowness · (tokens in flight / speed of the pool + work + request · requests there)
///         + work · (again · work / (work + small) + busy · queue + crowd · queue · requests there)
///         + memory pressure
///
/// The second line is for work that an endpoint with the prefix in its cache would not have to do.
/// While the pool has an idle endpoint, little work harms nobody and much of it pushes other
/// prefixes out: its weight grows with the work itself. When everybody queues, all work delays
/// whoever comes later (`busy`) and whoever is under way on that endpoint (`crowd`). The last one
/// keeps long prompts together, away from endpoints where many wait for little. Slowness does not
/// multiply any of this, or an endpoint wrongly held for slow would never be tried again.
class prefill_delay final : public plugin_of<scorer, pre_request_hook, response_hook> {
  public:
    explicit prefill_delay(const settings& s) : s_(s) {}

    void adopt(plugin& previous) override {
        speeds_ = static_cast<prefill_delay&>(previous).speeds_;
    }

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<slowness_column>();
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        if (candidates.empty()) return;
        const auto& load = *candidates.signals;
        const auto& uncached = candidates.data->numbers[s_.uncached];
        const auto per_token = speeds_->seconds_per_token();
        const auto slow =
            context.scratch<slowness_column>().read(*speeds_, candidates.endpoints, context.now);
        auto least = std::numeric_limits<double>::max();
        for (const auto e : candidates.indexes)
            least = std::min(least, load.inflight_tokens[e] * slow[e]);
        const auto queue = least * per_token;
        const weights w{per_token, s_.busy_weight * queue, s_.crowd_weight * queue};
        if (candidates.size() == candidates.endpoints.size() && uncached.present) {
            rate_all(load, slow.data(), uncached.values.data(), w, scores);
            return;
        }
        for (std::size_t i = 0; i < scores.size(); ++i) {
            const auto e = candidates[i];
            scores[i] = rate(load, e, slow[e], uncached.get(e, 0), w);
        }
    }

    void pre_request(const decision_context&, const candidate_view& candidates,
                     decision& chosen) override {
        const auto targets = chosen.primary_targets();
        if (targets.empty()) return;
        const auto e = targets[0];
        const auto& signals = *candidates.signals;
        // A full cache delays the first token for reasons that have nothing to do with speed.
        if (signals.kv_usage[e] > s_.kv_threshold) return;
        const auto tokens =
            signals.inflight_tokens[e] + candidates.data->numbers[s_.uncached].get(e, 0);
        if (tokens >= least_lesson) chosen.notes.push_back({index, tokens_ahead, tokens});
    }

    void first_chunk(const response_facts& facts) override {
        if (facts.status != 200 || !facts.stream || facts.first_token_seconds <= 0) return;
        const auto tokens = facts.chosen.note(index, tokens_ahead, 0);
        const auto targets = facts.chosen.primary_targets();
        if (tokens <= 0 || targets.empty()) return;
        speeds_->learn(facts.endpoints[targets[0]].key(), tokens, facts.first_token_seconds,
                       facts.now);
    }

  private:
    /// Below this the time to the first token is mostly something else.
    static constexpr double least_lesson = 1024;
    /// What a queued request that somebody else sent is taken to weigh.
    static constexpr double foreign_tokens = 1000;
    /// No work at all is divided by something.
    static constexpr double tiny = std::numeric_limits<double>::min();

    struct weights {
        double per_token;
        double busy;
        double crowd;
    };

    // Without a branch, so that the compiler can rate several endpoints at a time.
    double rate(const signal_columns& load, std::uint32_t e, double slow, double fresh,
                const weights& w) const {
        const bool trusted = fresh_enough(load, e);
        const auto ahead = load.inflight_tokens[e] + fresh + (trusted ? foreign(load, e) : 0);
        const auto work = fresh * w.per_token;
        const auto again = (s_.uncached_weight - 1) * work / (work + s_.small_ms / 1000 + tiny);
        const auto delay =
            slow * (ahead * w.per_token + load.inflight_requests[e] * s_.request_ms / 1000) +
            work * (again + w.busy + w.crowd * load.inflight_requests[e]) +
            (trusted ? pressure(load, e, fresh) : 0);
        return 1 / (1 + delay);
    }

    // Every endpoint is a candidate: a straight walk, several at a time.
    void rate_all(const signal_columns& load, const double* slow, const double* fresh,
                  const weights& w, std::span<double> scores) const {
        double* __restrict to = scores.data();
        for (std::uint32_t e = 0; e < scores.size(); ++e)
            to[e] = rate(load, e, slow[e], std::isnan(fresh[e]) ? 0 : fresh[e], w);
    }

    static bool fresh_enough(const signal_columns& load, std::uint32_t e) {
        return load.age_seconds[e] <= std::max(1.0, load.staleness_floor[e]);
    }

    // Queued requests that this gateway's own ones do not explain; some slack, because the page was
    // read a moment ago.
    static double foreign(const signal_columns& load, std::uint32_t e) {
        const auto unexplained =
            load.waiting[e] + load.running[e] - 1.1 * load.inflight_requests[e] - 2;
        return std::clamp(unexplained, 0.0, load.waiting[e]) * foreign_tokens;
    }

    // Seconds for a cache so full that the request may have to wait for memory.
    double pressure(const signal_columns& load, std::uint32_t e, double fresh) const {
        const auto reported = load.block_size[e] * load.block_count[e];
        const auto capacity = reported > 0 ? reported : std::numeric_limits<double>::infinity();
        const auto used = load.kv_usage[e] + (load.inflight_tokens[e] + fresh) / capacity;
        return std::max(0.0, used - s_.kv_threshold) * s_.kv_penalty_ms / 1000;
    }

    settings s_;
    std::shared_ptr<speeds> speeds_ = std::make_shared<speeds>();
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    s.uncached_weight = p.number("uncachedWeight", s.uncached_weight, at_least(0));
    s.small_ms = p.number("smallPromptMs", s.small_ms, at_least(0));
    s.busy_weight = p.number("busyWeight", s.busy_weight, at_least(0));
    s.crowd_weight = p.number("crowdWeight", s.crowd_weight, at_least(0));
    s.request_ms = p.number("requestMs", s.request_ms, at_least(0));
    s.kv_threshold = p.number("kvThreshold", s.kv_threshold, between(0, 1));
    s.kv_penalty_ms = p.number("kvPenaltyMs", s.kv_penalty_ms, at_least(0));
    const auto producer = p.text("inFlightLoadProducerName", "");
    s.uncached = context.consume(data_kind::uncached_tokens, producer, data_need::required);
    if (!p.ok()) return nullptr;
    return std::make_unique<prefill_delay>(s);
}

constexpr parameter_doc docs[] = {
    {"uncachedWeight", "float", "3",
     "what an uncached prompt token costs while an endpoint is idle; a queued one costs 1"},
    {"smallPromptMs", "float", "500",
     "uncached tokens that take as long to compute cost half of that surcharge, fewer less"},
    {"busyWeight", "float", "40",
     "how much dearer it is for each second of the shortest queue in the pool"},
    {"crowdWeight", "float", "0.15",
     "the same for each request under way on the endpoint: long prompts keep away from many"},
    {"requestMs", "float", "4", "what each request under way costs beside its prompt"},
    {"kvThreshold", "float", "0.9", "share of the KV cache from which on fullness costs"},
    {"kvPenaltyMs", "float", "5000", "what a whole cache above the threshold would cost"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
};

}  // namespace

extern const plugin_type prefill_delay_scorer = {
    .name = "prefill-delay-scorer",
    .level = stability::beta,
    .summary = "prefers the endpoint that would have computed the prompt first",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
