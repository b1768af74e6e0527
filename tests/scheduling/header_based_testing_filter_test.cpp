#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/header_based_testing_filter") {
    TEST_CASE("the header names addresses, with or without port") {
        test_pool pool(3);
        pool.endpoints[2].address = "fd00::3";
        struct row {
            const char* list;
            ids kept;
        };
        for (const auto& [list, kept] : {
                 row{"10.0.0.1", {0}},
                 row{" 10.0.0.2 ,, 10.0.0.1:8000", {0, 1}},
                 row{"10.0.0.1:8001", {}},
                 row{"[fd00::3]:8000", {2}},
                 row{"fd00::3", {2}},
                 row{"10.0.0.9", {}},
                 row{"", {}},
             }) {
            CAPTURE(list);
            const headed_request r("test-epp-endpoint-selection", list);
            CHECK(one_plugin("header-based-testing-filter").kept(pool, r.request) == kept);
        }
        CHECK(one_plugin("header-based-testing-filter").kept(pool).empty());
    }
}
