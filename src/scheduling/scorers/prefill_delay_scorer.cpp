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
    double uncached_weight = 2;
    double private_weight = 8;
    double small_ms = 500;
    double busy_weight = 10;
    double long_weight = 2;
    double patience = 4.5;  ///< seconds
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

    /// A first token came; any worker, when two come at once, one observation is lost.
    void note_lag(std::uint64_t key, double tokens, double seconds, time_point now) {
        const auto expected = cell::noise * tokens * seconds_per_token() + cell::unnoticed;
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
    struct cell {
        static constexpr double memory = 60;   ///< seconds of prefill
        static constexpr double prior = 10;    ///< seconds at the pool's pace that count as seen
        static constexpr double noise = 1.25;  ///< equal machines differ by as much

        static constexpr double fades_after = 30;    ///< seconds
        static constexpr double unnoticed = 0.25;    ///< seconds of lag that may be chance
        static constexpr double lag_share = 0.3;     ///< of the newest first token in the lag
        static constexpr double lag_forgotten = 20;  ///< seconds
        static constexpr double falls_silent = 30;   ///< seconds without a first token

        std::atomic<std::uint64_t> key{0};
        std::atomic<double> slowness{1};
        std::atomic<time_point> learned{};
        std::atomic<double> lag{0};
        std::atomic<time_point> answered{};
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

        /// Seconds by which first tokens came later lately than the tokens ahead of them explain:
        /// prompts wait for memory or for a seat there, or less was in its cache than believed.
        double lag_at(time_point now) const {
            const std::chrono::duration<double> age =
                now - answered.load(std::memory_order_relaxed);
            return lag.load(std::memory_order_relaxed) *
                   std::max(0.0, 1 - age.count() / lag_forgotten);
        }

        bool silent_at(time_point now) const {
            const std::chrono::duration<double> age =
                now - answered.load(std::memory_order_relaxed);
            return age.count() > falls_silent;
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

/// Keys of the notes that travel with a request.
enum note : std::uint32_t { tokens_ahead, short_of_memory };

/// What is known of the endpoints of a view. Between requests only the few numbers change that are
/// known, so only they are read again: of a thousand endpoints most say nothing new.
class speed_columns final : public plugin_scratch {
  public:
    void read(const speeds& from, std::span<const endpoint> view, time_point now) {
        if (!still_fits(from, view)) find_all(from, view);
        for (const auto& k : found_) {
            slowness_[k.position] = k.cell->at(now);
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
    std::vector<place> found_;
};

/// Rates an endpoint by when it would have computed the prompt, and by what that costs others, in
/// seconds. With `work`, the uncached tokens over the pool's speed, and `queue`, the shortest queue
/// in the pool:
///
///     queue there = slowness · (tokens in flight / speed of the pool + request · requests) + lag
///     delay       = queue there + slowness · work
///     work twice  = work · (again · work / (work + small) + busy · queue)
///     in time     = delay + long · patience · (queue / patience)² · work / usual work
///                   + work twice - the least of it in the pool + memory pressure
///     late        = the price of lateness + memory pressure / 4
///     cost        = one of the two
///
/// The line with `again` is for work that an endpoint with the prefix in its cache would not have
/// to do. While the pool has an idle endpoint, little of it harms nobody and much pushes other
/// prefixes out: its weight grows with the work itself, and is larger for a prefix that one
/// endpoint alone holds. When everybody queues, all work delays whoever comes later (`busy`).
/// Slowness does not multiply any of this, or an endpoint wrongly held for slow would never be
/// tried again.
///
/// Lateness: a first token later than `patience` is late however much later it comes. A prompt that
/// can be in time nowhere goes where it makes nobody else late: to an endpoint whose queue is
/// beyond `patience` already, the longer the better, and not to one that still serves others in
/// time. So a pool beyond its knee keeps an endpoint or two that are late anyway, and the others
/// serve all that fits. Without this everybody waits alike, all too long.
///
/// `long`: while queues are near `patience`, a prompt takes the place of work / usual work others,
/// so the longest are the first that do not fit; while queues are short it takes nobody's, hence
/// the square. What a late prompt computes twice delays only those who are late anyway and counts
/// nothing: a conversation whose prefix is lost waits there, and the others keep theirs.
///
/// An endpoint that gave no first token for a while may be stuck, and gathers nobody.
///
/// An endpoint whose page is old, or never came, counts as the most loaded of those whose page is
/// fresh: whoever fills in the signals says so, and that is believed here. Where no page is fresh,
/// only what this gateway has under way itself counts.
class prefill_delay final : public plugin_of<scorer, pre_request_hook, response_hook> {
  public:
    explicit prefill_delay(const settings& s) : s_(s) {}

    void adopt(plugin& previous) override {
        speeds_ = static_cast<prefill_delay&>(previous).speeds_;
    }

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<speed_columns>();
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        if (candidates.empty()) return;
        const auto c = columns_of(context, candidates);
        const auto w = weigh(candidates, c);
        if (candidates.size() == candidates.endpoints.size() && c.uncached.present) {
            rate_all(c, w, scores);
            return;
        }
        for (std::size_t i = 0; i < scores.size(); ++i) {
            const auto e = candidates[i];
            scores[i] = rate(c, e, c.uncached.get(e, 0), w);
        }
    }

    void inputs(const decision_context& context, const candidate_view& candidates,
                score_inputs& out) const override {
        if (candidates.empty()) return;
        const auto c = columns_of(context, candidates);
        const auto w = weigh(candidates, c);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            const auto fresh = c.uncached.get(e, 0);
            const auto seconds = terms_of(c, e, fresh, w);
            out.tell(i, "inFlight", c.load.inflight_requests[e]);
            out.tell(i, "inFlightTokens", c.load.inflight_tokens[e]);
            out.tell(i, "foreignTokens", w.told ? foreign(c.load, e) : 0);
            out.tell(i, "uncachedTokens", fresh);
            out.tell(i, "tokensPerSecond", 1 / w.per_token);
            out.tell(i, "slowness", c.slowness[e]);
            out.tell(i, "lagSeconds", c.lag[e]);
            out.tell(i, "silent", c.silent[e]);
            out.tell(i, "shortestQueueSeconds", w.queue);
            out.tell(i, "usualUncachedTokens", speeds_->usual_tokens());
            out.tell(i, "delaySeconds", seconds.delay);
            out.tell(i, "deadlineSeconds", w.deadline);
            out.tell(i, "costOfDelay", seconds.waiting);
            out.tell(i, "costToOthers", seconds.others);
            out.tell(i, "costOfMemory", seconds.memory);
        }
    }

    void pre_request(const decision_context&, const candidate_view& candidates,
                     decision& chosen) override {
        const auto targets = chosen.primary_targets();
        if (targets.empty()) return;
        const auto e = targets[0];
        const auto& signals = *candidates.signals;
        const auto fresh = candidates.data->numbers[s_.uncached].get(e, 0);
        const auto tokens = signals.inflight_tokens[e] + fresh;
        speeds_->note_prompt(fresh);
        chosen.notes.push_back({index, tokens_ahead, tokens});
        if (signals.kv_usage[e] > s_.kv_threshold)
            chosen.notes.push_back({index, short_of_memory, 1});
    }

    void first_chunk(const response_facts& facts) override {
        if (facts.status != 200 || !facts.stream || facts.first_token_seconds <= 0) return;
        const auto tokens = facts.chosen.note(index, tokens_ahead, 0);
        const auto targets = facts.chosen.primary_targets();
        if (tokens <= 0 || targets.empty()) return;
        const auto key = facts.endpoints[targets[0]].key();
        speeds_->note_lag(key, tokens, facts.first_token_seconds, facts.now);
        // A full cache delays the first token for reasons that have nothing to do with speed.
        if (tokens < least_lesson || facts.chosen.note(index, short_of_memory, 0) > 0) return;
        speeds_->learn(key, tokens, facts.first_token_seconds, facts.now);
    }

  private:
    /// Below this the time to the first token is mostly something else.
    static constexpr double least_lesson = 1024;
    /// What a queued request that somebody else sent is taken to weigh.
    static constexpr double foreign_tokens = 1000;
    /// No work at all is divided by something.
    static constexpr double tiny = std::numeric_limits<double>::min();
    /// Share of the patience that a prompt may wait for others, however long it is itself.
    static constexpr double least_wait = 0.3;
    /// What a late prompt costs, in patiences: as much more where it is hardly late, so that the
    /// late ones gather, and more again where others are still in time.
    static constexpr double hardly_late = 4;
    static constexpr double spoils_others = 4;
    /// Share of the memory pressure that counts for late prompts, who queue beyond any memory.
    static constexpr double late_pressure = 0.25;
    /// Seconds of work that only one endpoint is spared: its prefix counts as nobody else's.
    static constexpr double all_its_own = 0.1;

    /// What an endpoint is rated by, by its position in the view.
    struct columns {
        const signal_columns& load;
        const number_column& uncached;
        const double* slowness;
        const double* lag;
        const double* silent;
    };

    /// What is the same for all endpoints of one decision.
    struct weights {
        double per_token;
        double queue;  ///< seconds, the shortest of the candidates
        double busy;
        double again;     ///< what computing a prefix a second time costs, times the work
        double least;     ///< what work costs twice where it costs least
        double in_time;   ///< what work costs others where they are in time, times the work
        double deadline;  ///< seconds
        bool told;        ///< somebody's page is fresh; the numbers of the others are the worst
    };

    /// The delay, and the lines of the sum above, in seconds.
    struct terms {
        double delay;
        double waiting;  ///< the delay and what it costs, or the price of lateness
        double others;
        double memory;
    };

    columns columns_of(const decision_context& context, const candidate_view& candidates) const {
        auto& known = context.scratch<speed_columns>();
        known.read(*speeds_, candidates.endpoints, context.now);
        return {*candidates.signals, candidates.data->numbers[s_.uncached], known.slowness().data(),
                known.lag().data(), known.silent().data()};
    }

    weights weigh(const candidate_view& candidates, const columns& c) const {
        const auto per_token = speeds_->seconds_per_token();
        auto queue = std::numeric_limits<double>::max();
        auto least_work = std::numeric_limits<double>::max();
        auto second_work = least_work;
        bool told = false;
        for (const auto e : candidates.indexes) {
            told = told || fresh_enough(c.load, e);
            queue =
                std::min(queue, c.load.inflight_tokens[e] * c.slowness[e] * per_token + c.lag[e]);
            const auto fresh = c.uncached.get(e, 0);
            second_work = std::min(second_work, std::max(least_work, fresh));
            least_work = std::min(least_work, fresh);
        }
        // A prefix that two endpoints hold is likely to be asked for by others; what one alone
        // holds is somebody's own conversation, of no use anywhere else.
        const auto alone = std::min(1.0, (second_work - least_work) * per_token / all_its_own);
        const auto again =
            s_.uncached_weight - 1 + alone * (s_.private_weight - s_.uncached_weight);
        const auto busy = s_.busy_weight * queue;
        const auto usual = std::max(1.0, speeds_->usual_tokens()) * per_token;
        return {per_token,
                queue,
                busy,
                again,
                work_twice(least_work * per_token, again, busy),
                s_.long_weight * queue * queue / (s_.patience * usual),
                std::max(s_.patience, least_work * per_token + least_wait * s_.patience),
                told};
    }

    // Without a branch, so that the compiler can rate several endpoints at a time.
    terms terms_of(const columns& c, std::uint32_t e, double fresh, const weights& w) const {
        const auto& load = c.load;
        const auto ahead = load.inflight_tokens[e] + (w.told ? foreign(load, e) : 0);
        const auto work = fresh * w.per_token;
        const auto own_queue = c.slowness[e] * (ahead * w.per_token +
                                                load.inflight_requests[e] * s_.request_ms / 1000);
        const auto delay = own_queue + c.lag[e] + c.slowness[e] * work;
        const auto gathered = hardly_late * s_.patience / (delay + tiny) +
                              (own_queue > s_.patience ? 0 : spoils_others);
        const bool silent = c.silent[e] > 0;
        const auto late = s_.patience * (1 + (silent ? hardly_late + spoils_others : gathered)) +
                          (silent ? delay : 0);
        const bool is_late = delay > w.deadline;
        return {delay, is_late ? late : delay + work * w.in_time,
                is_late ? 0 : work_twice(work, w.again, w.busy) - w.least,
                w.told ? pressure(load, e, fresh) * (is_late ? late_pressure : 1) : 0};
    }

    /// What work costs that an endpoint with the prefix in its cache would be spared, in seconds.
    double work_twice(double work, double again, double busy) const {
        return work * (again * work / (work + s_.small_ms / 1000 + tiny) + busy);
    }

    double rate(const columns& c, std::uint32_t e, double fresh, const weights& w) const {
        const auto seconds = terms_of(c, e, fresh, w);
        return 1 / (1 + (seconds.waiting + seconds.others + seconds.memory));
    }

    // Every endpoint is a candidate: a straight walk, several at a time.
    void rate_all(const columns& c, const weights& w, std::span<double> scores) const {
        double* __restrict to = scores.data();
        const auto* fresh = c.uncached.values.data();
        for (std::uint32_t e = 0; e < scores.size(); ++e)
            to[e] = rate(c, e, std::isnan(fresh[e]) ? 0 : fresh[e], w);
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
    s.private_weight = p.number("privateWeight", s.private_weight, at_least(0));
    s.small_ms = p.number("smallPromptMs", s.small_ms, at_least(0));
    s.busy_weight = p.number("busyWeight", s.busy_weight, at_least(0));
    s.long_weight = p.number("longWeight", s.long_weight, at_least(0));
    s.patience = p.number("patienceMs", s.patience * 1000, at_least(1)) / 1000;
    s.request_ms = p.number("requestMs", s.request_ms, at_least(0));
    s.kv_threshold = p.number("kvThreshold", s.kv_threshold, between(0, 1));
    s.kv_penalty_ms = p.number("kvPenaltyMs", s.kv_penalty_ms, at_least(0));
    const auto producer = p.text("inFlightLoadProducerName", "");
    s.uncached = context.consume(data_kind::uncached_tokens, producer, data_need::required);
    if (!p.ok()) return nullptr;
    return std::make_unique<prefill_delay>(s);
}

constexpr parameter_doc docs[] = {
    {"uncachedWeight", "float", "2",
     "what an uncached prompt token costs while an endpoint is idle; a queued one costs 1"},
    {"privateWeight", "float", "8", "the same where one endpoint alone holds the prefix"},
    {"smallPromptMs", "float", "500",
     "uncached tokens that take as long to compute cost half of that surcharge, fewer less"},
    {"busyWeight", "float", "10",
     "how much dearer it is for each second of the shortest queue in the pool"},
    {"longWeight", "float", "2",
     "patiences that a prompt of usual length costs others who are in time once queues are as long "
     "as the patience; longer ones cost more and are the first to be late"},
    {"patienceMs", "float", "4500",
     "a first token later than this is late, however late; late prompts gather where nobody else "
     "is in time"},
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
