#include "proxy/access_line.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::proxy;

TEST_SUITE("proxy/access_line") {
    TEST_CASE("two letters say who ended a request and where") {
        struct row {
            end_cause cause;
            life_phase phase;
            std::string_view reason;
            std::string_view letters;
        };
        for (const auto& r : {
                 row{end_cause::natural, life_phase::data, "", "--"},
                 row{end_cause::client_disconnect, life_phase::request, "client-gone", "CR"},
                 row{end_cause::client_disconnect, life_phase::queue, "client-gone", "CQ"},
                 row{end_cause::client_disconnect, life_phase::headers, "client-gone", "CH"},
                 row{end_cause::client_disconnect, life_phase::data, "client-gone", "CD"},
                 row{end_cause::error, life_phase::request, "bad-body", "PR"},
                 row{end_cause::error, life_phase::request, "request-timeout", "cR"},
                 row{end_cause::error, life_phase::request, "no-endpoints", "SC"},
                 row{end_cause::error, life_phase::headers, "connect-failed", "SC"},
                 row{end_cause::error, life_phase::headers, "upstream-reset", "SH"},
                 row{end_cause::error, life_phase::data, "upstream-reset", "SD"},
                 row{end_cause::error, life_phase::headers, "upstream-timeout", "sH"},
                 row{end_cause::error, life_phase::data, "upstream-timeout", "sD"},
                 row{end_cause::error, life_phase::headers, "bad-upstream", "PH"},
                 row{end_cause::error, life_phase::queue, "rejected-ttl-expired", "sQ"},
                 row{end_cause::error, life_phase::queue, "rejected-saturated", "PQ"},
                 row{end_cause::evicted, life_phase::headers, "evicted", "KH"},
                 row{end_cause::evicted, life_phase::data, "evicted", "KD"},
             }) {
            CAPTURE(r.reason);
            CHECK(end_letters(r.cause, r.phase, r.reason) == r.letters);
        }
    }

    TEST_CASE("times count from the first byte; what is not known has no field") {
        const time_point start{std::chrono::seconds(5)};
        request_notes notes;
        notes.path = "/\xFF\n";
        notes.headers = start + std::chrono::microseconds(3);
        notes.queued = start + std::chrono::microseconds(10);
        access_line line;
        line.received = start;
        line.ended = start + std::chrono::microseconds(40);
        const auto text = to_json(line, notes);
        CHECK(text.find(R"("t_headers":3,)") != std::string::npos);
        CHECK(text.find(R"("t_queue":30,"t_total":40)") != std::string::npos);
        CHECK(text.find("\"path\":\"/\xEF\xBF\xBD\\n\"") != std::string::npos);
        for (const char* absent :
             {"t_body", "endpoint", "tok_in", "trace_id", "decision", "detail"}) {
            CAPTURE(absent);
            CHECK(text.find("\"" + std::string(absent)) == std::string::npos);
        }
    }

    TEST_CASE("only a traceparent of the standard's shape gives ids") {
        const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for (const auto& [text, valid] : {
                 std::pair{good, true},
                 {std::string("00-abc"), false},
                 {"00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false},
                 {std::string(55, '-'), false},
                 {good + "-more", false},
                 {"01" + good.substr(2) + "-more", true},
                 {"01" + good.substr(2) + "more", false},
                 {"ff" + good.substr(2), false},
                 {"0x" + good.substr(2), false},
                 {"00-" + std::string(32, '0') + "-00f067aa0ba902b7-01", false},
                 {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false},
             }) {
            CAPTURE(text);
            request_notes notes;
            notes.traceparent = text;
            const auto json = to_json({}, notes);
            CHECK((json.find("\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"") !=
                   std::string::npos) == valid);
        }
    }
}
