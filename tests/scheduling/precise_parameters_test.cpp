#include "picker_fixture.hpp"

using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/precise_parameters") {
    TEST_CASE("parameters of the precise prefix plugins are checked as the reference does") {
        const auto loads = [](const std::string& type, const std::string& parameters) {
            return load_text(document_of("plugins: [{type: " + type +
                                         ", parameters: " + parameters + "}]\n"))
                       .made != nullptr;
        };
        for (const auto* wrong :
             {"{unheard: 1}", "{kvEventsConfig: {engineType: other}}",
              "{tokenProcessorConfig: {hashAlgorithm: md5}}", "{speculativeTTL: 2}",
              "{indexerConfig: {tokenizersPoolConfig: {}}}"}) {
            CAPTURE(wrong);
            CHECK_FALSE(loads("precise-prefix-cache-producer", wrong));
        }
        CHECK(loads("precise-prefix-cache-scorer",
                    "{indexerConfig: {tokenizersPoolConfig: {a: 1}}}"));
    }
}
