#include "sim/options.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace weir::sim;

TEST_SUITE("sim/options") {
    TEST_CASE("engine names are read back as they are written") {
        for (const auto p : {personality::vllm, personality::sglang, personality::llamacpp,
                             personality::trtllm, personality::tgi}) {
            CHECK(parse_personality(to_string(p)) == p);
        }
        CHECK(parse_personality("llama.cpp") == personality::llamacpp);
        CHECK_FALSE(parse_personality("VLLM"));
    }

    TEST_CASE("the engine gets the options, and no times when fast") {
        sim_options o;
        o.inter_token_time = 5ms;
        o.kv_blocks = 7;
        o.max_queue = 3;
        o.jitter = 9;
        CHECK(to_engine_options(o).step_base == 5ms);
        CHECK(to_engine_options(o).num_blocks == 7);
        CHECK(to_engine_options(o).max_queued == 3);
        CHECK(to_engine_options(o).jitter == doctest::Approx(0.5));
        o.fast = true;
        const auto e = to_engine_options(o);
        CHECK(e.step_base + e.prefill_token + e.decode_seq + e.lora_load == 0ms);
    }
}
