#pragma once

#include <memory>
#include <optional>

#include "proxy/decision_ring.hpp"
#include "proxy/runtime.hpp"

/// A recorded decision, made again from the signals that were read then.
namespace weir::admin {

struct replayed {
    /// The pool's endpoints of today, whatever their version; null when there is no such pool.
    std::shared_ptr<const datalayer::pool_view> view;
    signal_columns signals;  ///< as they were read then, in the columns of `view`
    /// Empty when the configuration or the endpoints have changed since, or nothing was decided.
    std::optional<scheduling::explanation> again;
    bool exact = false;  ///< the scores of today are those of then
};

/// Names the candidates of a record where the pool's endpoints are still those of then.
void name_candidates(const proxy::runtime* current, proxy::decision_record& r);

replayed replay(const proxy::runtime* current, const proxy::decision_record& r, time_point now);

}  // namespace weir::admin
