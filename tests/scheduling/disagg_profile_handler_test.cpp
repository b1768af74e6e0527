#include "roles.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

namespace {

/// Endpoint 0 decodes, 1 prefills, 2 and 3 encode.
test_pool placed() { return pool_with_roles({"decode", "prefill", "encode", "encode"}); }

std::string stages(const std::string& parameters) {
    return "plugins:\n- {type: disagg-profile-handler, parameters: {" + parameters +
           "}}\n- {name: always, type: always-disagg-pd-decider}\n"
           "- {name: never, type: prefix-based-pd-decider}\n"
           "- type: decode-filter\n- type: prefill-filter\n- type: encode-filter\n"
           "- type: queue-scorer\n"
           "- {name: two, type: max-score-picker, parameters: {maxNumOfEndpoints: 2}}\n"
           "- {name: by-name, type: queue-scorer}\n"
           "schedulingProfiles:\n"
           "- {name: prefill, plugins: [{pluginRef: prefill-filter}]}\n"
           "- {name: decode, plugins: [{pluginRef: decode-filter}]}\n"
           "- {name: encode, plugins: [{pluginRef: encode-filter}, {pluginRef: two}]}\n";
}

std::vector<std::string> names(const std::vector<seen_profile>& seen) {
    std::vector<std::string> out;
    for (const auto& p : seen) out.push_back(p.name);
    return out;
}

/// The value a header is set to last; encoders sorted, since their order is that of a tie.
std::string header(const decision& made, std::string_view name) {
    std::string value;
    for (const auto& h : made.upstream_headers) {
        if (h.name == name) value = h.remove ? "" : h.value;
    }
    if (value == "10.0.0.4:8000,10.0.0.3:8000") value = "10.0.0.3:8000,10.0.0.4:8000";
    return value;
}

}  // namespace

TEST_SUITE("scheduling/disagg_profile_handler") {
    TEST_CASE("decode first: encode and prefill as their deciders say, skipped without one") {
        const auto pool = placed();
        struct row {
            const char* deciders;
            std::vector<std::string> ran;
        };
        for (const auto& [deciders, ran] : {
                 row{"", {"decode"}},
                 row{"prefill: always", {"decode", "prefill"}},
                 row{"encode: always", {"decode", "encode"}},
                 row{"prefill: always, encode: always", {"decode", "encode", "prefill"}},
                 row{"prefill: never, encode: always", {"decode", "encode"}},
             }) {
            CAPTURE(deciders);
            picker_under_test it(stages("deciders: {" + std::string(deciders) + "}"));
            CHECK(names(it.explain(pool)) == ran);
        }
    }

    TEST_CASE("prefill first: always, then encode as decided, then decode") {
        const auto pool = placed();
        for (const auto* order : {"prefill-first", "PrefillFirst", "PREFILL_first", "prefill"}) {
            picker_under_test it(stages("stageOrder: " + std::string(order)));
            CHECK(names(it.explain(pool)) == std::vector<std::string>{"prefill", "decode"});
        }
        picker_under_test it(stages("stageOrder: prefill-first, deciders: {encode: always}"));
        CHECK(names(it.explain(pool)) == std::vector<std::string>{"prefill", "encode", "decode"});
        for (const auto* order : {"''", "decode", "decode-first", "DecodeFirst"}) {
            picker_under_test other(stages("stageOrder: " + std::string(order)));
            CHECK(names(other.explain(pool)) == std::vector<std::string>{"decode"});
        }
    }

    TEST_CASE("an encode profile that fails does not keep prefill from running") {
        auto pool = placed();
        pool.ready = {0, 1};
        picker_under_test it(stages("deciders: {prefill: always, encode: always}"));
        CHECK(names(it.explain(pool)) == std::vector<std::string>{"decode", "encode", "prefill"});
        const auto& made = it.decide(pool);
        CHECK(made.ok());
        CHECK(made.primary_targets()[0] == 0);
        CHECK(header(made, "x-prefiller-host-port") == "10.0.0.2:8000");
        CHECK(header(made, "x-encoder-hosts-ports") == "");
    }

    TEST_CASE("the stages' endpoints go upstream; a client's own headers never do") {
        const auto pool = placed();
        picker_under_test it(stages("deciders: {prefill: always, encode: always}"));
        const auto& made = it.decide(pool);
        CHECK(made.primary_targets()[0] == 0);
        CHECK(header(made, "x-prefiller-host-port") == "10.0.0.2:8000");
        CHECK(header(made, "x-encoder-hosts-ports") == "10.0.0.3:8000,10.0.0.4:8000");
        picker_under_test alone(stages("deciders: {}"));
        const auto& decode_only = alone.decide(pool);
        REQUIRE(decode_only.upstream_headers.size() == 2);
        CHECK(decode_only.upstream_headers[0].remove);
        CHECK(decode_only.upstream_headers[1].remove);
    }

    TEST_CASE("without a decode endpoint: 429, and nothing else runs") {
        auto pool = placed();
        pool.ready = {1, 2};
        picker_under_test it(stages("deciders: {prefill: always}"));
        CHECK(names(it.explain(pool)) == std::vector<std::string>{"decode"});
        CHECK(it.decide(pool).error == decision_error::filters_empty);
    }

    TEST_CASE("other profile names, nested or flat, never both") {
        test_pool pool(1);
        const std::string tail =
            "}}\n- {name: always, type: always-disagg-pd-decider}\n"
            "schedulingProfiles: [{name: d}, {name: p}, {name: e}]\n";
        const std::string head = "plugins:\n- {type: disagg-profile-handler, parameters: {";
        for (const auto* p :
             {"profiles: {decode: d, prefill: p, encode: e}, deciders: {prefill: always}",
              "decodeProfile: d, prefillProfile: p, encodeProfile: e, prefillDeciderPluginName: "
              "always",
              "decodeProfile: d, prefillProfile: p, deciderPluginName: always",
              "decodeProfile: d, prefillProfile: p, deciderPluginName: nobody, "
              "prefillDeciderPluginName: always"}) {
            CAPTURE(p);
            picker_under_test it(head + p + tail);
            CHECK(names(it.explain(pool)) == std::vector<std::string>{"d", "p"});
        }
        CHECK(errors_in(head + "profiles: {decode: d}, prefillProfile: p" + tail)
                  .find("cannot be mixed") != std::string::npos);
        CHECK(errors_in(head + "decodeProfile: d, primaryPort: 8000" + tail)
                  .find("json: unknown field \"primaryPort\"") != std::string::npos);
    }

    TEST_CASE("deciders must exist and decide; prefill-first has none for prefill") {
        const auto errors = [](const char* p) { return errors_in(stages(p)); };
        CHECK(errors("deciders: {prefill: nobody}") ==
              "4:67 failed to create plugin 'disagg-profile-handler' (type: "
              "disagg-profile-handler): prefill plugin not found: nobody\n");
        CHECK(errors("deciders: {prefill: decode-filter}") ==
              "4:67 failed to create plugin 'disagg-profile-handler' (type: "
              "disagg-profile-handler): plugin decode-filter does not implement a decider\n");
        CHECK(errors("stageOrder: prefill-first, deciders: {prefill: always}") ==
              "4:59 failed to create plugin 'disagg-profile-handler' (type: "
              "disagg-profile-handler): prefill decider is not supported in prefill-first stage "
              "order\n");
        CHECK(errors("stageOrder: both").find("unsupported stageOrder \"both\"") !=
              std::string::npos);
        CHECK(errors_in("plugins: [{type: disagg-profile-handler}]\nschedulingProfiles: [{name: "
                        "other}]\n")
                  .find("needs a scheduling profile named 'decode'") != std::string::npos);
    }
}
