#include "admin/decision_stream.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/decision_stream") {
    TEST_CASE("the stream tells a new decision, then that it ended, and nothing old") {
        fixture f;
        f.on_loop([&] { f.about.records.push_back(f.about.record("before")); });
        std::string out;
        const std::string request =
            "GET /v1/decisions/stream HTTP/1.1\r\nhost: " + f.authority() + "\r\n\r\n";
        std::thread reader([&] { out = f.exchange(request, "event: update"); });
        f.on_loop([&] {
            auto r = f.about.record("fresh");
            r.wall_ms = 4'000'000'000'000;  // later than any start of the stream
            r.total_ms = -1;
            f.about.records.push_back(r);
        });
        // The first event is seen before the decision ends: the stream polls in between.
        f.exchange(request, "event: decision");
        f.exchange(request, ": still here");
        f.on_loop([&] { f.about.records.back().total_ms = 5; });
        reader.join();
        CHECK(out.find("content-type: text/event-stream") != std::string::npos);
        CHECK(out.find("\"id\":\"fresh\"") != std::string::npos);
        CHECK(out.find("event: decision") < out.find("event: update"));
        CHECK(out.find("before") == std::string::npos);
    }

    TEST_CASE("the end of a request that was under way when the stream began is told, once") {
        fixture f;
        f.on_loop([&] {
            auto r = f.about.record("under-way");
            r.wall_ms = 1000;
            r.total_ms = -1;
            f.about.records.push_back(r);
        });
        std::string out;
        const std::string request =
            "GET /v1/decisions/stream HTTP/1.1\r\nhost: " + f.authority() + "\r\n\r\n";
        std::thread reader([&] { out = f.exchange(request, ": still here"); });
        f.exchange(request, ": decisions");
        f.on_loop([&] { f.about.records.back().total_ms = 4e12F; });
        reader.join();
        const auto told = out.find("event: update");
        REQUIRE(told != std::string::npos);
        CHECK(out.find("\"id\":\"under-way\"") > told);
        CHECK(out.find("event: ", told + 1) == std::string::npos);
    }
}
