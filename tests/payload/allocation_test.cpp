// A program of its own: it replaces the allocation functions, which sanitizers like to own.
#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <new>
#include <string_view>

#include "payload/request.hpp"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t n) {
    ++allocations;
    return std::malloc(n);
}

void* counted_or_throw(std::size_t n) {
    if (void* p = counted(n)) return p;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t n) { return counted_or_throw(n); }
void* operator new[](std::size_t n) { return counted_or_throw(n); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return counted(n); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return counted(n); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }

TEST_SUITE("payload/request allocations") {
    using weir::api_kind;

    TEST_CASE("a warm scan allocates nothing") {
        struct row {
            api_kind api;
            std::string_view body;
        };
        // Each body has its own kind of memory: streams, escapes, sorted keys, lists, ids, names.
        const std::array rows{
            row{api_kind::chat_completions,
                R"({"model":"m","messages":[{"role":"user","content":"hello\nworld"}],"tools":[{"b":1,"\u0061":"\n"}]})"},
            row{api_kind::completions,
                R"({"\u006dodel":"\u006d","prompt":["a","b\n"],"max_tokens":5,"cache_salt":"\n"})"},
            row{api_kind::completions, R"({"model":"m","prompt":[1,2,3],"stream":true})"},
            row{api_kind::messages,
                R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]})"},
        };
        weir::payload::request_scanner scanner;
        weir::payload::request_facts facts;
        for (int round = 0; round < 3; ++round) {
            for (const auto& [api, body] : rows) {
                const auto before = allocations;
                const auto refused = scanner.scan(api, {body.data(), body.size()}, facts);
                const auto after = allocations;
                CHECK_FALSE(refused);
                CHECK_FALSE(facts.prompt_problem);
                CHECK_FALSE(facts.model_problem);
                if (round == 0) continue;
                CAPTURE(body);
                CHECK(after == before);
            }
        }
    }
}
