#include "sim/rerank.hpp"

#include <doctest/doctest.h>

using namespace weir::sim;

TEST_SUITE("sim/rerank") {
    TEST_CASE("every document once, the best first, and the same scores each time") {
        json_document d;
        const std::string body =
            R"({"query":"dams","documents":["a weir",{"text":"a lock"},"a mill"]})";
        const auto first = rerank(d, body, "m");
        REQUIRE(first);
        CHECK(rerank(d, body, "m")->body == first->body);
        json_document read;
        REQUIRE(read.parse(first->body));
        double before = 1;
        unsigned seen = 0;
        for (auto r = read.root().get("results").first(); r; r = r.next()) {
            const auto score = *r.get("relevance_score").number();
            CHECK(score <= before);
            before = score;
            seen |= 1U << *r.get("index").integer();
        }
        CHECK(seen == 0b111);
        CHECK(read.root().get("usage").get("total_tokens").integer() == 8);
    }

    TEST_CASE("a body without a list of documents has no answer") {
        json_document d;
        for (const auto* body : {"", "{}", R"({"documents":"a"})"})
            CHECK_FALSE(rerank(d, body, "m"));
    }
}
