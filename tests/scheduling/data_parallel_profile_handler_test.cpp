#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/data_parallel_profile_handler") {
    TEST_CASE("the chosen rank goes into a header, every target gets the one port") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: data-parallel-profile-handler}]\nschedulingProfiles: [{name: p}]\n");
        const auto& made = it.decide(pool);
        CHECK(made.port_override == 8000);
        REQUIRE(made.upstream_headers.size() == 1);
        CHECK(made.upstream_headers[0].name == "x-data-parallel-host-port");
        CHECK(made.upstream_headers[0].value == "10.0.0.1:8000");
        pool.endpoints[0].address = "fd00::1";
        pool.endpoints[0].port = 8201;
        CHECK(it.decide(pool).upstream_headers[0].value == "[fd00::1]:8201");
    }

    TEST_CASE("port 0 leaves the port alone: nobody can connect to it") {
        test_pool pool(1);
        picker_under_test it(
            "plugins: [{type: data-parallel-profile-handler, parameters: {primaryPort: 0}}]\n"
            "schedulingProfiles: [{name: p}]\n");
        CHECK(it.decide(pool).port_override == -1);
    }

    TEST_CASE("the port is a whole number; the profile is one") {
        const auto errors = [](const char* port) {
            return errors_of("data-parallel-profile-handler",
                             "{primaryPort: " + std::string(port) + "}");
        };
        CHECK(errors("65536") == "7:29 primaryPort must be in [0,65535], got 65536\n");
        CHECK(errors("-1") == "7:29 primaryPort must be in [0,65535], got -1\n");
        CHECK(errors("'8000'") == "7:29 primaryPort must be a whole number, not a string\n");
        CHECK(errors("8000.5") ==
              "7:29 primaryPort must be a whole number, not a number with a fraction\n");
        CHECK(
            errors_in("plugins: [{type: data-parallel-profile-handler}]\n"
                      "schedulingProfiles: [{name: a}, {name: b}]\n") ==
            "3:11 scheduler config build failed: data-parallel-profile-handler is intended for one "
            "scheduling profile, got 2\n");
    }
}
