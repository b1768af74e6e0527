#include "payload/model_splicer.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::payload::model_splicer;

namespace {

std::string spliced(std::string_view text, std::size_t step) {
    model_splicer splicer;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += step) {
        splicer.feed(text.substr(i, step), "\"mine\"", out);
    }
    return out;
}

}  // namespace

TEST_SUITE("payload/model_splicer") {
    TEST_CASE("the name changes where it is the answer's own, however the reads are cut") {
        struct row {
            const char* text;
            const char* expected;
        };
        for (const auto& [text, expected] : {
                 row{R"({"model":"t"})", R"({"model":"mine"})"},
                 row{"\n { \"data\":[1,{\"model\":\"t\"}] , \"model\" : \"t\\\"\\\\\" ,\"u\":{}}",
                     "\n { \"data\":[1,{\"model\":\"t\"}] , \"model\" : \"mine\" ,\"u\":{}}"},
                 row{R"({"m\u006fdel":"t","x":"\"model\":\"t\""})",
                     R"({"m\u006fdel":"mine","x":"\"model\":\"t\""})"},
                 row{R"({"response":{"a":{"model":"t"},"model":"t"},"model":"t"})",
                     R"({"response":{"a":{"model":"t"},"model":"mine"},"model":"mine"})"},
                 row{R"({"message":[{"model":"t"}],"other":{"model":"t"}})",
                     R"({"message":[{"model":"t"}],"other":{"model":"t"}})"},
                 row{R"({"x":"model","y":"t","model":null,"z":"t"})",
                     R"({"x":"model","y":"t","model":null,"z":"t"})"},
                 row{R"({"model":["t","t"],"model":{"model":"t"}})",
                     R"({"model":["t","t"],"model":{"model":"t"}})"},
                 row{R"({"a":{"response":{"model":"t"}},"model":"t"})",
                     R"({"a":{"response":{"model":"t"}},"model":"mine"})"},
                 row{R"([{"model":"t"}])", R"([{"model":"t"}])"},
                 row{"model \"t\"", "model \"t\""},
                 row{"}}{\"model\":\"t\"", "}}{\"model\":\"t\""},
                 row{"", ""},
             }) {
            CAPTURE(text);
            for (const std::size_t step : {1U, 2U, 7U, 1000U})
                CHECK(spliced(text, step) == expected);
        }
    }

    TEST_CASE("a key longer than any known one is none of them") {
        const std::string text = "{\"" + std::string(10000, 'k') + "model\":\"t\",\"model\":\"t\"}";
        CHECK(spliced(text, 3).ends_with("model\":\"t\",\"model\":\"mine\"}"));
    }
}
