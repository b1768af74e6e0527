#include "plugin_fixture.hpp"

using namespace weir;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/endpoint_attribute_filter") {
    TEST_CASE("six operators, of the extractor's own values and of further ones") {
        test_pool pool(3);
        pool.signals.waiting = {1, 2, 3};
        pool.signals.attributes.push_back({"GPU/dcgm-extractor", {0.95, 0.9, std::nan("")}});
        const auto kept = [&](const char* op, const char* value) {
            return one_plugin("endpoint-attribute-filter",
                              "{attribute: WaitingQueueSize, algorithm: {type: threshold, "
                              "threshold: {operator: " +
                                  std::string(op) + ", value: " + value + "}}}")
                .kept(pool);
        };
        CHECK(kept("LessThan", "2") == ids{0});
        CHECK(kept("LessThanOrEqual", "2") == ids{0, 1});
        CHECK(kept("GreaterThan", "2") == ids{2});
        CHECK(kept("GreaterThanOrEqual", "2") == ids{1, 2});
        CHECK(kept("Equal", "2") == ids{1});
        CHECK(kept("NotEqual", "2") == ids{0, 2});
        const auto gpu = [&](const char* more) {
            return one_plugin("endpoint-attribute-filter",
                              "{attribute: GPU, producer: dcgm-extractor, " + std::string(more) +
                                  "algorithm: {type: threshold, threshold: {operator: "
                                  "LessThanOrEqual, value: 0.9}}}")
                .kept(pool);
        };
        CHECK(gpu("") == ids{1, 2});
        CHECK(gpu("onMissing: Fail, ") == ids{1});
        pool.ready = {0};
        CHECK(gpu("").empty());
        CHECK(gpu("fallbackOnEmpty: true, ") == ids{0});
        pool.signals.attributes.clear();  // nobody publishes it
        CHECK(gpu("") == ids{0});
        CHECK(gpu("onMissing: Fail, ").empty());
    }

    TEST_CASE("an attribute with a slash and no producer is told how to be split") {
        const auto errors = [](const char* attribute) {
            return errors_of(
                "endpoint-attribute-filter",
                std::string("{") + attribute +
                    ", algorithm: {type: threshold, threshold: {operator: Equal, value: "
                    "1}}}");
        };
        CHECK(errors("attribute: GPU/dcgm-extractor") ==
              "7:27 attribute must not contain '/': name the producer separately\n");
        CHECK(errors("attribute: GPU/x, producer: ''") == "");
        CHECK(errors("producer: ''") == "7:15 attribute is required\n");
    }

    TEST_CASE("the algorithm is a threshold with operator and value") {
        const auto errors = [](const char* algorithm) {
            return errors_of("endpoint-attribute-filter",
                             std::string("{attribute: A, algorithm: ") + algorithm + "}");
        };
        CHECK(errors("{type: median}") ==
              "7:48 algorithm.type must be \"threshold\"\n"
              "7:41 algorithm.threshold.operator is required\n"
              "7:41 algorithm.threshold.value is required\n");
        CHECK(errors("{type: threshold, threshold: {operator: Less, value: 1}}")
                  .starts_with("7:81 unsupported algorithm.threshold.operator \"Less\"\n"));
        CHECK(errors_of("endpoint-attribute-filter",
                        "{attribute: A, onMissing: pass, algorithm: {type: threshold, threshold: "
                        "{operator: Equal, value: 1}}}") ==
              "7:41 unsupported onMissing \"pass\"\n");
    }
}
