#include "scheduling/prefill_delay.hpp"

#include <algorithm>
#include <limits>

namespace weir::scheduling {

namespace {

/// What a queued request that somebody else sent is taken to weigh, in tokens.
constexpr double foreign_request = 1000;
/// No work at all is divided by something.
constexpr double tiny = std::numeric_limits<double>::min();
/// Share of the patience that a prompt may wait for others, however long it is itself.
constexpr double least_wait = 0.1;
/// What a late prompt costs, in patiences, once the pool is overloaded: as much more where it is
/// hardly late, so that the late ones gather, and more again where others are still in time.
constexpr double hardly_late = 8;
constexpr double spoils_others = 4;
/// The mean queue of a pool that is overloaded, in patiences.
constexpr double overloaded = 1.25;
/// Share of the memory pressure that counts for late prompts, who queue beyond any memory.
constexpr double late_pressure = 0.25;
/// Seconds of work that only one endpoint is spared: its prefix counts as nobody else's.
constexpr double all_its_own = 0.1;

template <class Lanes>
WEIR_INLINE Lanes smaller(const Lanes& a, const Lanes& b) {
    return b < a ? b : a;
}

template <class Lanes>
WEIR_INLINE Lanes larger(const Lanes& a, const Lanes& b) {
    return a < b ? b : a;
}

/// `value` in each lane.
template <class Lanes>
WEIR_INLINE Lanes all(double value) {
    return Lanes{} + value;
}

/// Rounded to a thousandth or so: what is summed is exact, the same bits for any number of lanes.
template <class Lanes>
WEIR_INLINE Lanes coarse(const Lanes& seconds) {
    constexpr double whole_in_last_bit = 0x1.8p42;
    return (seconds + whole_in_last_bit) - whole_in_last_bit;
}

// Some slack, because the page was read a moment ago.
template <class Lanes>
WEIR_INLINE Lanes foreign(const delay_numbers<Lanes>& e, const delay_weights& w) {
    const Lanes unexplained = e.waiting + e.running - 1.1 * e.requests - 2.0;
    const Lanes requests = smaller(larger(unexplained, Lanes{}), e.waiting);
    return requests * foreign_request * w.told;
}

// Seconds for a cache so full that the request may have to wait for memory.
template <class Lanes>
WEIR_INLINE Lanes pressure(const delay_numbers<Lanes>& e, const delay_weights& w) {
    const auto endless = all<Lanes>(std::numeric_limits<double>::infinity());
    const Lanes capacity = e.kv_tokens > 0.0 ? e.kv_tokens : endless;
    const Lanes used = e.kv_usage + (e.tokens + e.uncached) / capacity;
    return larger<Lanes>(used - w.kv_threshold, Lanes{}) * w.kv_penalty * w.told;
}

// What work costs that an endpoint with the prefix in its cache would be spared, in seconds.
template <class Lanes>
WEIR_INLINE Lanes work_twice(const Lanes& work, const delay_weights& w) {
    return work * (w.again * work / (work + w.small) + w.busy);
}

template <class Lanes>
WEIR_INLINE delay_terms<Lanes> lane_terms(const delay_numbers<Lanes>& e, const delay_weights& w) {
    const Lanes work = e.uncached * w.per_token;
    const Lanes own_queue =
        e.slowness * ((e.ahead + foreign(e, w)) * w.per_token + e.requests * w.request);
    const Lanes delay = own_queue + e.lag + e.slowness * work;
    const Lanes spoilt = own_queue > w.patience ? Lanes{} : all<Lanes>(w.spoils_others);
    const Lanes gathered = w.late + w.hardly_late / (delay + tiny) + spoilt;
    const Lanes late = e.silent > 0.0 ? w.stuck + delay : gathered;
    const auto is_late = delay > w.deadline;
    const Lanes others = work_twice(work, w) - w.least;
    const Lanes memory = pressure(e, w);
    return {.delay = delay,
            .waiting = is_late ? w.slack * delay + late : delay + work * w.in_time,
            .others = is_late ? w.slack * others : others,
            .memory = is_late ? w.late_memory * memory : memory};
}

template <class Lanes>
WEIR_INLINE Lanes rate(const delay_numbers<Lanes>& e, const delay_weights& w) {
    const auto seconds = lane_terms(e, w);
    return 1.0 / (1.0 + (seconds.waiting + seconds.others + seconds.memory));
}

/// What the candidates that came by in each lane have least of, and how much they have to do.
template <class Lanes>
struct least {
    Lanes queue = all<Lanes>(std::numeric_limits<double>::max());  ///< seconds
    Lanes uncached = queue;                                        ///< tokens
    Lanes next_uncached = queue;                                   ///< of the rest
    Lanes told{};                                                  ///< 1: one's page was fresh
    Lanes queues{};                                                ///< seconds, their sum

    WEIR_INLINE void take_uncached(const Lanes& other) {
        next_uncached = smaller(next_uncached, larger(uncached, other));
        uncached = smaller(uncached, other);
    }
    WEIR_INLINE void take(const delay_numbers<Lanes>& e, double per_token) {
        const Lanes waits = e.ahead * e.slowness * per_token + e.lag;
        queue = smaller<Lanes>(queue, waits);
        queues += coarse(waits);
        told = e.age <= larger(e.staleness_floor, all<Lanes>(1)) ? all<Lanes>(1) : told;
        take_uncached(e.uncached);
    }
};

template <class Lanes>
WEIR_INLINE least<double> least_of_all(const delay_columns& c, std::size_t n, double per_token) {
    constexpr auto width = sizeof(Lanes) / sizeof(double);
    least<Lanes> lanes;
    std::size_t e = 0;
    for (; e + width <= n; e += width) lanes.take(c.at<Lanes>(e), per_token);
    least<double> out;
    for (; e < n; ++e) out.take(c.at<double>(e), per_token);
    for (std::size_t i = 0; i < width; ++i) {
        out.queue = smaller<double>(out.queue, lanes.queue[i]);
        out.queues += lanes.queues[i];
        out.told = larger<double>(out.told, lanes.told[i]);
        out.take_uncached(lanes.uncached[i]);
        out.take_uncached(lanes.next_uncached[i]);
    }
    return out;
}

least<double> least_of(const delay_columns& c, std::span<const std::uint32_t> indexes,
                       std::size_t endpoints, double per_token) {
    least<double> out;
    if (indexes.size() == endpoints) {
        with_widest_lanes([&]<class Lanes>() WEIR_INLINE_BODY {
            out = least_of_all<Lanes>(c, endpoints, per_token);
        });
        return out;
    }
    for (const auto e : indexes) out.take(c.at<double>(e), per_token);
    return out;
}

}  // namespace

delay_weights weigh_delays(const delay_settings& s, const delay_columns& c,
                           std::span<const std::uint32_t> indexes, std::size_t endpoints,
                           const pool_pace& pace) {
    const auto per_token = pace.seconds_per_token;
    const auto [queue, uncached, next_uncached, told, queues] =
        least_of(c, indexes, endpoints, per_token);
    const auto mean_queue = queues / static_cast<double>(indexes.size());
    const auto overload = std::min(1.0, mean_queue / (overloaded * s.patience));
    const auto late = overload * s.patience;
    // A prefix that two endpoints hold is likely to be asked for by others; what one alone holds
    // is somebody's own conversation, of no use anywhere else.
    const auto alone = std::min(1.0, (next_uncached - uncached) * per_token / all_its_own);
    const auto usual = std::max(1.0, pace.usual_tokens) * per_token;
    delay_weights w{
        .per_token = per_token,
        .uncached = uncached,
        .queue = queue,
        .busy = s.busy_weight * queue,
        .again = s.uncached_weight - 1 + alone * (s.private_weight - s.uncached_weight),
        .least = 0,
        .in_time = overload * s.long_weight * queue * queue / (s.patience * usual),
        .overload = overload,
        .slack = 1 - overload,
        .late = late,
        .hardly_late = late * hardly_late * s.patience,
        .spoils_others = late * spoils_others,
        .stuck = late * (1 + hardly_late + spoils_others),
        .late_memory = 1 - overload + late_pressure * overload,
        .deadline = std::max(s.patience, uncached * per_token + least_wait * s.patience),
        .small = s.small_ms / 1000 + tiny,
        .request = s.request_ms / 1000,
        .patience = s.patience,
        .kv_threshold = s.kv_threshold,
        .kv_penalty = s.kv_penalty_ms / 1000,
        .told = told};
    w.least = work_twice(uncached * per_token, w);
    return w;
}

void share_prefix(const delay_settings& s, delay_weights& w) {
    w.again = s.uncached_weight - 1;
    w.least = work_twice(w.uncached * w.per_token, w);
}

delay_terms<double> terms_of(const delay_numbers<double>& e, const delay_weights& w) {
    return lane_terms(e, w);
}

double foreign_tokens(const delay_numbers<double>& e, const delay_weights& w) {
    return foreign(e, w);
}

void rate_delays(const delay_columns& c, std::span<const std::uint32_t> indexes,
                 std::size_t endpoints, const delay_weights& w, double* scores) {
    if (indexes.size() != endpoints) {
        for (std::size_t i = 0; i < indexes.size(); ++i)
            scores[i] = rate(c.at<double>(indexes[i]), w);
        return;
    }
    with_widest_lanes([&]<class Lanes>() WEIR_INLINE_BODY {
        walk_lanes<Lanes>(endpoints, [&]<class L>(std::size_t e) WEIR_INLINE_BODY {
            store_lanes(scores + e, rate(c.at<L>(e), w));
        });
    });
}

}  // namespace weir::scheduling
