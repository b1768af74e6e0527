#include "datalayer/scrape_job.hpp"

#include <doctest/doctest.h>

#include "packing.hpp"
#include "scrape_fixture.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;

TEST_SUITE("datalayer/scrape_job") {
    TEST_CASE("a page is read again and again over one connection") {
        fake_server server([](const auto&) { return fake_server::ok(vllm_page); });
        scrape_fixture f({endpoint_at(server.port())});
        REQUIRE(f.until([&] { return server.requests() >= 5; }));
        auto& s = f.state();
        CHECK(server.connections() == 1);
        CHECK(s.waiting == 7);
        CHECK(s.running == 3);
        CHECK(s.kv_usage == 0.5);
        CHECK(s.block_size == 16);
        CHECK(s.block_count == 100);
        CHECK(s.staleness_floor >= 0.15);
        REQUIRE(s.lora.load() != nullptr);
        CHECK(s.lora.load()->active == std::vector<std::string>{"a"});
        CHECK(f.loop.now() - weir::from_ns(s.updated_ns) < 1s);
        CHECK(f.report().engine == "vllm");
        CHECK(f.report().error.empty());
        CHECK(f.scrape.first_round_done());
    }

    TEST_CASE("failures are counted by kind and never refresh the data") {
        using fs = fake_server;
        const std::vector<std::pair<scrape_error, fs::answer>> cases = {
            {scrape_error::status, fs::status(404)},
            {scrape_error::status, fs::status(401)},
            {scrape_error::status, fs::status(500)},
            {scrape_error::redirect, fs::status(302, "Location: http://127.0.0.1:1/metrics\r\n")},
            {scrape_error::not_metrics, fs::ok("<html><body>hello</body></html>")},
            {scrape_error::not_metrics, fs::ok("[{\"iter\":1}]")},
            {scrape_error::no_family, fs::ok("process_cpu_seconds_total 12\n")},
            {scrape_error::closed, {"", true, false}},
            {scrape_error::protocol, {"hello\r\n\r\n", true, false}},
            {scrape_error::truncated,
             {"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + vllm_page, true, false}},
            {scrape_error::truncated,
             {"HTTP/1.0 200 OK\r\n\r\n" + vllm_page + "vllm:num_requ", true, false}},
            {scrape_error::encoding, fs::ok("xxxx", "Content-Encoding: br\r\n")},
            {scrape_error::encoding, fs::ok("xxxxxxxxxxxxxxx", "Content-Encoding: gzip\r\n")},
            {scrape_error::truncated,
             fs::ok(pack(vllm_page).substr(0, 60), "Content-Encoding: gzip\r\n")},
            {scrape_error::timeout, {"", false, true}},
        };
        for (const auto& [kind, answer] : cases) {
            const auto expected = std::string(to_string(kind));
            CAPTURE(expected);
            CAPTURE(answer.bytes);
            const auto a = answer;
            fake_server server([a](const auto&) { return a; });
            scrape_fixture f({endpoint_at(server.port())});
            CHECK(f.until_error(kind));
            CHECK(f.state().updated_ns == 0);
            CHECK(f.state().waiting == 0);
            CHECK_FALSE(f.report().error.empty());
            CHECK(f.until([&] { return f.scrape.first_round_done(); }));
        }
    }

    TEST_CASE("a port that refuses is a failed first round, not a blocked one") {
        std::uint16_t port = 0;
        {
            port = fake_server([](const auto&) { return fake_server::answer{}; }).port();
        }
        scrape_fixture f({endpoint_at(port)});
        CHECK(f.until_error(scrape_error::connect, 2));
        CHECK(f.scrape.first_round_done());
        CHECK(f.report().error == "connection refused");
        CHECK(f.state().health == endpoint_health::ready);
    }

    TEST_CASE("data of a page that turns bad stays, and ages") {
        std::atomic<bool> bad{false};
        fake_server server([&](const auto&) {
            return bad ? fake_server::ok(
                             "vllm:num_requests_waiting NaN\nvllm:num_requests_running 9\n"
                             "vllm:kv_cache_usage_perc 0.1\n")
                       : fake_server::ok(vllm_page);
        });
        scrape_fixture f({endpoint_at(server.port())});
        REQUIRE(f.until([&] { return f.state().updated_ns != 0; }));
        bad = true;
        REQUIRE(f.until([&] { return f.state().running == 9; }));
        CHECK(f.state().waiting == 7);
        const auto updated = f.state().updated_ns.load();
        const auto seen = f.scrape.counters().scrapes;
        REQUIRE(f.until([&] { return f.scrape.counters().scrapes >= seen + 3; }));
        CHECK(f.state().updated_ns == updated);
        CHECK(f.scrape.counters().ignored_samples >= 3);
    }

    TEST_CASE(
        "a server that closes each connection, and gzip that nobody asked for, are read all the "
        "same") {
        fake_server server([](const auto&) {
            return fake_server::answer{
                "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + pack(vllm_page), true, false};
        });
        scrape_fixture f({endpoint_at(server.port())});
        CHECK(f.until([&] { return f.state().waiting == 7 && server.connections() >= 3; }));
        CHECK(f.report().error.empty());
    }

    TEST_CASE("an endless page and a gzip bomb end at 8 MiB") {
        const std::string bomb = pack(std::string(20U << 20U, '\n'));
        const std::string endless = std::string(9U << 20U, '\n');
        for (const bool packed : {true, false}) {
            fake_server server([&](const auto&) {
                return packed ? fake_server::ok(bomb, "Content-Encoding: gzip\r\n")
                              : fake_server::ok(endless);
            });
            scrape_fixture f({endpoint_at(server.port())});
            CHECK(f.until_error(scrape_error::too_large));
            CHECK(f.state().updated_ns == 0);
        }
    }

    TEST_CASE(
        "trtllm-serve: the JSON page is turned away and the other path is read, labelled or not") {
        const std::string text = "trtllm_num_requests_waiting 4\ntrtllm_num_requests_running 1\n";
        for (const bool labelled : {true, false}) {
            fake_server server([&](const std::string& target) {
                return target == "/prometheus/metrics" ? fake_server::ok(text)
                                                       : fake_server::ok("[]");
            });
            auto source = endpoint_at(server.port());
            if (labelled) source.labels = {{"llm-d.ai/engine-type", "trtllm-serve"}};
            scrape_fixture f({source});
            CHECK(f.until([&] { return f.state().waiting == 4; }));
            CHECK(f.report().engine == "trtllm-serve");
            CHECK((f.errors(scrape_error::not_metrics) == 0) == labelled);
        }
    }

    TEST_CASE("a missing family is reported with the nearest name on the page") {
        fake_server server([](const auto&) {
            return fake_server::ok(
                "vllm:num_requests_waiting 1\nvllm:num_requests_running 1\n"
                "vllm:kv_cache_usage_percent{engine=\"0\"} 0.5\n"
                "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"1\"} 1\n");
        });
        scrape_fixture f({endpoint_at(server.port())});
        REQUIRE(f.until([&] { return !f.report().missing.empty(); }));
        const auto missing = f.report().missing;
        REQUIRE(missing.size() == 1);
        CHECK(missing[0].wanted == "vllm:kv_cache_usage_perc");
        CHECK(missing[0].nearest == "vllm:kv_cache_usage_percent");
    }

    TEST_CASE("a slow page is never asked for twice at a time") {
        fake_server server([](const auto&) { return fake_server::answer{"", false, true}; });
        scrape_fixture f({endpoint_at(server.port())});
        REQUIRE(f.until_error(scrape_error::timeout));
        CHECK(server.requests() == 1);
    }
}
