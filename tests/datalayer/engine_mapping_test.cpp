#include "datalayer/engine_mapping.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace weir::datalayer;

TEST_SUITE("datalayer/engine_mapping") {
    TEST_CASE("every engine that can be configured is built in, once") {
        std::set<std::string> names;
        for (const auto& e : built_in_engines()) CHECK(names.insert(e.name).second);
        for (const auto* wanted : {"vllm", "sglang", "trtllm-serve", "triton-tensorrt-llm",
                                   "triton", "llama.cpp", "tgi", "ollama"}) {
            CAPTURE(wanted);
            CHECK(names.contains(wanted));
        }
    }

    TEST_CASE("an engine with signals says where its page is, one without has none") {
        for (const auto& e : built_in_engines()) {
            CAPTURE(e.name);
            CHECK(e.specs(signal::waiting).empty() == e.locations.empty());
            CHECK(e.specs(signal::cache_info).empty() == e.block_size_label.empty());
            CHECK(e.health_path.starts_with("/"));
        }
    }

    TEST_CASE(
        "Triton with TensorRT-LLM is recognised before plain Triton, whose families it also has") {
        std::size_t special = 0;
        std::size_t plain = 0;
        const auto& all = built_in_engines();
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].name == "triton-tensorrt-llm") special = i;
            if (all[i].name == "triton") plain = i;
        }
        CHECK(special < plain);
    }
}
