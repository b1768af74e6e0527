
#include "../support/allocations.hpp"
#include "payload/request.hpp"
#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

TEST_SUITE("scheduling/scheduler") {
    TEST_CASE("from the bytes of a 220 KB body to the pick, nothing is allocated once warm") {
        config::findings found;
        const auto made = pipeline::make({}, preset::weir, found);
        REQUIRE(made != nullptr);
        test_pool pool(100);
        for (std::size_t i = 0; i < 100; ++i) {
            pool.signals.waiting[i] = static_cast<double>(i % 7);
            pool.signals.kv_usage[i] = static_cast<double>(i % 10) / 10;
        }
        std::string body = R"({"model":"m","messages":[{"role":"user","content":")" +
                           std::string(220'000, 'x') + R"("}]})";
        const auto size = body.size();
        body.append(64, ' ');  // simdjson reads past the end
        payload::request_scanner scanner;
        payload::request_facts facts;
        workspace ws;
        decision out;
        std::uint64_t seed = 0;
        const auto decide = [&] {
            if (scanner.scan(api_kind::chat_completions, {body.data(), size}, facts)) return false;
            inference_request request;
            request.request_id = "r";
            request.target_model = facts.model;
            request.prompts = facts.prompts;
            return made->decide({request, pool.endpoints, pool.signals, pool.ready, {}, ++seed}, ws,
                                out);
        };
        for (int i = 0; i < 20; ++i) REQUIRE(decide());
        const auto before = test::allocations();
        bool all = true;
        for (int i = 0; i < 200; ++i) all = decide() && all;
        const auto after = test::allocations();
        CHECK(all);
        CHECK(after - before == 0);
    }
}
