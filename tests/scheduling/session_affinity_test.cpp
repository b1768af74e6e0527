#include "scheduling/session_affinity.hpp"

#include "base/base64.hpp"
#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

using namespace weir::scheduling;
using std::chrono_literals::operator""s;

}  // namespace

TEST_SUITE("scheduling/session_affinity") {
    TEST_CASE("base64 both ways, and nothing that is not") {
        for (const auto& [bytes, text] : {std::pair{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}}) {
            CHECK(weir::encode_base64(bytes) == text);  // RFC 4648, section 10
            CHECK(decode_base64(text) == std::string(bytes));
        }
        for (const auto* bad : {"Z", "Zg", "Zg=", "=g==", "Zg==Zg==", "Z===", "Zm9-", "Zm 9v"}) {
            CAPTURE(bad);
            CHECK_FALSE(decode_base64(bad));
        }
    }

    TEST_CASE("bindings refresh, move only when they may, and end when idle") {
        session_table table(300s, 10s);
        const auto at = [](int s) { return session_table::time(std::chrono::seconds(1000 + s)); };
        CHECK_FALSE(table.find("a", at(0)));
        table.bind("a", 1, false, at(0));
        table.bind("a", 2, false, at(1));
        CHECK(table.find("a", at(2)) == 1U);
        table.bind("a", 2, true, at(3));
        CHECK(table.find("a", at(4)) == 2U);
        table.bind("a", 2, false, at(200));  // refreshed
        CHECK(table.find("a", at(500)) == 2U);
        CHECK_FALSE(table.find("a", at(511)));
        for (int i = 0; i < 100; ++i) table.bind("x" + std::to_string(i), 1, false, at(900));
        CHECK(table.size() <= 101);
        for (int i = 0; i < 100; ++i) table.bind("y" + std::to_string(i), 1, false, at(1300));
        CHECK(table.size() == 100);  // each shard swept what was idle
    }

    TEST_CASE("a bound endpoint that was absent is replaced, one that merely lost is not") {
        test_pool pool(3);
        one_plugin it("session-affinity-scorer", "{strategy: session_id}");
        const headed_request mine("x-session-id", "s");
        pool.ready = {0};
        it.pick(pool, mine.request);
        pool.ready = {1, 2};
        const auto second = it.pick(pool, mine.request, 7);
        pool.ready = {0, 1, 2};
        const auto scored = it.scored(pool, mine.request);
        CHECK(scored[second] == 1);
        CHECK(scored[0] == 0);
    }

    TEST_CASE("the first source with a value names the session") {
        test_pool pool(3);
        picker_under_test it(
            "plugins:\n- {type: session-id-producer, parameters: {cookieName: sid}}\n"
            "- name: s\n  type: session-affinity-scorer\n"
            "  parameters: {strategy: session_id, sessionIdConfig: {sources: [{header: x-a}, "
            "{attribute: session-id, producer: session-id-producer}]}}\n");
        const headed_request cookie("cookie", "a=1; sid=77");
        const auto first = it.pick(pool, cookie.request, 11);
        CHECK(it.explain(pool, cookie.request)[0].raw[0][first] == 1);
        CHECK(it.explain(pool, headed_request("x-a", "77").request)[0].raw[0][first] == 1);
        CHECK(it.explain(pool, headed_request("x-a", " ").request)[0].raw[0][first] == 0);
    }

    TEST_CASE("a named profile's endpoint counts; when it did not run, nothing does") {
        test_pool pool(2);
        picker_under_test it(
            "plugins:\n- {type: header-profile-handler, parameters: {defaultProfile: one}}\n"
            "- {type: session-affinity-scorer, parameters: {profileName: two}}\n"
            "schedulingProfiles:\n- {name: one, plugins: [{pluginRef: session-affinity-scorer}]}\n"
            "- {name: two, plugins: [{pluginRef: session-affinity-scorer}]}\n");
        it.pick(pool);
        CHECK(it.answered(pool).empty());
        it.pick(pool, headed_request("epp-profile", "two").request);
        CHECK(it.answered(pool).size() == 1);
    }

    TEST_CASE("parameters are checked") {
        const auto errors = [](const char* p) { return errors_of("session-affinity-scorer", p); };
        CHECK(errors("{strategy: cookie}") == "7:26 unsupported strategy \"cookie\"\n");
        CHECK(errors("{sessionIdConfig: {sources: [{}]}}") ==
              "7:44 a session id source must have exactly one of header and attribute\n");
        CHECK(errors("{sessionIdConfig: {sources: [{header: a, attribute: b}]}}") ==
              "7:44 a session id source must have exactly one of header and attribute\n");
        CHECK(errors("{sessionIdConfig: {evictionTtlSeconds: -1}}") ==
              "7:54 sessionIdConfig.evictionTtlSeconds must be >= 0, got -1\n");
        CHECK(errors("{sessionIdConfig: {evictionTtlSeconds: 0, evictionSweepSeconds: 0}}") == "");
        CHECK(errors("{headerName: x}") == "7:16 json: unknown field \"headerName\"\n");
    }
}
