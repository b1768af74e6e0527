#include "flowcontrol/flow_item.hpp"

#include <doctest/doctest.h>

using namespace weir::flowcontrol;

TEST_SUITE("flowcontrol/flow_item") {
    TEST_CASE("each outcome has its status, text and word") {
        struct row {
            outcome how;
            int status;
            const char* ends;
            const char* word;
        };
        for (const auto& r :
             {row{outcome::rejected_capacity, 429,
                  "InferencePoolResourceExhausted - request rejected pre-queue: queue at capacity",
                  "rejected-saturated"},
              row{outcome::rejected_no_endpoints, 503,
                  "no endpoints available: request rejected pre-queue: no endpoints available",
                  "rejected-no-endpoints"},
              row{outcome::evicted_ttl, 429,
                  "request timed out in queue: request evicted from queue: request TTL expired",
                  "rejected-ttl-expired"},
              row{outcome::evicted_no_endpoints, 503,
                  "request evicted from queue: request TTL expired: no endpoints available",
                  "rejected-no-endpoints"},
              row{outcome::evicted_cancelled, 503,
                  "request evicted from queue: request context cancelled: context canceled",
                  "rejected-context-cancelled"},
              row{outcome::shutting_down, 503, "flow controller is not running",
                  "rejected-shutting-down"}}) {
            CAPTURE(r.ends);
            const auto rejection = rejection_for(r.how);
            CHECK(rejection.status == r.status);
            CHECK(rejection.text.ends_with(r.ends));
            CHECK(rejection.text.starts_with("inference gateway: "));
            CHECK(rejection.reason == r.word);
            CHECK(rejection.dropped_reason == r.word);
        }
    }
}
