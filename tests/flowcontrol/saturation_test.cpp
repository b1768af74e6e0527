#include "flowcontrol/saturation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

using namespace weir;
using namespace weir::flowcontrol;
using config::concurrency_mode;
using config::detector_kind;
using config::detector_settings;

namespace {

struct seen {
    double queue = 0;
    double kv = 0;
    double age = 0;
    double floor = 0;
    double requests = 0;
    double tokens = 0;
};

saturation detect(const detector_settings& settings, const std::vector<seen>& endpoints) {
    signal_columns columns;
    columns.reset(endpoints.size());
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        columns.waiting[i] = endpoints[i].queue;
        columns.kv_usage[i] = endpoints[i].kv;
        columns.age_seconds[i] = endpoints[i].age;
        columns.staleness_floor[i] = endpoints[i].floor;
        columns.inflight_requests[i] = endpoints[i].requests;
        columns.inflight_tokens[i] = endpoints[i].tokens;
    }
    std::vector<std::uint32_t> all(endpoints.size());
    std::iota(all.begin(), all.end(), 0U);
    return detect_saturation(settings, columns, all);
}

detector_settings of(detector_kind kind) {
    detector_settings settings;
    settings.kind = kind;
    return settings;
}

detector_settings of(concurrency_mode mode) {
    auto settings = of(detector_kind::concurrency);
    settings.mode = mode;
    settings.max_concurrency = 10;
    settings.max_token_concurrency = 1000;
    return settings;
}

}  // namespace

TEST_SUITE("flowcontrol/saturation") {
    TEST_CASE("no candidates are saturated, whatever the detector") {
        for (const auto kind :
             {detector_kind::guide, detector_kind::utilization, detector_kind::concurrency}) {
            const auto nobody = detect(of(kind), {});
            CHECK(nobody.saturated);
            CHECK(nobody.value == 1);
        }
    }

    TEST_CASE("guide: one endpoint with capacity is enough, and equal to the threshold is good") {
        const auto guide = of(detector_kind::guide);
        CHECK_FALSE(detect(guide, {{.queue = 5, .kv = 0.8}}).saturated);
        CHECK(detect(guide, {{.queue = 6, .kv = 0.1}}).saturated);
        CHECK(detect(guide, {{.queue = 0, .kv = 0.81}}).saturated);
        CHECK_FALSE(detect(guide, {{.queue = 90, .kv = 1}, {.queue = 1}}).saturated);
        // Each is over one of the two thresholds.
        CHECK(detect(guide, {{.queue = 6}, {.kv = 0.9}}).saturated);
    }

    TEST_CASE("guide: the value is that of the endpoint with the most room") {
        const auto guide = of(detector_kind::guide);
        CHECK(detect(guide, {{.queue = 2, .kv = 0.2}, {.queue = 10}}).value ==
              doctest::Approx(0.4));
        CHECK(detect(guide, {{.queue = 10, .kv = 0.2}}).value == doctest::Approx(2));
    }

    TEST_CASE("guide: stale endpoints have no capacity") {
        const auto guide = of(detector_kind::guide);
        CHECK_FALSE(detect(guide, {{.age = 0.2}}).saturated);
        const auto old = detect(guide, {{.age = 0.201}, {.age = 7}});
        CHECK(old.saturated);
        CHECK(old.value == 1);
        CHECK(old.stale == 2);
        CHECK(detect(guide, {{.age = std::numeric_limits<double>::infinity()}}).saturated);
        CHECK_FALSE(detect(guide, {{.age = 7}, {.age = 0}}).saturated);
    }

    TEST_CASE("data younger than the floor of its endpoint is never stale") {
        const auto guide = of(detector_kind::guide);
        CHECK_FALSE(detect(guide, {{.age = 0.6, .floor = 0.6}}).saturated);
        CHECK(detect(guide, {{.age = 0.61, .floor = 0.6}}).saturated);
        // A floor below the configured limit changes nothing.
        CHECK_FALSE(detect(guide, {{.age = 0.19, .floor = 0.1}}).saturated);
        CHECK(detect(of(detector_kind::utilization), {{.age = 0.6, .floor = 0.6}}).value == 0);
    }

    TEST_CASE("guide: a KV threshold that is no number saturates everything") {
        auto guide = of(detector_kind::guide);
        guide.kv_cache_util_threshold = std::nan("");
        CHECK(detect(guide, {{.queue = 0, .kv = 0}}).saturated);
    }

    TEST_CASE("utilization: the mean of the larger ratios") {
        const auto utilization = of(detector_kind::utilization);
        // queues 1 and 15 of 5: (0.2 + 3) / 2
        const auto uneven = detect(utilization, {{.queue = 1}, {.queue = 15}});
        CHECK(uneven.value == doctest::Approx(1.6));
        CHECK(uneven.saturated);
        CHECK_FALSE(detect(of(detector_kind::guide), {{.queue = 1}, {.queue = 15}}).saturated);
        // max(2/5, 0.4/0.8) = 0.5
        CHECK(detect(utilization, {{.queue = 2, .kv = 0.4}}).value == doctest::Approx(0.5));
        CHECK(detect(utilization, {{.queue = 5}}).saturated);
        CHECK_FALSE(detect(utilization, {{.queue = 4}}).saturated);
    }

    TEST_CASE("utilization: stale endpoints count as full and not more") {
        const auto utilization = of(detector_kind::utilization);
        const auto half = detect(utilization, {{.queue = 50, .age = 3}, {.queue = 0}});
        CHECK(half.value == doctest::Approx(0.5));
        CHECK(half.stale == 1);
        CHECK_FALSE(half.saturated);
        CHECK(detect(utilization, {{.age = 3}}).saturated);
    }

    TEST_CASE("concurrency: what is under way against the caps") {
        const std::vector<seen> two{{.requests = 15, .tokens = 100},
                                    {.requests = 1, .tokens = 900}};
        CHECK(detect(of(concurrency_mode::requests), two).value == doctest::Approx(0.8));
        CHECK(detect(of(concurrency_mode::tokens), two).value == doctest::Approx(0.5));
        // (1.5 + 0.9) / 2
        const auto hybrid = detect(of(concurrency_mode::hybrid), two);
        CHECK(hybrid.value == doctest::Approx(1.2));
        CHECK(hybrid.saturated);
        CHECK(detect(of(concurrency_mode::requests), {{.requests = 10}}).saturated);
        CHECK_FALSE(detect(of(concurrency_mode::requests), {{.age = 99, .requests = 9}}).saturated);
    }

    TEST_CASE("only the candidates count") {
        signal_columns columns;
        columns.reset(3);
        columns.age_seconds.assign(3, 0);
        columns.waiting = {50, 0, 50};
        const std::vector<std::uint32_t> outer{0, 2};
        const std::vector<std::uint32_t> inner{1};
        const auto guide = of(detector_kind::guide);
        CHECK(detect_saturation(guide, columns, outer).saturated);
        CHECK_FALSE(detect_saturation(guide, columns, inner).saturated);
    }
}
