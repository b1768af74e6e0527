#include "payload/models.hpp"

#include <doctest/doctest.h>

using namespace weir::payload;

TEST_SUITE("payload/models") {
    TEST_CASE("the entries of a list are read and kept as written") {
        json_index scratch;
        const auto cards = parse_models(
            R"({"object":"list","data":[{ "id" : "base", "owned_by":"vllm","root":"/models/b","parent":null,"max_model_len":4096 },)"
            R"({"id":"ad\u0061pter","root":"r","parent":"base","aliases":["sql", 7, ""]},{"object":"model"},{"id":7},"x"]})",
            scratch);
        REQUIRE(cards);
        REQUIRE(cards->size() == 2);
        CHECK(cards->at(0).id == "base");
        CHECK(cards->at(0).owned_by == "vllm");
        CHECK(cards->at(0).root == "/models/b");
        CHECK(cards->at(0).parent == "");
        CHECK(
            cards->at(0).raw ==
            R"({ "id" : "base", "owned_by":"vllm","root":"/models/b","parent":null,"max_model_len":4096 })");
        CHECK(cards->at(1).id == "adapter");
        CHECK(cards->at(1).parent == "base");
        CHECK(cards->at(1).aliases == std::vector<std::string>{"sql"});
    }

    TEST_CASE("what is no list is refused, an empty list is none") {
        json_index scratch;
        for (const char* body :
             {"", "Not Found", "[]", "{}", R"({"data":{}})", R"({"data":[{"id":"a"}})",
              R"({"data":[{"id":"a","x":nul}]})", R"({"data":[{"id":"\ud800"}]})"}) {
            CAPTURE(body);
            CHECK_FALSE(parse_models(body, scratch));
        }
        for (const char* body : {R"({"data":[]})", R"({"object":"list","data":null})"}) {
            CAPTURE(body);
            CHECK(parse_models(body, scratch)->empty());
        }
        CHECK(parse_models(R"({"models":[{"name":"x"}],"data":[{"id":"x"}]})", scratch)->size() ==
              1);
    }

    TEST_CASE("the union has each id once, in order, as its first server wrote it") {
        json_index scratch;
        const std::vector<std::vector<model_card>> lists = {
            *parse_models(R"({"data":[{"id":"b","n":1},{"id":"a"}]})", scratch),
            *parse_models(R"({"data":[]})", scratch),
            *parse_models(R"({"data":[{"id":"a","n":2},{"id":"c"},{"id":"b","n":3}]})", scratch),
        };
        CHECK(merge_models(lists) ==
              R"({"object":"list","data":[{"id":"b","n":1},{"id":"a"},{"id":"c"}]})");
        CHECK(merge_models({}) == R"({"object":"list","data":[]})");
    }
}
