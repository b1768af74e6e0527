#include "admin/side_thread.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <thread>

using namespace weir;
using admin::side_thread;

TEST_SUITE("admin/side_thread") {
    TEST_CASE("work is done elsewhere, one after the other, and told where it was asked for") {
        http::event_loop loop;
        side_thread side(loop);
        const auto here = std::this_thread::get_id();
        std::string said;
        for (const char name : {'a', 'b', 'c'}) {
            side.run([&, name]() -> side_thread::work_fn {
                CHECK(std::this_thread::get_id() == here);
                said += std::string("begin ") + name + ' ';
                return [&, name]() -> side_thread::done_fn {
                    const bool elsewhere = std::this_thread::get_id() != here;
                    return [&, name, elsewhere] {
                        CHECK(elsewhere);
                        said += std::string("done ") + name + ' ';
                        if (name == 'c') loop.stop();
                    };
                };
            });
        }
        loop.run();
        CHECK(said == "begin a done a begin b done b begin c done c ");
    }

    TEST_CASE("what is under way when it goes is dropped") {
        http::event_loop loop;
        bool told = false;
        auto side = std::make_unique<side_thread>(loop);
        for (int i = 0; i < 2; ++i) {
            side->run([&] { return [&] { return [&] { told = true; }; }; });
        }
        side.reset();
        loop.post([&] { loop.stop(); });
        loop.run();
        CHECK_FALSE(told);
    }
}
