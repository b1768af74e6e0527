#include "sim/lora_slots.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using weir::sim::lora_slots;
using outcome = lora_slots::outcome;

TEST_SUITE("sim/lora_slots") {
    const weir::time_point t0{};

    TEST_CASE("the base model needs no slot") {
        lora_slots slots(0, 1s);
        CHECK(slots.acquire(0, t0) == outcome::ready);
        CHECK(slots.acquire(1, t0) == outcome::full);
    }

    TEST_CASE("an adapter is ready when its load time has passed") {
        lora_slots slots(1, 100ms);
        CHECK(slots.acquire(3, t0) == outcome::loading);
        CHECK(slots.next_ready(t0) == t0 + 100ms);
        CHECK(slots.acquire(3, t0 + 99ms) == outcome::loading);
        CHECK(slots.acquire(3, t0 + 100ms) == outcome::ready);
        CHECK_FALSE(slots.next_ready(t0 + 100ms));
    }

    TEST_CASE("the least recently used idle adapter makes room, one in use never does") {
        lora_slots slots(2, 0s);
        CHECK(slots.acquire(1, t0) == outcome::ready);
        CHECK(slots.acquire(2, t0) == outcome::ready);
        CHECK(slots.acquire(3, t0) == outcome::full);
        slots.release(2);
        slots.release(1);
        CHECK(slots.acquire(3, t0) == outcome::ready);
        CHECK_FALSE(slots.resident(2));
        CHECK(slots.resident(1));
    }
}
