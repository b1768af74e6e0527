#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/node_parameters") {
    TEST_CASE("an unknown parameter is refused with the nearest one") {
        const auto l = load_text(document_of(
            "plugins:\n- type: max-score-picker\n  parameters:\n    maxNumOfEndpoint: 2\n"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->code == "WEIR0405");
        CHECK(l.first()->message ==
              "failed to create plugin 'max-score-picker' (type: max-score-picker): json: unknown "
              "field "
              "\"maxNumOfEndpoint\"");
        CHECK(l.first()->at.start.line == 6);
        CHECK(l.first()->suggestion == "maxNumOfEndpoints");
    }

    TEST_CASE("parameter names match whatever their case, as in Go") {
        const auto made = load_ok(document_of(
            "plugins:\n- {type: random-picker, parameters: {MAXNUMOFENDPOINTS: 2.0}}\n"));
        test_pool pool(3);
        workspace ws;
        inference_request request;
        decision out;
        REQUIRE(
            made->schedule({request, pool.endpoints, pool.signals, pool.ready, {}, 1}, ws, out));
        CHECK(out.primary_targets().size() == 2);
    }

    TEST_CASE("the older apiVersion only notes unknown parameters") {
        const auto l = load_text(
            "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n"
            "plugins:\n- {type: max-score-picker, parameters: {colour: red}}\n");
        CHECK(l.made != nullptr);
        CHECK(l.all(config::severity::note).find("WEIR0420 4:41") != std::string::npos);
    }

    TEST_CASE("wrong units and types are shown at the value") {
        const auto l =
            load_text(document_of("plugins:\n- type: utilization-detector\n  parameters: "
                                  "{metricsStalenessThreshold: 200}\n"));
        REQUIRE(l.first() != nullptr);
        CHECK(l.first()->code == "WEIR0406");
        CHECK(l.first()->at.start.line == 5);
        CHECK(l.first()->at.start.column == 43);
        CHECK(l.first()->suggestion == "200ms");
        CHECK(error_of("plugins: [{type: random-picker, parameters: {maxNumOfEndpoints: 1.5}}]\n")
                  .ends_with(
                      "maxNumOfEndpoints must be a whole number, not a number with a fraction"));
        CHECK(error_of("plugins: [{type: random-picker, parameters: {maxNumOfEndpoints: \"1\"}}]\n")
                  .ends_with("maxNumOfEndpoints must be a whole number, not a string"));
        CHECK(error_of(
                  "plugins: [{type: prefix-cache-scorer, parameters: {matchLengthWeight: 1.5}}]\n")
                  .ends_with("matchLengthWeight must be in [0,1], got 1.5"));
        CHECK(error_of("plugins: [{type: random-picker, parameters: [1]}]\n")
                  .ends_with("parameters must be an object, not a list"));
    }

    TEST_CASE("null parameters are no parameters") {
        CHECK(load_text(document_of("plugins: [{type: random-picker, parameters: null}]\n")).made !=
              nullptr);
        CHECK(
            load_text(document_of(
                          "plugins: [{type: random-picker, parameters: {maxNumOfEndpoints: ~}}]\n"))
                .made != nullptr);
    }
}
