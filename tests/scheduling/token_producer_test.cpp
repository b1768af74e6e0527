#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/token_producer") {
    TEST_CASE("the reference's parameters are read and checked, both names") {
        for (const auto* type : {"token-producer", "tokenizer"}) {
            CHECK(errors_of(type, "") == "");
            CHECK(errors_of(type,
                            "{estimate: {image: {mode: static, static: {staticToken: 5}}, video: "
                            "{frames: {mode: strided}, maxVideoTokens: 9}}}") == "");
            CHECK(errors_of(type, "{estimate: {image: {mode: huge}}}") ==
                  "7:41 unsupported estimate.image.mode \"huge\"\n");
            CHECK(errors_of(type, "{vllm: {url: 'http://x'}}") == "7:15 modelName is required\n");
            CHECK(errors_of(type, "{estimate: {}, vllm: {}, modelName: m}") ==
                  "7:15 at most one of estimate, vllm and udsTokenizerConfig may be set\n");
            CHECK(errors_of(type, "{modelName: m, vllm: {timeout: 5}}") ==
                  "7:46 vllm.timeout: time: invalid duration \"5\"\n");
        }
    }

    TEST_CASE("a tokenizer service is not called, and that is said") {
        CHECK(hints_in("plugins: [{type: token-producer, parameters: {modelName: m}}]\n") ==
              "3:58 weir calls no tokenizer service: prompts are counted in pseudo-tokens of four "
              "bytes\n");
    }
}
