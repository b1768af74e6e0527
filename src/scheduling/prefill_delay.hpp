#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/lanes.hpp"

namespace weir::scheduling {

/// What one endpoint is rated by, or several at a time. Seconds unless another unit is named.
template <class Lanes>
struct delay_numbers {
    Lanes waiting;
    Lanes running;
    Lanes kv_usage;
    Lanes age;
    Lanes staleness_floor;
    Lanes kv_tokens;  ///< of the whole cache; 0 unknown
    Lanes requests;   ///< in flight
    Lanes tokens;     ///< in flight
    Lanes ahead;      ///< those of them that are yet to be computed
    Lanes uncached;   ///< tokens of the prompt
    Lanes slowness;   ///< times as slow as the pool
    Lanes lag;
    Lanes silent;  ///< 1: yes
};

/// The same of a whole view, by position.
struct delay_columns {
    const double* waiting;
    const double* running;
    const double* kv_usage;
    const double* age;
    const double* staleness_floor;
    const double* block_size;
    const double* block_count;
    const double* requests;
    const double* tokens;
    const double* done;      ///< of these, computed by now
    const double* uncached;  ///< NaN: not produced
    const double* slowness;
    const double* lag;
    const double* silent;

    template <class Lanes>
    WEIR_INLINE delay_numbers<Lanes> at(std::size_t e) const {
        const auto fresh = load_lanes<Lanes>(uncached + e);
        const auto sent = load_lanes<Lanes>(tokens + e);
        const auto ahead = sent - load_lanes<Lanes>(done + e);
        return {load_lanes<Lanes>(waiting + e),
                load_lanes<Lanes>(running + e),
                load_lanes<Lanes>(kv_usage + e),
                load_lanes<Lanes>(age + e),
                load_lanes<Lanes>(staleness_floor + e),
                load_lanes<Lanes>(block_size + e) * load_lanes<Lanes>(block_count + e),
                load_lanes<Lanes>(requests + e),
                sent,
                ahead > 0.0 ? ahead : Lanes{},
                fresh > 0.0 ? fresh : Lanes{},
                load_lanes<Lanes>(slowness + e),
                load_lanes<Lanes>(lag + e),
                load_lanes<Lanes>(silent + e)};
    }
};

/// What is the same for all endpoints of one decision. Seconds unless another unit is named.
struct delay_weights {
    double per_token;
    double uncached;  ///< tokens, where the prompt has least
    double queue;     ///< the shortest of the candidates
    double busy;
    double again;          ///< what computing a prefix a second time costs, times the work
    double least;          ///< what work costs twice where it costs least
    double in_time;        ///< what work costs others where they are in time, times the work
    double overload;       ///< 0: all can be in time; 1: not all, wherever they go
    double slack;          ///< 1 - overload
    double late;           ///< the price of lateness where it costs least
    double hardly_late;    ///< divided by the delay: more of it, so that the late ones gather
    double spoils_others;  ///< more of it where others are still in time
    double stuck;          ///< where nothing was answered lately
    double late_memory;    ///< share of the memory pressure that counts for late prompts
    double deadline;
    double small;
    double request;
    double patience;
    double kv_threshold;  ///< share
    double kv_penalty;
    double told;  ///< 1: somebody's page is fresh, the numbers of the others are the worst; 0: none
};

/// The delay, and the lines of the sum below, in seconds.
template <class Lanes>
struct delay_terms {
    Lanes delay;
    Lanes waiting;  ///< the delay and what it costs, or the price of lateness
    Lanes others;
    Lanes memory;
};

/// What the parameters of `prefill-delay-scorer` say.
struct delay_settings {
    double uncached_weight = 2;
    double private_weight = 8;
    double small_ms = 500;
    double busy_weight = 10;
    double long_weight = 2;
    double patience = 4.7;     ///< seconds
    double shared_within = 1;  ///< seconds
    double request_ms = 4;
    double kv_threshold = 0.9;
    double kv_penalty_ms = 5000;
};

/// What the pool showed lately.
struct pool_pace {
    double seconds_per_token;
    double usual_tokens;  ///< uncached ones of a prompt, the mean
};

/// Of one decision among `indexes`, at least one, of that many endpoints.
delay_weights weigh_delays(const delay_settings& s, const delay_columns& c,
                           std::span<const std::uint32_t> indexes, std::size_t endpoints,
                           const pool_pace& pace);

/// The same for a prefix that others asked for a moment ago: it is nobody's own.
void share_prefix(const delay_settings& s, delay_weights& w);

/// What an endpoint is rated by: when it would have computed the prompt, and what that costs
/// others, in seconds. With `work`, the uncached tokens over the pool's speed, and `queue`, the
/// shortest queue in the pool:
///
///     queue there = slowness · (tokens ahead / speed of the pool + request · requests) + lag
///     delay       = queue there + slowness · work
///     work twice  = work · (again · work / (work + small) + busy · queue)
///     plain       = delay + work twice - the least of it in the pool + memory pressure
///     overload    = mean queue / (1.25 · patience), at most 1
///     in time     = plain + overload · long · patience · (queue / patience)² · work / usual work
///     late        = overload · (the price of lateness + memory pressure / 4)
///                   + (1 - overload) · plain
///     cost        = one of the two
///
/// Tokens ahead are those in flight but for what the prompt in turn has behind it: half way through
/// a long one, half of it is nobody's delay any more.
///
/// The line with `again` is for work that an endpoint with the prefix in its cache would not have
/// to do. While the pool has an idle endpoint, little of it harms nobody and much pushes other
/// prefixes out: its weight grows with the work itself, and is larger for a prefix that one
/// endpoint alone holds and nobody else asked for just now. When everybody queues, all work delays
/// whoever comes later (`busy`). Slowness does not multiply any of this, or an endpoint wrongly
/// held for slow would never be tried again.
///
/// Lateness: a first token later than `patience` is late however much later it comes. A prompt that
/// can be in time nowhere goes where it makes nobody else late: to an endpoint whose queue is
/// beyond `patience` already, the longer the better, and not to one that still serves others in
/// time. So a pool beyond its knee keeps an endpoint or two that are late anyway, and the others
/// serve all that fits. Without this everybody waits alike, all too long. While the pool has less
/// to do than it can do in time (`overload`), a late prompt takes nobody's place: it goes where it
/// is served first, as any other, and nobody is given up.
///
/// `long`: while queues are near `patience`, a prompt takes the place of work / usual work others,
/// so the longest are the first that do not fit; while queues are short it takes nobody's, hence
/// the square. Beyond the knee, what a late prompt computes twice delays only those who are late
/// anyway and counts nothing: a conversation whose prefix is lost waits there, and the others keep
/// theirs.
///
/// An endpoint that gave no first token for a while may be stuck, and gathers nobody.
///
/// An endpoint whose page is old, or never came, counts as the most loaded of those whose page is
/// fresh: whoever fills in the signals says so, and that is believed here. Where no page is fresh,
/// only what this gateway has under way itself counts.
delay_terms<double> terms_of(const delay_numbers<double>& e, const delay_weights& w);

/// 1 / (1 + cost) of each of `indexes`, of that many endpoints.
void rate_delays(const delay_columns& c, std::span<const std::uint32_t> indexes,
                 std::size_t endpoints, const delay_weights& w, double* scores);

/// Tokens in the queue there that somebody else sent.
double foreign_tokens(const delay_numbers<double>& e, const delay_weights& w);

}  // namespace weir::scheduling
