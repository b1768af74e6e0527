#include "http/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <thread>
#include <utility>
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
    TEST_CASE(
        "what comes while a busy batch is handled is written with it; an idle loop waits not") {
        struct source : io_source {
            explicit source(event_loop& l) : loop(&l), fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
                l.watch(fd, *this);
            }
            ~source() override {
                loop->forget(fd, *this);
                ::close(fd);
            }
            void on_io(std::uint32_t events) override {
                if ((events & EPOLLIN) == 0) return;
                *order += name;
                loop->at_batch_end(*this, turn::upstream);
                if (leads_to != nullptr) std::exchange(leads_to, nullptr)->signal();
                if (name == 'z') loop->stop();
            }
            void on_batch_end() override { *order += '.'; }
            void signal() const { REQUIRE(eventfd_write(fd, 1) == 0); }

            event_loop* loop;
            int fd;
            std::string* order = nullptr;
            char name = 'a';
            source* leads_to = nullptr;
        };
        const auto order_of = [](int count) {
            event_loop loop;
            loop.stop();
            std::string order;
            std::deque<source> sources;
            for (int i = 0; i < count + 1; ++i) sources.emplace_back(loop).order = &order;
            loop.run();  // sees that all may be written to
            sources.back().name = 'z';
            sources.front().leads_to = &sources.back();
            for (int i = 0; i < count; ++i) sources[static_cast<std::size_t>(i)].signal();
            loop.run();
            return order;
        };
        CHECK(order_of(1) == "a.z.");
        CHECK(order_of(32) == std::string(32, 'a') + "z" + std::string(33, '.'));
    }
    TEST_CASE("a deadline waits for what came before it, however many events did, but no longer") {
        struct source : io_source {
            explicit source(event_loop& l)
                : loop(&l),
                  fd(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)),
                  deadline(
                      l, [](void* p) { ++*static_cast<source*>(p)->late; }, this) {
                l.watch(fd, *this);
            }
            ~source() override {
                loop->forget(fd, *this);
                ::close(fd);
            }
            void on_io(std::uint32_t /*events*/) override {
                deadline.cancel();
                if (restless) eventfd_write(fd, 1);
                if (--*left == 0) loop->stop();
            }

            event_loop* loop;
            int fd;
            timer deadline;
            weir::time_point due;
            int* late = nullptr;
            int* left = nullptr;
            bool restless = false;
        };
        SUBCASE("the process was stopped while hundreds were spoken to") {
            event_loop loop;
            int late = 0;
            int left = 700;
            std::deque<source> sources;
            for (int i = 0; i < 700; ++i) {
                auto& s = sources.emplace_back(loop);
                s.late = &late;
                s.left = &left;
                s.due = loop.refresh_now() + 5ms;
                s.deadline.arm_at(s.due);
            }
            while (loop.refresh_now() < sources.back().due + 2 * event_loop::tick) {
            }
            loop.run();
            CHECK(late == 0);
            CHECK(left == 0);
        }
        SUBCASE("there is always more than fits one batch") {
            event_loop loop;
            bool fired = false;
            int left = 1 << 20;
            std::deque<source> sources;
            for (int i = 0; i < 700; ++i) {
                auto& s = sources.emplace_back(loop);
                s.left = &left;
                s.restless = true;
            }
            struct ending {
                event_loop* loop;
                bool* fired;
            } end{&loop, &fired};
            timer t(
                loop,
                [](void* p) {
                    *static_cast<ending*>(p)->fired = true;
                    static_cast<ending*>(p)->loop->stop();
                },
                &end);
            t.arm(5ms);
            loop.run();
            CHECK(fired);
        }
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
