#pragma once

#include "base/clock.hpp"

namespace weir::proxy {

/// The limits of one request that one timer watches. The zero time is off.
struct deadlines {
    time_point request{};  ///< the whole answer: the route's timeouts.request or --request-timeout
    time_point attempt{};  ///< this attempt, to the end of its answer: timeouts.backendRequest
    time_point first_byte{};  ///< the head of this attempt's answer: --first-byte-timeout
    time_point idle{};        ///< the next bytes of an answer under way: --stream-idle-timeout

    /// When the timer is due; zero when nothing is limited.
    time_point nearest() const {
        time_point first{};
        for (const auto t : {request, attempt, first_byte, idle}) {
            if (t != time_point{} && (first == time_point{} || t < first)) first = t;
        }
        return first;
    }

    /// False for a timer that was armed for a limit that is off by now.
    bool any_over(time_point now) const {
        const auto first = nearest();
        return first != time_point{} && first <= now;
    }

    /// The request as a whole is out of time: no further attempt helps.
    bool request_over(time_point now) const { return request != time_point{} && request <= now; }
};

}  // namespace weir::proxy
