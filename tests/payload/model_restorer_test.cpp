#include "payload/model_restorer.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace weir::payload;

namespace {

std::string restored(answer_kind kind, std::string_view text, std::size_t step,
                     std::string_view name = "client") {
    json_index scratch;
    model_restorer restorer(kind, name, scratch);
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += step) restorer.feed(text.substr(i, step), out);
    restorer.finish(out);
    return out;
}

}  // namespace

TEST_SUITE("payload/model_restorer") {
    TEST_CASE("a JSON body gets the client's name back and keeps every other byte") {
        struct row {
            const char* body;
            const char* expected;
        };
        for (const auto& [body, expected] : {
                 row{"{ \"id\":1, \"model\" : \"target\" , \"x\":1e5 }\n",
                     "{ \"id\":1, \"model\" : \"client\" , \"x\":1e5 }\n"},
                 row{R"({"response":{"model":"t","a":{"model":"t"}},"model":"t"})",
                     R"({"response":{"model":"client","a":{"model":"t"}},"model":"client"})"},
                 row{R"({"m\u006fdel":"t\"t"})", R"({"m\u006fdel":"client"})"},
                 row{R"({"model":null,"choices":[{"model":"t"}]})",
                     R"({"model":null,"choices":[{"model":"t"}]})"},
                 row{R"({"text":"\"model\":\"t\""})", R"({"text":"\"model\":\"t\""})"},
                 row{"[{\"model\":\"t\"}]", "[{\"model\":\"t\"}]"},
                 row{"{\"model\":\"t\"", "{\"model\":\"t\""},
                 row{"upstream said no", "upstream said no"},
                 row{"", ""},
             }) {
            CAPTURE(body);
            for (const std::size_t step : {1U, 5U, 1000U})
                CHECK(restored(answer_kind::json, body, step) == expected);
        }
    }

    TEST_CASE("each event of a stream gets it back, however the reads are cut") {
        const std::string_view stream =
            "\xEF\xBB\xBF"
            "data: {\"model\":\"target\"}\n\n"
            ": ping\n\n"
            "data: {\"id\":1,\r\nid: 7\r\ndata:  \"model\" :\r\ndata:\"target\"}\r\n\r\n"
            "data: {\"model\":\"target\",\"choices\":[{\"delta\":{\"content\":\"model\"}}]}\n\n"
            "event: response.completed\r\ndata: {\"response\":{\"model\":\"target\"}}\r\n\r\n"
            "event: "
            "message_start\ndata:{\"type\":\"message_start\",\"message\":{\"model\":\"target\"}}"
            "\n\n"
            "id: 1\rdata: {\"model\":\"target\"}\r\r"
            "data: {\"broken\":\n\n"
            "data: [DONE]\n\n"
            "data: {\"model\":\"target\"}";
        std::string expected(stream);
        for (std::size_t at = 0; (at = expected.find("\"target\"", at)) != std::string::npos;
             ++at) {
            expected.replace(at, 8, "\"client\"");
        }
        for (std::size_t step = 1; step < 450; ++step) {
            CAPTURE(step);
            CHECK(restored(answer_kind::sse, stream, step) == expected);
        }
    }

    TEST_CASE("names are escaped and may change length") {
        CHECK(restored(answer_kind::json, R"({"model":"a"})", 100, "q\"\\\xC3\xA9/long") ==
              "{\"model\":\"q\\\"\\\\\xC3\xA9/long\"}");
    }

    TEST_CASE("whole events leave at once, unfinished ones wait for their end") {
        json_index scratch;
        model_restorer restorer(answer_kind::sse, "c", scratch);
        std::string out;
        restorer.feed("data: {\"model\":\"t\"}\n\ndata: {\"mod", out);
        CHECK(out == "data: {\"model\":\"c\"}\n\n");
        out.clear();
        restorer.feed("el\":\"t\"}\n", out);
        CHECK(out.empty());
        restorer.feed("\n", out);
        CHECK(out == "data: {\"model\":\"c\"}\n\n");
    }

    TEST_CASE("an event beyond 64 KiB passes unread, the next one is read again") {
        const std::string huge =
            "data: {\"model\":\"t\",\"x\":\"" + std::string(70000, 'x') + "\"}\n\n";
        const std::string next = "data: {\"model\":\"t\"}\n\n";
        for (const std::size_t step : {1U, 999U, 65536U, 65537U, 200000U}) {
            CAPTURE(step);
            CHECK(restored(answer_kind::sse, huge + next, step, "c") ==
                  huge + "data: {\"model\":\"c\"}\n\n");
        }
        json_index scratch;
        model_restorer restorer(answer_kind::sse, "c", scratch);
        std::string out;
        restorer.feed(huge.substr(0, 66000), out);
        CHECK(out.size() == 66000);
        restorer.feed("more", out);
        CHECK(out.size() == 66004);
    }

    TEST_CASE("a JSON body is held whole up to 1 MiB and restored on the way beyond") {
        const std::string padding((1 << 20) - 20, 'x');
        const std::string fits = "{\"model\":\"t\",\"x\":\"" + padding + "\"}";
        REQUIRE(fits.size() == 1 << 20);
        CHECK(restored(answer_kind::json, fits, 5000, "name").starts_with("{\"model\":\"name\""));
        const std::string larger = fits + " ";
        const std::string expected = "{\"model\":\"name\",\"x\":\"" + padding + "\"} ";
        CHECK(restored(answer_kind::json, larger, 5000, "name") == expected);
        json_index scratch;
        model_restorer restorer(answer_kind::json, "name", scratch);
        std::string out;
        restorer.feed(fits, out);
        CHECK(out.empty());
        restorer.feed(" ", out);
        CHECK(out == expected);
    }
}
