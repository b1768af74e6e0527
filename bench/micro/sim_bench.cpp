// What one core of simulated model server can do: CPU time of the server's thread per request and
// per streamed token, over loopback sockets, and of the engine alone. The client runs on a thread
// of its own and is not counted.

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/address.hpp"
#include "http/event_loop.hpp"
#include "sim/engine.hpp"
#include "sim/server.hpp"

namespace {

using namespace weir;

double cpu_seconds(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::string request(std::size_t tokens, bool stream, std::size_t prompt) {
    const std::string text(prompt, 'x');
    const auto body = R"({"model":"weir-sim","messages":[{"role":"user","content":")" + text +
                      R"("}],"max_tokens":)" + std::to_string(tokens) +
                      (stream ? R"(,"stream":true})" : "}");
    return "POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Sends on each connection in turn and reads every answer to `end`.
void drive(std::uint16_t port, const std::string& one, std::string_view end,
           std::size_t connections, std::size_t rounds) {
    const auto to = *http::address::parse("127.0.0.1", port);
    std::vector<int> fds;
    for (std::size_t i = 0; i < connections; ++i) {
        fds.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        if (::connect(fds.back(), to.data(), to.size()) != 0) std::abort();
    }
    std::string got;
    std::vector<char> bytes(1 << 18);
    for (std::size_t r = 0; r < rounds; ++r) {
        for (const int fd : fds) {
            if (::send(fd, one.data(), one.size(), 0) < 0) std::abort();
        }
        for (const int fd : fds) {
            got.clear();
            while (got.size() < end.size() ||
                   std::string_view(got).substr(got.size() - end.size()) != end) {
                const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
                if (n <= 0) std::abort();
                // Only the tail can hold the end.
                got.append(bytes.data(), static_cast<std::size_t>(n));
                if (got.size() > 4096) got.erase(0, got.size() - 64);
            }
        }
    }
    for (const int fd : fds) ::close(fd);
}

void server_case(const char* name, std::size_t tokens, bool stream, std::size_t prompt,
                 std::size_t rounds) {
    constexpr std::size_t connections = 64;
    http::event_loop loop;
    sim::sim_options options;
    options.fast = true;
    options.log_requests = 0;
    sim::simulator server(loop, options);
    if (!server.listen(*http::address::parse("127.0.0.1", 0))) std::abort();
    std::thread thread([&loop] { loop.run(); });
    clockid_t clock{};
    pthread_getcpuclockid(thread.native_handle(), &clock);
    const auto one = request(tokens, stream, prompt);
    const std::string_view end = stream ? "0\r\n\r\n" : "}}}";
    drive(server.local().port(), one, end, connections, 2);
    const auto before = cpu_seconds(clock);
    drive(server.local().port(), one, end, connections, rounds);
    const auto used = cpu_seconds(clock) - before;
    const auto requests = static_cast<double>(connections * rounds);
    std::printf("%-34s %8.2f us/request %10.0f requests/s %12.0f tokens/s of a core\n", name,
                used / requests * 1e6, requests / used,
                requests * static_cast<double>(tokens) / used);
    loop.stop();
    thread.join();
}

void engine_case() {
    sim::engine_options options;
    options.num_blocks = 1 << 16;
    sim::engine engine(options);
    std::vector<sim::engine_event> events;
    time_point now{};
    sim::engine::handle handle = 0;
    constexpr std::size_t sequences = 256;
    constexpr std::size_t tokens = 2000;
    for (std::size_t i = 0; i < sequences; ++i) {
        sim::sequence s;
        s.prompt_tokens = 64;
        s.output_tokens = tokens;
        engine.submit(std::move(s), now, handle, events);
    }
    const auto before = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    while (engine.next()) {
        events.clear();
        engine.advance(*engine.next(), events);
    }
    const auto used = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
    std::printf("%-34s %8.1f ns/token %40.0f tokens/s of a core\n",
                "engine, 256 sequences decoding", used / (sequences * tokens) * 1e9,
                sequences * tokens / used);
}

}  // namespace

int main() {
    engine_case();
    server_case("1 KB chat, 1 token", 1, false, 900, 400);
    server_case("1 KB chat, 16 tokens", 16, false, 900, 400);
    server_case("220 KB chat, 1 token", 1, false, 220'000, 20);
    server_case("stream, 16 tokens", 16, true, 900, 200);
    server_case("stream, 256 tokens", 256, true, 100, 40);
    return 0;
}
