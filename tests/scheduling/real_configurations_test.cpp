#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

/// `configurations/` holds what people write: the shapes of the reference's shipped files, of its
/// chart, and of older releases.
TEST_SUITE("scheduling/real_configurations") {
    TEST_CASE("every configuration loads, and only those that lose something warn") {
        const char* folder = std::getenv("WEIR_TEST_CONFIGURATIONS");
        REQUIRE(folder != nullptr);
        // No KV events, no tokenizer service.
        const std::set<std::string> lossy = {"precise-prefix", "precise-one-socket", "no-hit-lru"};
        std::size_t count = 0;
        for (const auto& file : std::filesystem::directory_iterator(folder)) {
            const auto name = file.path().stem().string();
            CAPTURE(name);
            const auto l = load_text(text_of(file.path()));
            CHECK(l.all() == "");
            REQUIRE(l.made != nullptr);
            CHECK(l.all(config::severity::warning).empty() == !lossy.contains(name));
            ++count;
            // And decides: every endpoint plays all roles.
            test_pool pool(3);
            for (std::size_t i = 0; i < 3; ++i)
                pool.label(i, "llm-d.ai/role", "encode-prefill-decode");
            workspace ws;
            decision out;
            inference_request request;
            CHECK(l.made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws,
                                 out));
            CHECK_FALSE(out.primary_targets().empty());
        }
        CHECK(count >= 21);
    }

    TEST_CASE("what is translated is said") {
        const char* path = std::getenv("WEIR_TEST_CONFIGURATIONS");
        REQUIRE(path != nullptr);
        const std::filesystem::path folder = path;
        struct row {
            const char* file;
            std::vector<const char*> notes;
        };
        for (const auto& [file, notes] : {
                 row{"gie-1.0.yaml",
                     {"index parameters of prefix-cache-scorer are read as those of "
                      "approx-prefix-cache-producer 'approx-prefix-cache-producer'",
                      "parameter \"anOldField\" is not known any more and has no effect"}},
                 row{"gie-1.3.yaml",
                     {"`data` is read as `dataLayer`",
                      "plugin type 'model-server-protocol-metrics' is read as "
                      "'core-metrics-extractor'",
                      "thresholds inside `saturationDetector` are read as a plugin"}},
                 row{"pd-0.5.yaml",
                     {"`threshold` of pd-profile-handler is read as a decider: "
                      "prefix-based-pd-decider with nonCachedTokens 3"}},
                 row{"probabilistic.yaml", {"`saturationDetector` is deprecated"}},
             }) {
            const auto l = load_text(text_of(folder / file));
            const auto said = l.all(config::severity::note);
            for (const auto* note : notes) {
                CAPTURE(file);
                CAPTURE(note);
                CHECK(said.find(note) != std::string::npos);
            }
        }
    }
}
