#include "scheduling/prefill_turns.hpp"

#include <doctest/doctest.h>

namespace weir::scheduling {
namespace {

constexpr double pace = 0.001;  // a millisecond a token

time_point after(double seconds) {
    return time_point(std::chrono::hours(1)) +
           std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

TEST_SUITE("scheduling/prefill_turns") {
    TEST_CASE("the prompt in turn is computed, those behind it are not") {
        prefill_turns turns;
        CHECK(turns.done(after(0), pace) == 0);
        const auto first = turns.send(1000, true, after(0));
        turns.send(500, false, after(0.1));
        CHECK(turns.done(after(0.4), pace) == doctest::Approx(400));
        CHECK(turns.done(after(1.5), pace) == doctest::Approx(1000));
        turns.answered(first, after(1.5));
        CHECK(turns.done(after(1.5), pace) == doctest::Approx(0));
        CHECK(turns.done(after(1.7), pace) == doctest::Approx(200));
    }

    TEST_CASE("who is overdue has done less than was believed, and at last nothing") {
        prefill_turns turns;
        turns.send(1000, true, after(0));
        CHECK(turns.done(after(2), pace) == doctest::Approx(1000));
        CHECK(turns.done(after(2.6), pace) == doctest::Approx(400));
        CHECK(turns.done(after(60), pace) == 0);
        // The next one that finds nobody there has its turn at once.
        turns.send(300, true, after(60));
        CHECK(turns.done(after(60.1), pace) == doctest::Approx(100));
    }

    TEST_CASE("who ends without a first token gives his turn to the next") {
        prefill_turns turns;
        const auto first = turns.send(1000, true, after(0));
        const auto second = turns.send(800, false, after(0));
        turns.gave_up(second, after(0.1));  // it was not its turn
        CHECK(turns.done(after(0.5), pace) == doctest::Approx(500));
        turns.gave_up(first, after(0.5));
        turns.answered(second, after(0.6));
        CHECK(turns.done(after(0.9), pace) == 0);  // nobody is left
        turns.answered(first, after(0.9));         // long past
        turns.send(200, false, after(1));          // another gateway's prompts wait there
        CHECK(turns.done(after(1.1), pace) == doctest::Approx(100));
    }

    TEST_CASE("a clock that is a little behind, and more prompts than are remembered, do no harm") {
        prefill_turns turns;
        turns.send(1000, true, after(1));
        CHECK(turns.done(after(0.5), pace) == 0);
        for (int i = 0; i < 20; ++i) turns.send(10, false, after(1));
        CHECK(turns.done(after(1.5), pace) == 0);
    }
}

}  // namespace weir::scheduling
