#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/decision_ring.hpp"
#include "proxy/runtime.hpp"

/// A recorded decision, made again from the signals that were read then.
namespace weir::admin {

/// How the scores of a replayed decision are known.
enum class score_source : std::uint8_t {
    today,       ///< neither of the others: what the same signals give today
    recomputed,  ///< they came out as they were
    recorded,    ///< they were written down: a scorer knew more than the signals say
};

struct replayed {
    /// The pool's endpoints of today, whatever their version; null when there is no such pool.
    std::shared_ptr<const datalayer::pool_view> view;
    signal_columns signals;  ///< as they were read then, in the columns of `view`
    /// Empty when the configuration or the endpoints have changed since, or nothing was decided.
    std::optional<scheduling::explanation> again;
    score_source source = score_source::today;

    bool exact() const { return source != score_source::today; }
};

/// Names the candidates of a record where the pool's endpoints are still those of then.
void name_candidates(const proxy::runtime* current, proxy::decision_record& r);

replayed replay(const proxy::runtime* current, const proxy::decision_record& r, time_point now);

}  // namespace weir::admin
