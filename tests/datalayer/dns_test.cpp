#include "datalayer/dns.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "loop_until.hpp"

using namespace std::chrono_literals;
using namespace weir::datalayer;
using weir::time_point;

namespace {

using texts = std::vector<std::string>;

const dns_answer broken{{}, "temporary failure"};

}  // namespace

TEST_SUITE("datalayer/dns") {
    TEST_CASE("an answer is taken over once and asked for again after the refresh time") {
        dns_record r;
        const auto now = time_point(1h);
        CHECK(r.take({{"10.0.0.1"}, ""}, {}, now) == texts{"10.0.0.1"});
        CHECK_FALSE(r.take({{"10.0.0.1"}, ""}, {}, now));
        CHECK(r.next() == now + 5s);
        CHECK(r.take({{"10.0.0.2", "10.0.0.3"}, ""}, {}, now) == texts{"10.0.0.2", "10.0.0.3"});
    }

    TEST_CASE("a failure keeps the last addresses and backs off") {
        dns_record r;
        const auto now = time_point(1h);
        r.take({{"10.0.0.1"}, ""}, {}, now);
        weir::duration before{};
        for (int i = 0; i < 10; ++i) {
            CHECK_FALSE(r.take(broken, {}, now));
            CHECK(r.next() - now >= before);
            before = r.next() - now;
        }
        CHECK(before == 60s);
        CHECK(r.addresses() == texts{"10.0.0.1"});
        CHECK(r.error() == "temporary failure");
        r.take({{"10.0.0.1"}, ""}, {}, now);
        CHECK(r.error().empty());
        CHECK(r.next() == now + 5s);
    }

    TEST_CASE("an empty answer is believed the third time in a row") {
        dns_record r;
        const auto now = time_point(1h);
        const dns_answer none;
        r.take({{"10.0.0.1"}, ""}, {}, now);
        CHECK_FALSE(r.take(none, {}, now));
        CHECK_FALSE(r.take(none, {}, now));
        CHECK(r.take({{"10.0.0.2"}, ""}, {}, now));
        CHECK_FALSE(r.take(none, {}, now));
        CHECK_FALSE(r.take(none, {}, now));
        CHECK(r.take(none, {}, now) == texts{});
    }

    TEST_CASE("a thousand addresses are the most") {
        dns_record r;
        dns_answer many;
        for (int i = 0; i < 3000; ++i)
            many.ips.push_back("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
        CHECK(r.take(many, {}, time_point(1h))->size() == 1000);
    }

    TEST_CASE("names are resolved off the loop and again and again") {
        weir::http::event_loop loop;
        // Lookups under way outlive the resolver, and this test.
        const auto calls = std::make_shared<std::atomic<int>>(0);
        std::map<std::string, texts> seen;
        dns_options quick;
        quick.refresh = 5ms;
        dns_resolver r(
            loop, [&](const std::string& host, const texts& ips) { seen[host] = ips; }, quick,
            [calls](const std::string& host) {
                ++*calls;
                return dns_answer{{host == "a" ? "10.0.0.1" : "10.0.0.2"}, ""};
            });
        r.set_hosts({"a", "b"});
        CHECK(loop_until(loop, [&] { return seen.size() == 2 && *calls > 6; }));
        CHECK(seen["a"] == texts{"10.0.0.1"});
        CHECK(r.first_round_done());
        r.set_hosts({"b"});
        CHECK(r.record("a") == nullptr);
    }

    TEST_CASE("a name that hangs blocks neither the loop nor other names nor the end") {
        std::mutex gate;
        gate.lock();
        std::atomic<bool> left{false};
        {
            weir::http::event_loop loop;
            dns_resolver r(
                loop, [](const auto&, const auto&) {}, {},
                [&](const std::string&) {
                    { const std::lock_guard wait(gate); }
                    left = true;
                    return dns_answer{};
                });
            r.set_hosts({"slow"});
            CHECK_FALSE(loop_until(
                loop, [&] { return r.first_round_done(); }, 30ms));
        }
        gate.unlock();
        while (!left) std::this_thread::yield();
    }

    TEST_CASE("localhost is one address") {
        const auto a = system_lookup("localhost");
        CHECK(a.error.empty());
        REQUIRE(a.ips.size() == 1);
        CHECK((a.ips[0] == "127.0.0.1" || a.ips[0] == "::1"));
    }

    TEST_CASE("a name that does not exist has no addresses, and the record says so") {
        dns_record r;
        CHECK_FALSE(r.take({}, {}, time_point(1h)));
        CHECK(r.error() == "no such name, or no address");
        CHECK(system_lookup("does-not-exist.invalid").ips.empty());
    }
}
