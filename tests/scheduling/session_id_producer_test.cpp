#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/session_id_producer") {
    TEST_CASE("exactly one of header and cookie") {
        CHECK(errors_of("session-id-producer", "") ==
              "6:3 exactly one of headerName and cookieName must be set\n");
        CHECK(errors_of("session-id-producer", "{headerName: a, cookieName: b}") ==
              "7:15 exactly one of headerName and cookieName must be set\n");
    }

    TEST_CASE("the header's value, or the cookie's") {
        test_pool pool(1);
        const auto read = [&](const char* parameters, const char* name, const char* value) {
            picker_under_test it("plugins: [{type: session-id-producer, parameters: " +
                                 std::string(parameters) + "}]\n");
            it.decide(pool, headed_request(name, value).request);
            return it.data().texts.at(0);
        };
        CHECK(read("{headerName: X-Session}", "x-session", "abc") == "abc");
        CHECK(read("{headerName: X-Session}", "other", "abc").empty());
        CHECK(read("{cookieName: sid}", "cookie", "a=b; sid=7; c=d") == "7");
        CHECK(read("{cookieName: sid}", "cookie", "sid=a=b") == "a=b");
        CHECK(read("{cookieName: sid}", "cookie", "xsid=1; SID=2").empty());
    }
}
