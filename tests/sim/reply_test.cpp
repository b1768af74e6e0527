#include "sim/reply.hpp"

#include <doctest/doctest.h>

#include "sim/json_reader.hpp"

using namespace weir::sim;

namespace {

reply_facts facts(api kind, personality engine = personality::vllm) {
    reply_facts f;
    f.kind = kind;
    f.engine = engine;
    f.id = "id\"1";
    f.model = "m\"x";
    f.created = 7;
    return f;
}

constexpr token_usage usage{10, 2, 4};
const reply_choice all{"some text", "stop"};

}  // namespace

TEST_SUITE("sim/reply") {
    TEST_CASE("ids carry the caller's request id where the engine takes it") {
        CHECK(make_reply_id(api::chat, personality::vllm, "r", 1) == "chatcmpl-r");
        CHECK(make_reply_id(api::completions, personality::vllm, "r", 1) == "cmpl-r");
        CHECK(make_reply_id(api::completions, personality::llamacpp, "r", 1) ==
              "chatcmpl-0000000000000001");
        CHECK(make_reply_id(api::messages, personality::vllm, "", 255) == "msg_00000000000000ff");
    }

    TEST_CASE("names are escaped in every event and answer") {
        for (const auto kind : {api::chat, api::completions}) {
            reply r(facts(kind));
            std::string out;
            r.begin(out, 1, usage);
            r.text(out, 0, "piece", usage);
            r.end_choice(out, 0, all, usage, {});
            r.end(out, usage);
            while (!out.starts_with("data: [DONE]")) {
                const auto end = out.find("\n\n");
                json_document d;
                REQUIRE(d.parse(std::string_view(out).substr(6, end - 6)));
                CHECK(d.root().get("model").string() == "m\"x");
                CHECK(d.root().get("id").string() == "id\"1");
                out.erase(0, end + 2);
            }
        }
    }

    TEST_CASE("usage comes only when asked for, in every chunk or behind the last") {
        auto f = facts(api::completions);
        reply plain(f);
        std::string out;
        plain.end(out, usage);
        CHECK(out == "data: [DONE]\n\n");
        f.include_usage = true;
        reply asked(f);
        out.clear();
        asked.text(out, 0, "x", usage);
        CHECK(out.find("usage") == std::string::npos);
        asked.end(out, usage);
        CHECK(
            out.find(
                R"("choices":[],"usage":{"prompt_tokens":10,"total_tokens":12,"completion_tokens":2,)"
                R"("prompt_tokens_details":{"cached_tokens":4}})") != std::string::npos);
        f.continuous_usage = true;
        reply always(f);
        out.clear();
        always.text(out, 0, "x", usage);
        CHECK(out.find("\"usage\"") != std::string::npos);
    }

    TEST_CASE("a whole answer is one JSON object of its API") {
        json_document d;
        const reply_choice one[] = {all};
        std::string text;
        text = reply(facts(api::chat)).whole(one, usage, {});
        REQUIRE(d.parse(text));
        CHECK(d.root().get("choices").first().get("message").get("content").string() ==
              "some text");
        text = reply(facts(api::responses)).whole(one, usage, {});
        REQUIRE(d.parse(text));
        CHECK(d.root().get("status").string() == "completed");
        text = reply(facts(api::messages)).whole(one, usage, {});
        REQUIRE(d.parse(text));
        CHECK(d.root().get("stop_reason").string() == "end_turn");
        CHECK(d.root().get("usage").get("input_tokens").integer() == 6);
        text = reply(facts(api::generate, personality::sglang)).whole(one, usage, {});
        REQUIRE(d.parse(text));
        CHECK(d.root().get("meta_info").get("cached_tokens").integer() == 4);
    }
}
