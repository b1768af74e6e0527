#include "sim/server.hpp"

#include <vector>

#include "sim_fixture.hpp"

using namespace std::chrono_literals;
using namespace weir::sim;
using namespace weir::sim::test;

namespace {

constexpr auto chat =
    R"({"model":"m","messages":[{"role":"user","content":"hello there"}],"max_tokens":5})";
constexpr auto chat_stream =
    R"({"model":"m","messages":[{"role":"user","content":"hello there"}],"max_tokens":3,"stream":true,)"
    R"("stream_options":{"include_usage":true}})";

std::vector<std::string> events(std::string_view body) {
    std::vector<std::string> out;
    while (!body.empty()) {
        const auto end = body.find("\n\n");
        REQUIRE(end != std::string_view::npos);
        out.emplace_back(body.substr(0, end));
        body.remove_prefix(end + 2);
    }
    return out;
}

bool connects(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto to = *weir::http::address::parse("127.0.0.1", port);
    const bool open = ::connect(fd, to.data(), to.size()) == 0;
    ::close(fd);
    return open;
}

json_value first(json_value v, std::string_view name) { return v.get(name).first(); }

}  // namespace

TEST_SUITE("sim/server") {
    TEST_CASE("a chat is answered with text, usage and the name of the endpoint") {
        const fixture f;
        auto a = f.post("/v1/chat/completions", chat, "X-Request-Id: abc\r\n");
        CHECK(a.status == 200);
        CHECK(a.head.find("x-sim-endpoint: 127.0.0.1:" + std::to_string(f.port)) !=
              std::string::npos);
        const auto j = a.json();
        CHECK(j.get("id").string() == "chatcmpl-abc");
        CHECK(j.get("object").string() == "chat.completion");
        CHECK(j.get("model").string() == "m");
        const auto choice = first(j, "choices");
        CHECK(choice.get("message").get("role").string() == "assistant");
        CHECK(choice.get("message").get("content").string()->size() == 20);
        CHECK(choice.get("finish_reason").string() == "length");
        CHECK(j.get("usage").get("completion_tokens").integer() == 5);
        CHECK(j.get("usage").get("prompt_tokens").integer() > 0);
        CHECK(j.get("usage").get("prompt_tokens_details").get("cached_tokens").integer() == 0);
        auto again = f.post("/v1/chat/completions", chat);
        CHECK(first(again.json(), "choices").raw() == choice.raw());
    }

    TEST_CASE("a chat stream has a role chunk, a chunk a token, the reason, usage and DONE") {
        const fixture f;
        auto whole =
            f.post("/v1/chat/completions",
                   R"({"messages":[{"role":"user","content":"hello there"}],"max_tokens":3})");
        auto a = f.post("/v1/chat/completions", chat_stream);
        CHECK(a.head.find("content-type: text/event-stream") != std::string::npos);
        const auto list = events(a.body);
        REQUIRE(list.size() == 7);
        CHECK(list.back() == "data: [DONE]");
        std::string text;
        for (std::size_t i = 0; i + 1 < list.size(); ++i) {
            json_document d;
            REQUIRE(d.parse(std::string_view(list[i]).substr(6)));
            const auto delta = first(d.root(), "choices").get("delta");
            CHECK(d.root().get("object").string() == "chat.completion.chunk");
            if (i == 0) CHECK(delta.get("role").string() == "assistant");
            if (i == 4) CHECK(first(d.root(), "choices").get("finish_reason").string() == "length");
            text += delta.get("content").string().value_or("");
            if (i != 5) continue;
            CHECK_FALSE(d.root().get("choices").first());
            CHECK(d.root().get("usage").get("completion_tokens").integer() == 3);
        }
        CHECK(text == first(whole.json(), "choices").get("message").get("content").string());
    }

    TEST_CASE("completions answer every prompt and every n, streamed or not") {
        const fixture f;
        auto a = f.post("/v1/completions", R"({"prompt":["a","b"],"n":2,"max_tokens":2})");
        CHECK(a.json().get("object").string() == "text_completion");
        int choices = 0;
        for (auto c = first(a.json(), "choices"); c; c = c.next()) {
            CHECK(c.get("index").integer() == choices++);
            CHECK(c.get("text").string()->size() == 8);
        }
        CHECK(choices == 4);
        auto s = f.post("/v1/completions", R"({"prompt":"a","max_tokens":2,"stream":true})");
        const auto list = events(s.body);
        REQUIRE(list.size() == 4);
        CHECK(list[0].find("\"text\":\"") != std::string::npos);
        CHECK(list[0].find("usage") == std::string::npos);
        auto bare = f.post("/v1/completions", R"({"prompt":"a"})");
        CHECK(bare.json().get("usage").get("completion_tokens").integer() == 16);
    }

    TEST_CASE("a stop string ends the answer before it, whole or streamed") {
        const fixture f;
        auto all = f.post("/v1/completions", R"({"prompt":"a","max_tokens":40})");
        const auto text = *first(all.json(), "choices").get("text").string();
        const auto stop = text.substr(41, 7);  // begins and ends within tokens
        REQUIRE(text.find(stop) == 41);
        const auto asked = R"({"prompt":"a","max_tokens":40,"stop":["~",")" + stop + "\"]";
        auto a = f.post("/v1/completions", asked + "}");
        const auto choice = first(a.json(), "choices");
        CHECK(choice.get("text").string() == text.substr(0, 41));
        CHECK(choice.get("finish_reason").string() == "stop");
        CHECK(choice.get("stop_reason").string() == stop);
        CHECK(a.json().get("usage").get("completion_tokens").integer() == 12);
        auto s = f.post("/v1/completions", asked + R"(,"stream":true})");
        std::string streamed;
        for (const auto& event : events(s.body)) {
            json_document d;
            if (!d.parse(std::string_view(event).substr(6))) continue;
            streamed += first(d.root(), "choices").get("text").string().value_or("");
        }
        CHECK(streamed == text.substr(0, 41));
        CHECK(s.body.find(R"("finish_reason":"stop","stop_reason":")" + stop) != std::string::npos);
        auto none = f.post("/v1/completions", R"({"prompt":"a","max_tokens":4,"stop":"~"})");
        CHECK(first(none.json(), "choices").get("finish_reason").string() == "length");
        auto claude = f.post(
            "/v1/messages", R"({"max_tokens":40,"stop_sequences":["e"],"messages":[{"role":"user",)"
                            R"("content":"a"}]})");
        CHECK(claude.json().get("stop_reason").string() == "stop_sequence");
        CHECK(claude.json().get("stop_sequence").string() == "e");
        CHECK(f.post("/v1/completions", R"({"prompt":"a","stop":[""]})").status == 400);
    }

    TEST_CASE("echo, log probabilities and calls of tools have their shapes") {
        const fixture f;
        const std::string asked =
            R"({"prompt":"say \"x\"","max_tokens":2,"echo":true,"logprobs":1)";
        auto a = f.post("/v1/completions", asked + "}");
        const auto choice = first(a.json(), "choices");
        CHECK(choice.get("text").string()->starts_with("say \"x\""));
        CHECK(first(choice.get("logprobs"), "tokens").string() == "say ");
        auto s = f.post("/v1/completions", asked + R"(,"stream":true})");
        json_document d;
        const auto streamed = events(s.body);
        REQUIRE(d.parse(std::string_view(streamed.front()).substr(6)));
        const auto piece = first(d.root(), "choices");
        CHECK(piece.get("text").string() == "say \"x\"");
        CHECK(piece.get("logprobs").get("tokens").first().next().string() == "\"x\"");
        auto c = f.post("/v1/chat/completions",
                        R"({"messages":[{"role":"user","content":"x"}],"max_tokens":2,)"
                        R"("logprobs":true,"top_logprobs":2})");
        auto token = first(first(c.json(), "choices").get("logprobs"), "content");
        CHECK(token.get("token").string()->size() == 4);
        CHECK(token.get("top_logprobs").first().next());
        auto t = f.post("/v1/chat/completions",
                        R"({"messages":[{"role":"user","content":"x"}],"max_tokens":2,)"
                        R"("tool_choice":"required","tools":[{"type":"function","function":)"
                        R"({"name":"weather"}}]})");
        const auto call = first(first(t.json(), "choices").get("message"), "tool_calls");
        CHECK(call.get("function").get("name").string() == "weather");
        const auto arguments = *call.get("function").get("arguments").string();
        CHECK(d.parse(arguments));
        CHECK(first(t.json(), "choices").get("finish_reason").string() == "tool_calls");
    }

    TEST_CASE("tokens of a text are those that make the text again") {
        const fixture f;
        auto a = f.post("/tokenize", R"({"prompt":"Größe x"})");
        std::string ids(a.json().get("tokens").raw());
        auto back = f.post("/detokenize", R"({"tokens":)" + ids + "}");
        CHECK(back.json().get("prompt").string() == "Größe x");
        const std::string text(128, 'y');
        auto long_ids = f.post("/tokenize", R"({"prompt":")" + text + "\"}");
        f.post("/v1/completions", R"({"prompt":")" + text + "\"}");
        ids = long_ids.json().get("tokens").raw();
        auto again = f.post("/v1/completions", R"({"prompt":)" + ids + "}");
        CHECK(
            again.json().get("usage").get("prompt_tokens_details").get("cached_tokens").integer() ==
            16);
    }

    TEST_CASE("an engine that sleeps is well, serves nothing and says so in its metrics") {
        const fixture f;
        CHECK(f.post("/sleep?level=2", "").status == 200);
        CHECK(f.get("/is_sleeping").body == R"({"is_sleeping":true})");
        CHECK(f.get("/health").status == 200);
        CHECK(f.post("/v1/chat/completions", chat).status == 503);
        const std::string state = R"(vllm:engine_sleep_state{engine="0",model_name="m",)";
        CHECK(sample(f.get("/metrics").body, state + R"(sleep_state="discard_all"})") == "1.0");
        CHECK(f.post("/wake_up", "").status == 200);
        CHECK(sample(f.get("/metrics").body, state + R"(sleep_state="awake"})") == "1.0");
        CHECK(f.post("/v1/chat/completions", chat).status == 200);
    }

    TEST_CASE("a priority is vLLM's to refuse unless its queue has them") {
        const auto body = R"({"prompt":"a","priority":2})";
        CHECK(fixture().post("/v1/completions", body).status == 400);
        auto o = fixture::fast();
        o.policy = queue_policy::priority;
        CHECK(fixture(o).post("/v1/completions", body).status == 200);
    }

    TEST_CASE("vectors come as numbers or as base64 of floats") {
        const fixture f;
        auto a =
            f.post("/v1/embeddings", R"({"input":"a","dimensions":3,"encoding_format":"base64"})");
        CHECK(first(a.json(), "data").get("embedding").string()->size() == 16);
        CHECK(f.post("/v1/embeddings", R"({"input":"a","dimensions":0})").status == 400);
    }

    TEST_CASE("the second request with a long prompt finds it in the cache, with the answer too") {
        const fixture f;
        const std::string long_text(640, 'x');
        auto one = f.post("/v1/completions", R"({"max_tokens":32,"prompt":")" + long_text + "\"}");
        CHECK(one.json().get("usage").get("prompt_tokens_details").get("cached_tokens").integer() ==
              0);
        const auto text = *first(one.json(), "choices").get("text").string();
        auto two = f.post("/v1/completions", R"({"prompt":")" + long_text + text + " go on\"}");
        const auto cached =
            two.json().get("usage").get("prompt_tokens_details").get("cached_tokens").integer();
        CHECK(cached ==
              176);  // 10 blocks of prompt and one of the answer's 32 tokens (the last has no KV)
        auto salted =
            f.post("/v1/completions", R"({"cache_salt":"s","prompt":")" + long_text + "\"}");
        CHECK(salted.json()
                  .get("usage")
                  .get("prompt_tokens_details")
                  .get("cached_tokens")
                  .integer() == 0);
    }

    TEST_CASE("responses, messages, embeddings, tokenize and count_tokens have their shapes") {
        const fixture f;
        auto r = f.post("/v1/responses", R"({"input":"hi","max_output_tokens":2})");
        CHECK(first(first(r.json(), "output"), "content").get("type").string() == "output_text");
        CHECK(r.json().get("usage").get("output_tokens").integer() == 2);
        auto rs = f.post("/v1/responses", R"({"input":"hi","max_output_tokens":2,"stream":true})");
        const auto list = events(rs.body);
        CHECK(list.front().starts_with("event: response.created\n"));
        CHECK(list.back().starts_with("event: response.completed\n"));
        CHECK(rs.body.find("[DONE]") == std::string::npos);

        const auto body =
            std::string(R"({"max_tokens":2,"messages":[{"role":"user","content":"x"}])");
        auto m = f.post("/v1/messages", body + "}");
        CHECK(m.json().get("type").string() == "message");
        CHECK(m.json().get("stop_reason").string() == "max_tokens");
        auto ms = f.post("/v1/messages", body + R"(,"stream":true})");
        CHECK(events(ms.body).front().starts_with("event: message_start\n"));
        CHECK(events(ms.body).back().starts_with("event: message_stop\n"));

        auto e = f.post("/v1/embeddings", R"({"input":["a","b"]})");
        CHECK(first(e.json(), "data").get("embedding").first().number());
        CHECK(first(e.json(), "data").next().get("index").integer() == 1);
        CHECK(e.json().get("usage").get("total_tokens").integer() == 2);
        CHECK(f.post("/detokenize", R"({"tokens":[1684234849,26213]})")
                  .json()
                  .get("prompt")
                  .string() == "abcdef");
        auto t = f.post("/tokenize", R"({"prompt":"abcdefgh"})");
        CHECK(t.json().get("count").integer() == 2);
        auto c = f.post("/v1/messages/count_tokens", body + "}");
        CHECK(c.json().get("input_tokens").integer() > 0);
    }

    TEST_CASE("models, version and health answer, unknown paths and models are 404") {
        auto o = fixture::fast();
        o.loras = {"sql"};
        const fixture f(o);
        auto models = f.get("/v1/models");
        CHECK(first(models.json(), "data").get("id").string() == "m");
        CHECK(first(models.json(), "data").next().get("parent").string() == "m");
        CHECK(f.get("/health").status == 200);
        CHECK(f.get("/health").body.empty());
        CHECK(f.get("/version").json().get("version"));
        CHECK(f.get("/nope").status == 404);
        CHECK(f.get("/v1/completions").status == 405);
        auto e = f.post("/v1/completions", R"({"model":"zz","prompt":"a"})");
        CHECK(e.status == 404);
        CHECK(e.json().get("error").get("type").string() == "NotFoundError");
        CHECK(f.post("/v1/completions", "{").status == 400);
        CHECK(f.post("/v1/completions", R"({"model":"sql","prompt":"a"})").status == 200);
    }

    TEST_CASE("adapters are loaded and unloaded while the server runs") {
        const fixture f;
        CHECK(f.post("/v1/completions", R"({"model":"ad","prompt":"a"})").status == 404);
        CHECK(f.post("/v1/load_lora_adapter", R"({"lora_name":"ad","lora_path":"/x"})").status ==
              200);
        CHECK(f.post("/v1/load_lora_adapter", R"({"lora_name":"ad","lora_path":"/x"})").status ==
              400);
        CHECK(f.post("/v1/completions", R"({"model":"ad","prompt":"a"})").status == 200);
        CHECK(f.post("/v1/unload_lora_adapter", R"({"lora_name":"ad"})").status == 200);
        CHECK(f.post("/v1/unload_lora_adapter", R"({"lora_name":"ad"})").status == 404);
        CHECK(f.post("/v1/completions", R"({"model":"ad","prompt":"a"})").status == 404);
    }

    TEST_CASE("a client that leaves frees its place, and the metrics say abort") {
        auto o = fixture::fast();
        o.fast = false;
        o.inter_token_time = 2ms;
        const fixture f(o);
        {
            client c(f.port);
            c.send(fixture::request("POST", "/v1/completions",
                                    R"({"prompt":"a","max_tokens":100000,"stream":true})"));
            c.read("data: ");
            CHECK(f.eventually("/metrics", [](auto& a) {
                return sample(a.body, R"(vllm:num_requests_running{engine="0",model_name="m"})") ==
                       "1.0";
            }));
        }
        CHECK(f.eventually("/metrics", [](auto& a) {
            return sample(a.body, R"(vllm:num_requests_running{engine="0",model_name="m"})") ==
                       "0.0" &&
                   sample(
                       a.body,
                       R"(vllm:request_success_total{engine="0",model_name="m",finished_reason="abort"})") ==
                       "1.0";
        }));
    }

    TEST_CASE("more than the batch takes is queued and shown, more than the queue takes refused") {
        auto o = fixture::fast();
        o.fast = false;
        o.inter_token_time = 2ms;
        o.max_num_seqs = 1;
        o.max_queue = 1;
        const fixture f(o);
        const auto long_one = fixture::request(
            "POST", "/v1/completions", R"({"prompt":"a","max_tokens":100000,"stream":true})");
        client running(f.port);
        running.send(long_one);
        running.read("data: ");
        client queued(f.port);
        queued.send(long_one);
        CHECK(f.eventually("/metrics", [](auto& a) {
            return sample(a.body, R"(vllm:num_requests_waiting{engine="0",model_name="m"})") ==
                   "1.0";
        }));
        auto refused = f.post("/v1/completions", R"({"prompt":"a"})");
        CHECK(refused.status == 503);
        CHECK(refused.json().get("error").get("code").integer() == 503);
        CHECK(queued.read({}, 50ms).find("data:") == std::string::npos);
        running.close();
        CHECK(queued.read("data: ").find("data: ") != std::string::npos);
    }

    TEST_CASE("a paced stream comes token by token") {
        auto o = fixture::fast();
        o.fast = false;
        o.inter_token_time = 30ms;
        const fixture f(o);
        client c(f.port);
        const auto begin = std::chrono::steady_clock::now();
        c.send(fixture::request("POST", "/v1/completions",
                                R"({"prompt":"a","max_tokens":4,"stream":true})"));
        c.read("data: ");
        const auto first_token = std::chrono::steady_clock::now() - begin;
        c.read("[DONE]");
        const auto all = std::chrono::steady_clock::now() - begin;
        CHECK(first_token >= 28ms);
        CHECK(all - first_token >= 80ms);
    }

    TEST_CASE("the request log tells what came and how it went") {
        const fixture f;
        f.post("/v1/completions", R"({"prompt":"abcd","max_tokens":3})", "X-Thing: 7\r\n");
        f.get("/v1/models");
        auto log = f.get("/sim/requests");
        const auto r = first(log.json(), "requests");
        CHECK(r.get("path").string() == "/v1/completions");
        CHECK(r.get("headers").get("X-Thing").string() == "7");
        CHECK(r.get("body").string() == R"({"prompt":"abcd","max_tokens":3})");
        CHECK(r.get("prompt_tokens").integer() == 1);
        CHECK(r.get("output_tokens").integer() == 3);
        CHECK(r.get("status").integer() == 200);
        CHECK(r.get("finished_reason").string() == "length");
        CHECK(r.next().get("path").string() == "/v1/models");
        CHECK(f.ask("DELETE", "/sim/requests").status == 200);
        CHECK_FALSE(first(f.get("/sim/requests").json(), "requests"));
        CHECK(f.post("/sim/echo/x?y=1", "abc").json().get("path").string() == "/sim/echo/x?y=1");
        CHECK(f.get("/sim/state").json().get("generated_tokens").integer() == 3);
    }

    TEST_CASE("pinned metrics show until they are released") {
        const fixture f;
        const auto waiting = R"(vllm:num_requests_waiting{engine="0",model_name="m"})";
        const auto kv = R"(vllm:kv_cache_usage_perc{engine="0",model_name="m"})";
        CHECK(
            f.post("/sim/metrics", R"({"waiting":12,"kv":0.5,"running_loras":"a,b","max_loras":4})")
                .status == 200);
        auto page = f.get("/metrics").body;
        CHECK(sample(page, waiting) == "12.0");
        CHECK(sample(page, kv) == "0.5");
        CHECK(page.find(R"(vllm:lora_requests_info{max_lora="4",running_lora_adapters="a,b")") !=
              std::string::npos);
        f.post("/sim/metrics", R"({"waiting":null})");
        page = f.get("/metrics").body;
        CHECK(sample(page, waiting) == "0.0");
        CHECK(sample(page, kv) == "0.5");
        f.ask("DELETE", "/sim/metrics");
        CHECK(sample(f.get("/metrics").body, kv) == "0.0");
        CHECK(f.post("/sim/metrics", R"({"nope":1})").status == 400);
    }

    TEST_CASE("connects are refused for a while, answers under way end") {
        fixture f;
        client streaming(f.port);
        const std::string body =
            R"({"prompt":"x","max_tokens":400,"stream":true,"stop":["never"]})";
        streaming.send("POST /v1/completions HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
        streaming.read("data:");
        CHECK(f.post("/sim/faults", R"({"refuse":"300ms"})").status == 200);
        const auto to = *weir::http::address::parse("127.0.0.1", f.port);
        const auto connects = [&to] {
            const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
            const bool connected = ::connect(fd, to.data(), to.size()) == 0;
            ::close(fd);
            return connected;
        };
        CHECK_FALSE(connects());
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!connects() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        CHECK(f.get("/health").status == 200);
        CHECK(streaming.read("[DONE]").find("[DONE]") != std::string::npos);
    }

    TEST_CASE("while it loads the server says so") {
        auto o = fixture::fast();
        o.engine = personality::llamacpp;
        o.startup_delay = 1h;
        const fixture f(o);
        CHECK(f.get("/health").status == 503);
        CHECK(f.post("/v1/completions", R"({"prompt":"a"})").status == 503);
        CHECK(f.get("/v1/models").status == 503);
        CHECK(f.post("/sim/faults", "{}").status == 200);
        CHECK(f.get("/health").status == 200);
        CHECK(f.post("/v1/completions", R"({"prompt":"a"})").status == 200);
    }

    TEST_CASE("an engine that opens its port late refuses connects while its model loads") {
        for (const auto engine : {personality::vllm, personality::trtllm}) {
            auto o = fixture::fast();
            o.engine = engine;
            o.startup_delay = 1h;
            CHECK_FALSE(connects(fixture(o).port));
            o.startup_delay = 20ms;
            const fixture f(o);
            const auto deadline = std::chrono::steady_clock::now() + 10s;
            while (!connects(f.port) && std::chrono::steady_clock::now() < deadline)
                std::this_thread::yield();
            CHECK(f.get("/health").status == 200);
        }
    }

    TEST_CASE("SGLang makes a token before it calls itself healthy, and looks once a second") {
        auto o = fixture::fast();
        o.fast = false;
        o.engine = personality::sglang;
        const fixture f(o);
        const auto asked = std::chrono::steady_clock::now();
        CHECK(f.get("/health").status == 200);
        CHECK(std::chrono::steady_clock::now() - asked >= 990ms);
        CHECK(f.get("/sim/state").json().get("generated_tokens").integer() == 1);
        CHECK(f.get("/ping").status == 200);  // at once, and without a token
        CHECK(f.get("/sim/state").json().get("generated_tokens").integer() == 1);
        CHECK(f.post("/sim/faults", R"({"health":503})").status == 200);
        CHECK(f.get("/health").status == 503);
    }

    TEST_CASE("TensorRT-LLM notices within a second that a client is gone, the others at once") {
        auto o = fixture::fast();
        o.fast = false;
        o.engine = personality::trtllm;
        const fixture f(o);
        {
            client c(f.port);
            c.send(fixture::request("POST", "/v1/completions",
                                    R"({"prompt":"a","max_tokens":100000,"stream":true})"));
            c.read("data: ");
        }
        CHECK(f.eventually("/sim/state",
                           [](answer& a) { return a.json().get("in_flight").integer() == 0; }));
        CHECK(f.eventually("/sim/state", [](answer& a) {
            return a.json().get("finished").get("abort").integer() == 1;
        }));
        CHECK(f.get("/sim/state").json().get("running").integer() == 0);
    }

    TEST_CASE("requests in a row share a connection, pipelined ones too") {
        const fixture f;
        client c(f.port);
        const auto one =
            fixture::request("POST", "/v1/completions", R"({"prompt":"a","max_tokens":1})");
        c.send(one + one + fixture::request("GET", "/version"));
        c.read("0.0.0-sim");
        std::size_t answers = 0;
        for (auto at = c.got.find("HTTP/1.1 200"); at != std::string::npos;
             at = c.got.find("HTTP/1.1 200", at + 1))
            ++answers;
        CHECK(answers == 3);
    }
}
