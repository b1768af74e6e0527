#include "proxy/reply.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace weir;
using namespace weir::proxy;

TEST_SUITE("proxy/reply") {
    TEST_CASE("a decision without a target is told in status, code word and both reason words") {
        struct row {
            decision_error error;
            int status;
            std::string_view text;
            std::string_view reason;
            std::string_view dropped;
            int retry_after;
        };
        for (const auto& r : {
                 row{decision_error::filters_empty, 429,
                     "inference gateway: InferencePoolResourceExhausted - why", "filters-empty",
                     "rejected-saturated", 1},
                 row{decision_error::no_target, 429,
                     "inference gateway: InferencePoolResourceExhausted - why", "filters-empty", "",
                     1},
                 row{decision_error::screened_out, 503,
                     "inference gateway: ServiceUnavailable - why", "no-endpoints",
                     "rejected-no-endpoints", 1},
                 row{decision_error::not_admitted, 500, "inference gateway: Internal - why",
                     "saturated", "", 0},
                 row{decision_error::precondition_failed, 412,
                     "inference gateway: PreconditionFailed - why", "bad-request", "", 0},
                 row{decision_error::internal, 500, "inference gateway: Internal - why",
                     "invalid-backend", "", 0},
             }) {
            CAPTURE(r.text);
            decision failed;
            failed.error = r.error;
            failed.message = "why";
            const auto reply = reply_for(failed);
            CHECK(reply.status == r.status);
            CHECK(reply.text == r.text);
            CHECK(reply.reason == r.reason);
            CHECK(reply.dropped_reason == r.dropped);
            CHECK(reply.retry_after == r.retry_after);
        }
    }

    TEST_CASE("a refused body keeps its field and reason, and its text gets the prefix") {
        const auto reply =
            reply_for(payload::refusal{400, "messages is empty", "bad-request", "messages"});
        CHECK(reply.status == 400);
        CHECK(reply.text == "inference gateway: BadRequest - messages is empty");
        CHECK(reply.reason == "bad-request");
        CHECK(reply.param == "messages");
        CHECK(reply.retry_after == 0);
    }

    TEST_CASE("a rejection of admission goes out word for word") {
        flowcontrol::rejection why;
        why.status = 503;
        why.text = "the whole text";
        why.reason = "rejected-no-endpoints";
        why.dropped_reason = "rejected-no-endpoints";
        const auto reply = reply_for(why);
        CHECK(reply.status == 503);
        CHECK(reply.text == "the whole text");
        CHECK(reply.dropped_reason == "rejected-no-endpoints");
        CHECK(reply.retry_after == 1);
    }

    TEST_CASE("a refused head is told as the wire says it; only overload asks to come again") {
        const auto large =
            reply_for(http::head_error{431, "head-too-large", "too large (--max-head)"});
        CHECK(large.text == "too large (--max-head)");
        CHECK(large.retry_after == 0);
        CHECK(reply_for(http::head_error{503, "overloaded", "full"}).retry_after == 1);
        CHECK(unsupported_encoding().status == 415);
        CHECK(malformed("x").text == "malformed request: x");
        CHECK(misdirected().status == 421);
    }
}
