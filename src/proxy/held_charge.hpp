#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "datalayer/inflight.hpp"
#include "proxy/telemetry.hpp"
#include "weir/decision.hpp"

namespace weir::proxy {

/// What a request holds at one endpoint, and until when: the endpoint's own counts, and the gauges
/// that show them. Given back exactly once. Worker thread.
class held_charge {
  public:
    void take(const std::shared_ptr<datalayer::endpoint_state>& state, const load_charge& terms,
              inflight_gauges shown) {
        release();
        terms_ = terms;
        terms_.tokens = std::max<std::int64_t>(terms.tokens, 0);
        guard_ = datalayer::inflight_guard(state, terms_.tokens);
        shown_ = shown;
        if (shown_.requests == nullptr) return;
        shown_.requests->add();
        shown_.tokens->add(static_cast<double>(terms_.tokens));
    }

    const load_charge& terms() const { return terms_; }
    bool holds(const std::shared_ptr<datalayer::endpoint_state>& state) const {
        return guard_.state() == state;
    }

    /// The answer's first chunk has come.
    void answer_began() {
        if (terms_.requests_until == release_at::first_chunk) {
            release();
        } else if (terms_.tokens_until == release_at::first_chunk) {
            release_tokens();
        }
    }

    void release() {
        if (!guard_.active()) return;
        release_tokens();
        guard_.release();
        if (shown_.requests != nullptr) shown_.requests->add(-1);
        shown_ = {};
    }

  private:
    void release_tokens() {
        if (shown_.tokens != nullptr) shown_.tokens->add(-static_cast<double>(guard_.tokens()));
        guard_.release_tokens();
    }

    datalayer::inflight_guard guard_;
    load_charge terms_;
    inflight_gauges shown_;
};

}  // namespace weir::proxy
