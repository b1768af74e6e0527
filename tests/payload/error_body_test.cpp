#include "payload/error_body.hpp"

#include <doctest/doctest.h>

using namespace weir::payload;
using weir::api_kind;

namespace {

error_facts model_missing() {
    error_facts facts;
    facts.status = 400;
    facts.message = "inference gateway: BadRequest - model not found in request body";
    facts.reason = "model-not-found";
    facts.param = "model";
    facts.api = api_kind::chat_completions;
    facts.path = "/v1/chat/completions";
    facts.request_id = "r-1";
    return facts;
}

}  // namespace

TEST_SUITE("payload/error_body") {
    TEST_CASE("a client that names JSON and not text gets an envelope") {
        struct row {
            const char* accept;
            bool json;
        };
        for (const auto& [accept, json] : {
                 row{"", false},
                 row{"*/*", false},
                 row{"application/*", false},
                 row{"application/json", true},
                 row{"APPLICATION/Json", true},
                 row{" application/json ; charset=utf-8 ", true},
                 row{"application/json;q=0.1", true},
                 row{"application/json;q=0", false},
                 row{"application/json; Q=0.000", false},
                 row{"application/json;charset=utf-8;q=0", false},
                 row{"text/html, application/json;q=0.9, */*;q=0.8", true},
                 row{"application/json, text/plain, */*", false},
                 row{"text/plain, application/json", false},
                 row{"application/json, text/plain;q=0", true},
                 row{"application/json, TEXT/PLAIN", false},
                 row{"application/jsonp", false},
                 row{"application/problem+json", false},
                 row{"text/x;a=\"application/json, application/json\"", false},
                 row{"text/x;a=\"\\\",\", application/json", true},
                 row{",,application/json", true},
                 row{"text/*, application/json", true},
             }) {
            CAPTURE(accept);
            CHECK(accepts_json(accept) == json);
        }
    }

    TEST_CASE("without a wish the body is the text and nothing else") {
        const auto made = make_error_body(model_missing());
        CHECK(made.body == "inference gateway: BadRequest - model not found in request body");
        CHECK(made.content_type == "text/plain");
    }

    TEST_CASE("the OpenAI envelope names type, param and code") {
        auto facts = model_missing();
        facts.accept = "application/json";
        const auto made = make_error_body(facts);
        CHECK(made.content_type == "application/json");
        CHECK(
            made.body ==
            R"({"error":{"message":"inference gateway: BadRequest - model not found in request body",)"
            R"("type":"invalid_request_error","param":"model","code":"model-not-found"}})");
        facts.param = {};
        facts.reason = {};
        facts.message = "a \"b\"";
        CHECK(
            make_error_body(facts).body ==
            R"({"error":{"message":"a \"b\"","type":"invalid_request_error","param":null,"code":null}})");
    }

    TEST_CASE("paths of Anthropic's API get its envelope") {
        auto facts = model_missing();
        facts.format = error_format::json;
        facts.message = "m";
        const std::string expected =
            R"({"type":"error","error":{"type":"invalid_request_error","message":"m"},"request_id":"r-1"})";
        facts.api = api_kind::messages;
        CHECK(make_error_body(facts).body == expected);
        facts.api = api_kind::count_tokens;
        CHECK(make_error_body(facts).body == expected);
        facts.api = api_kind::other;
        facts.path = "/v1/messages/batches";
        CHECK(make_error_body(facts).body == expected);
        facts.request_id = {};
        CHECK(make_error_body(facts).body.ends_with(R"("request_id":null})"));
    }

    TEST_CASE("the type follows the status") {
        struct row {
            int status;
            const char* type;
        };
        for (const auto& [status, type] : {row{400, "invalid_request_error"},
                                           {408, "invalid_request_error"},
                                           {413, "invalid_request_error"},
                                           {414, "invalid_request_error"},
                                           {415, "invalid_request_error"},
                                           {431, "invalid_request_error"},
                                           {404, "not_found_error"},
                                           {429, "rate_limit_error"},
                                           {503, "service_unavailable"},
                                           {500, "server_error"},
                                           {502, "server_error"},
                                           {504, "server_error"}}) {
            CAPTURE(status);
            error_facts facts;
            facts.status = status;
            facts.format = error_format::json;
            CHECK(make_error_body(facts).body.find("\"type\":\"" + std::string(type) + "\"") !=
                  std::string::npos);
        }
    }

    TEST_CASE("404 as text has no body; its envelope does") {
        error_facts facts;
        facts.status = 404;
        facts.message = "no route matches; the nearest is default/llm";
        facts.reason = "route-not-found";
        CHECK(make_error_body(facts).body.empty());
        CHECK(make_error_body(facts).content_type.empty());
        facts.accept = "application/json";
        CHECK(make_error_body(facts).body.find("nearest") != std::string::npos);
    }

    TEST_CASE("--error-format overrides what the client wishes") {
        auto facts = model_missing();
        facts.format = error_format::json;
        CHECK(make_error_body(facts).content_type == "application/json");
        facts.format = error_format::text;
        facts.accept = "application/json";
        CHECK(make_error_body(facts).content_type == "text/plain");
    }

    TEST_CASE("a broken stream ends with one event in the API's own form") {
        auto facts = model_missing();
        facts.status = 502;
        facts.message = "cut";
        facts.param = {};
        facts.reason = "upstream-reset";
        CHECK(make_error_event(facts) ==
              "data: "
              "{\"error\":{\"message\":\"cut\",\"type\":\"server_error\",\"param\":null,\"code\":"
              "\"upstream-reset\"}}\n\n");
        facts.api = api_kind::messages;
        CHECK(make_error_event(facts) ==
              "event: error\ndata: "
              "{\"type\":\"error\",\"error\":{\"type\":\"server_error\",\"message\":\"cut\"},"
              "\"request_id\":\"r-1\"}\n\n");
    }
}
