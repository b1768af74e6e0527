#include "admin/decision_json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir;
using namespace weir::admin;

namespace {

/// A negative total stands for a candidate that filters left out.
proxy::decision_record with_totals(std::initializer_list<double> totals) {
    proxy::decision_record r;
    r.request_id = "r1";
    r.wall_ms = 1'772'366'400'123;
    r.total_ms = -1;
    r.first_byte_ms = -1;
    for (const double t : totals) {
        r.candidates.emplace_back();
        r.candidates.back().endpoint = static_cast<std::uint32_t>(r.candidates.size() - 1);
        r.candidates.back().filtered = t < 0;
        r.candidates.back().total = t;
    }
    return r;
}

std::string json_of(const proxy::decision_record& r) {
    json_writer w;
    write_decision(w, r);
    return w.take();
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("admin/decision_json") {
    TEST_CASE("the margin is the winner's lead over the second of those that filters left") {
        const auto text = json_of(with_totals({1.5, -1.0, 4.0, 3.0}));
        CHECK(has(text, R"("margin":1,)"));
        CHECK(has(text, R"("candidatesIn":4,"candidatesOut":3)"));
        CHECK(has(json_of(with_totals({2.0})), R"("margin":null)"));
        CHECK(has(json_of(with_totals({})), R"("candidatesIn":0,"candidatesOut":0,"margin":null)"));
    }

    TEST_CASE("a request under way has no times yet") {
        auto r = with_totals({1.0});
        auto text = json_of(r);
        CHECK(has(text, R"("done":false)"));
        CHECK(has(text, R"("firstByteMs":null,"totalMs":null)"));
        CHECK(has(text, R"("time":"2026-03-01T12:00:00.123Z")"));
        r.first_byte_ms = 2;
        r.total_ms = 8;
        text = json_of(r);
        CHECK(has(text, R"("done":true)"));
        CHECK(has(text, R"("firstByteMs":2,"totalMs":8)"));
    }

    TEST_CASE("a candidate without a recorded name is known by its number") {
        auto r = with_totals({1.0F, 2.0F});
        CHECK(candidate_name(r, 1) == "#1");
        r.endpoint_names = {"default/a"};
        CHECK(candidate_name(r, 0) == "default/a");
        CHECK(candidate_name(r, 1) == "#1");
    }

    TEST_CASE("texts of clients are escaped") {
        auto r = with_totals({});
        r.model = "a\"b\n";
        CHECK(has(json_of(r), R"("model":"a\"b\n")"));
    }
}
