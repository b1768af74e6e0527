#include "http/event_loop.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using weir::http::event_loop;
using weir::http::io_source;
using weir::http::timer;
using weir::http::turn;

TEST_SUITE("http/event_loop") {
    TEST_CASE("timers fire in order, never early, and a cancelled one not at all") {
        event_loop loop;
        struct shot {
            event_loop* loop;
            std::vector<int>* order;
            int id;
            std::chrono::milliseconds after;
            weir::time_point start;
            timer t;
            shot(event_loop& l, std::vector<int>& o, int i, std::chrono::milliseconds a)
                : loop(&l),
                  order(&o),
                  id(i),
                  after(a),
                  start(weir::steady_clock::now()),
                  t(
                      l, [](void* p) { static_cast<shot*>(p)->fire(); }, this) {
                t.arm_at(start + a);
            }
            void fire() {
                CHECK(weir::steady_clock::now() - start >= after);
                order->push_back(id);
                if (order->size() == 3) loop->stop();
            }
        };
        std::vector<int> order;
        shot late(loop, order, 3, 40ms);
        shot never(loop, order, 9, 20ms);
        shot first(loop, order, 1, 5ms);
        shot second(loop, order, 2, 30ms);
        never.t.cancel();
        loop.run();
        CHECK(order == std::vector<int>{1, 2, 3});
    }
    TEST_CASE("writes at the end of a batch go upstream first, and those of one turn together") {
        event_loop loop;
        std::string order;
        struct writer : io_source {
            writer(std::string& to, char n) : order(&to), name(n) {}
            void on_io(std::uint32_t /*events*/) override {}
            void on_batch_end() override { *order += name; }
            std::string* order;
            char name;
        };
        writer a(order, 'a');
        writer b(order, 'b');
        writer c(order, 'c');
        writer d(order, 'd');
        loop.at_batch_end(a, turn::downstream);
        loop.at_batch_end(b, turn::upstream);
        loop.at_batch_end(c, turn::downstream);
        loop.at_batch_end(d, turn::upstream);
        loop.stop();
        loop.run();
        CHECK(order == "bdac");
    }
    TEST_CASE("posted functions run on the loop in order, also from another thread") {
        event_loop loop;
        std::vector<int> seen;
        std::thread other([&] {
            for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
            loop.stop();
        });
        loop.run();
        other.join();
        REQUIRE(seen.size() == 100);
        for (int i = 0; i < 100; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
    }
}
