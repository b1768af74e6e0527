#include <doctest/doctest.h>

#include "admin/page.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/pool_pages") {
    TEST_CASE("queues are empty while flow control is off") {
        fixture f;
        const auto a = f.get("/v1/queues");
        CHECK(a.has(R"("flowControl":false,"queues":[])"));
        CHECK(a.has(R"("bands":[])"));
    }
}
