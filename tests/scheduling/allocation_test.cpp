#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "payload/request.hpp"
#include "picker_fixture.hpp"

namespace {
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
// simdjson's: every form must come from the same heap as the one that gives back.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

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
        const auto before = allocations.load();
        bool all = true;
        for (int i = 0; i < 200; ++i) all = decide() && all;
        const auto after = allocations.load();
        CHECK(all);
        CHECK(after - before == 0);
    }
}
