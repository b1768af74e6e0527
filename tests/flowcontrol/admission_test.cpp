#include "flowcontrol/admission.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace weir;
using namespace weir::flowcontrol;
using config::criticality;

namespace {

const saturation full{1.5, true, 0};
const saturation spare{0.5, false, 0};

bool admitted(const admission_facts& facts, const saturation& pool) {
    return std::holds_alternative<ticket>(admit(facts, pool));
}

}  // namespace

TEST_SUITE("flowcontrol/admission") {
    TEST_CASE("a negative priority is shed when the pool is saturated, others never") {
        CHECK_FALSE(admitted({-1, std::nullopt}, full));
        CHECK_FALSE(admitted({-2147483647, std::nullopt}, full));
        CHECK(admitted({0, std::nullopt}, full));
        CHECK(admitted({10, std::nullopt}, full));
        CHECK(admitted({-1, std::nullopt}, spare));
    }

    TEST_CASE("of requests with an InferenceModel only critical ones are never shed") {
        CHECK(admitted({0, criticality::critical}, full));
        CHECK(admitted({-1, criticality::critical}, full));
        CHECK_FALSE(admitted({0, criticality::standard}, full));
        CHECK_FALSE(admitted({5, criticality::standard}, full));
        CHECK_FALSE(admitted({0, criticality::sheddable}, full));
        CHECK(admitted({0, criticality::standard}, spare));
        CHECK(admitted({0, criticality::sheddable}, spare));
    }

    TEST_CASE("an empty pool sheds what can be shed") {
        const auto nobody = detect_saturation({}, {}, {});
        CHECK_FALSE(admitted({-1, std::nullopt}, nobody));
        CHECK(admitted({0, std::nullopt}, nobody));
    }

    TEST_CASE("the refusal is the reference's, word for word") {
        const auto refused = std::get<rejection>(admit({-1, std::nullopt}, full));
        CHECK(refused.status == 429);
        CHECK(refused.text ==
              "inference gateway: InferencePoolResourceExhausted - system saturated, sheddable "
              "request dropped");
        CHECK(refused.reason == "saturated");
        CHECK(refused.dropped_reason == "rejected-saturated");
        CHECK(refused.retry_after_seconds >= 1);
    }
}
