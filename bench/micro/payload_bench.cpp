// Nanoseconds of the payload paths that every request or every chunk pays. Plain loops: the best of
// many short batches, because a shared machine disturbs long ones. Absolute numbers move with the
// machine, their ratio to a memcpy of the same bytes does not.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "best_of.hpp"
#include "payload/model_restorer.hpp"
#include "payload/request.hpp"
#include "payload/usage.hpp"

namespace {

template <class F>
void measure(const char* name, std::size_t bytes, int batch, F f) {
    const auto best = weir::bench::best_of(batch, f);
    std::printf("%-44s %12.1f ns %8.2f GB/s\n", name, best, static_cast<double>(bytes) / best);
}

std::string words(std::size_t bytes, std::string_view line_end) {
    static constexpr std::string_view text =
        "the quick brown fox jumps over the lazy dog and then rests a while";
    std::string out;
    while (out.size() < bytes) {
        out += text;
        out += line_end;
    }
    return out;
}

std::string chat(std::size_t bytes, std::string_view line_end) {
    return R"({"model":"llama","messages":[{"role":"system","content":"You are helpful."},{"role":"user","content":")" +
           words(bytes, line_end) + R"("}],"stream":true,"max_tokens":100,"temperature":0.7})";
}

void scan(const char* name, weir::api_kind api, std::string body, int rounds) {
    const auto size = body.size();
    body.append(64, ' ');
    weir::payload::request_scanner scanner;
    weir::payload::request_facts facts;
    measure(name, size, rounds, [&] { (void)scanner.scan(api, {body.data(), size}, facts); });
}

}  // namespace

void relay() {
    // What vLLM sends for one token.
    const std::string chunk =
        R"(data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1739400043,)"
        R"("model":"llama","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}],)"
        "\"usage\":null}\n\n";
    weir::payload::json_index scratch;
    weir::payload::sse_boundary boundary;
    measure("SSE chunk: event boundary", chunk.size(), 1000, [&] {
        boundary.feed(chunk);
        asm volatile("" : : "r"(boundary.at_boundary()));
    });
    weir::payload::usage_reader usage(weir::payload::answer_kind::sse, scratch);
    measure("SSE chunk: usage", chunk.size(), 1000, [&] { usage.feed(chunk); });
    weir::payload::model_restorer restorer(weir::payload::answer_kind::sse, "client", scratch);
    std::string out;
    measure("SSE chunk: model name restored", chunk.size(), 1000, [&] {
        out.clear();
        restorer.feed(chunk, out);
    });
}

int main() {
    using weir::api_kind;
    std::vector<char> from(220000, 'x'), to(220000);
    measure("memcpy of 220 KB", from.size(), 10, [&] {
        std::memcpy(to.data(), from.data(), from.size());
        asm volatile("" : : "r"(to.data()) : "memory");
    });
    scan("chat 1 KB", api_kind::chat_completions, chat(900, " "), 100);
    scan("chat 220 KB", api_kind::chat_completions, chat(220000, " "), 2);
    scan("chat 220 KB, a \\n every 66 bytes", api_kind::chat_completions, chat(220000, "\\n"), 2);
    scan("completion 220 KB", api_kind::completions,
         R"({"model":"m","prompt":")" + words(220000, " ") + "\"}", 2);
    std::string ids = R"({"model":"m","prompt":[1)";
    while (ids.size() < 220000) ids += ",12345";
    scan("completion 220 KB of token ids", api_kind::completions, ids + "]}", 1);
    scan(
        "chat with an image of 20 MB", api_kind::chat_completions,
        R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" +
            std::string(20 << 20, 'A') + R"("}}]}]})",
        1);
    relay();
    return 0;
}
