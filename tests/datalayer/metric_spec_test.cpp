#include "datalayer/metric_spec.hpp"

#include <doctest/doctest.h>

using namespace weir::datalayer;

TEST_SUITE("datalayer/metric_spec") {
    TEST_CASE("a spec is a name, or a name with labels, quoted or not") {
        std::string why;
        CHECK(parse_metric_spec(" vllm:num_requests_waiting ", why)->text() ==
              "vllm:num_requests_waiting");
        CHECK(parse_metric_spec("a{}", why)->text() == "a");
        CHECK(parse_metric_spec("a { b = c , d=\"e f\" }", why)->text() == "a{b=\"c\",d=\"e f\"}");
    }

    TEST_CASE("what is no spec is refused with the reason") {
        std::string why;
        for (const auto* bad :
             {"", "{a=b}", "1a", "a b", "a{b=c", "a{b}", "a{=c}", "a{b=c}x", "a{b:c=d}"}) {
            CAPTURE(bad);
            why.clear();
            CHECK_FALSE(parse_metric_spec(bad, why));
            CHECK_FALSE(why.empty());
        }
    }

    TEST_CASE("a series matches when all listed labels are equal") {
        std::string why;
        const auto spec = *parse_metric_spec("m{request_type=waiting}", why);
        const sample_label waiting[] = {{"model", "x"}, {"request_type", "waiting"}};
        const sample_label active[] = {{"request_type", "active"}};
        CHECK(spec.matches(waiting));
        CHECK_FALSE(spec.matches(active));
        CHECK_FALSE(spec.matches({}));
        CHECK(metric_spec{"m", {}}.matches(active));
    }
}
