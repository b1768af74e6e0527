#include "flowcontrol/stages.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace weir;
using namespace weir::flowcontrol;

namespace {

struct fleet {
    std::vector<endpoint> endpoints;
    signal_columns signals;
    std::vector<std::uint32_t> candidates;

    /// `queue` of a threshold of 10; an empty role is no label.
    fleet(std::initializer_list<std::pair<const char*, double>> list) {
        signals.reset(list.size());
        for (const auto& [role, queue] : list) {
            const auto i = endpoints.size();
            auto& e = endpoints.emplace_back();
            if (*role != '\0') e.labels = {{"llm-d.ai/role", role}};
            signals.waiting[i] = queue;
            signals.age_seconds[i] = 0;
            candidates.push_back(static_cast<std::uint32_t>(i));
        }
    }
    stage_levels levels() const {
        config::detector_settings d;
        d.kind = config::detector_kind::utilization;
        d.queue_depth_threshold = 10;
        return detect_stages(d, signals, endpoints, candidates);
    }
};

}  // namespace

TEST_SUITE("flowcontrol/stages") {
    TEST_CASE("the effective saturation is that of the fuller stage") {
        const auto l = fleet({{"prefill", 9}, {"decode", 1}, {"", 3}}).levels();
        CHECK(l.prefill == doctest::Approx(0.9));
        CHECK(l.decode == doctest::Approx(0.2));
        CHECK(l.effective == doctest::Approx(0.9));
        CHECK(l.ready);
    }

    TEST_CASE("an endpoint of both stages counts in each; encode counts in none") {
        const auto l = fleet({{"both", 4}, {"encode", 99}, {"encode-prefill", 8}}).levels();
        CHECK(l.prefill == doctest::Approx(0.6));
        CHECK(l.decode == doctest::Approx(0.4));
        CHECK(l.effective == doctest::Approx(0.6));
    }

    TEST_CASE("where no endpoint is classified the whole pool counts; an empty pool is full") {
        CHECK(fleet({{"encode", 5}, {"other", 7}}).levels().effective == doctest::Approx(0.6));
        const auto none = fleet({}).levels();
        CHECK(none.effective == doctest::Approx(1.0));
        CHECK_FALSE(none.ready);
    }
}
