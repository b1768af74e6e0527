#include "scheduling/shared_plugin.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/shared_plugin") {
    TEST_CASE("the example scorer loads from its library and takes part in decisions") {
        const char* library = std::getenv("WEIR_TEST_PLUGIN");
        const char* picker = std::getenv("WEIR_TEST_PICKER");
        REQUIRE(library != nullptr);
        REQUIRE(picker != nullptr);
        CHECK(load_shared_plugin(library).empty());
        CHECK(load_shared_plugin(library).find("exists already") != std::string::npos);
        std::ifstream file(picker);
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const auto made = load_ok(text);
        test_pool pool(3);
        pool.endpoints[2].port = 8001;
        pool.signals.waiting = {0, 5, 10};
        workspace ws;
        inference_request request;
        const auto e =
            made->explain({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, true);
        // 3 * 0.25 + 1; 3 * 0.25 + 0.5; 3 * 1 + 0
        CHECK(near(e.profiles[0].totals, {1.75, 1.25, 3}));
        CHECK(e.result.primary_targets()[0] == 2);
    }

    TEST_CASE("its parameters are checked like those of built-in plugins") {
        const auto l = load_text(
            document_of("plugins: [{type: preferred-port-scorer, parameters: {prot: 1}}]\n"));
        CHECK(l.made == nullptr);
        CHECK(l.all().find("json: unknown field \"prot\"") != std::string::npos);
    }

    TEST_CASE("a file that is no plugin is refused with a sentence") {
        CHECK(load_shared_plugin("/nonexistent.so")
                  .starts_with("cannot load plugin /nonexistent.so: "));
    }
}
