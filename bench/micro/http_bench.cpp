// Nanoseconds of what every head and every chunk costs on the wire, and of the loop's timers. Plain
// loops: the best of many short batches, because a shared machine disturbs long ones.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "best_of.hpp"
#include "http/chunked.hpp"
#include "http/event_loop.hpp"
#include "http/head.hpp"

namespace {

template <class F>
void measure(const char* name, int batch, F f) {
    std::printf("%-44s %12.1f ns\n", name, weir::bench::best_of(batch, f));
}

constexpr std::string_view request =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: llm.example.com\r\nUser-Agent: OpenAI/Python "
    "1.50\r\n"
    "Accept: application/json\r\nAccept-Encoding: gzip, deflate\r\nContent-Type: "
    "application/json\r\n"
    "Authorization: Bearer sk-0123456789\r\nX-Stainless-Lang: python\r\nContent-Length: "
    "1024\r\n\r\n";
constexpr std::string_view response =
    "HTTP/1.1 200 OK\r\ndate: Mon, 30 Nov 2026 05:00:00 GMT\r\nserver: uvicorn\r\n"
    "content-type: application/json\r\ncontent-length: 512\r\n\r\n";

void heads() {
    const weir::http::head_limits limits;
    weir::http::request_head head;
    measure("request head, 8 fields", 100, [&] {
        std::size_t scanned = 0;
        (void)weir::http::parse_request(request, scanned, limits, head);
    });
    weir::http::response_head answer;
    measure("response head, 4 fields", 100, [&] {
        std::size_t scanned = 0;
        (void)weir::http::parse_response(response, scanned, "POST", answer);
    });
    std::string out;
    measure("one field line written", 1000, [&] {
        out.clear();
        weir::proxy::append_head_field(out, "content-type", "application/json");
    });
}

void chunks() {
    constexpr int count = 100;
    std::string wire;
    for (int i = 0; i < count; ++i) wire += "c8\r\n" + std::string(200, 'x') + "\r\n";
    std::string work = wire;
    weir::http::chunk_decoder decoder;
    measure("100 chunks of 200 bytes decoded", 10, [&] {
        std::memcpy(work.data(), wire.data(), wire.size());
        (void)decoder.decode(work.data(), work.size());
    });
}

void timers() {
    weir::http::event_loop loop;
    weir::http::timer timer(
        loop, [](void*) {}, nullptr);
    measure("timer armed and cancelled", 1000, [&] {
        timer.arm(std::chrono::seconds(5));
        timer.cancel();
    });
}

}  // namespace

int main() {
    heads();
    chunks();
    timers();
}
