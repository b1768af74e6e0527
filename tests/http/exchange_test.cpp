#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "http/client.hpp"
#include "http/server.hpp"

using namespace std::chrono_literals;
using namespace weir::http;

namespace {

/// Answers with method, target and the body's size, or as the target says.
class echo final : public request_handler {
  public:
    struct pending final : exchange_owner {
        explicit pending(exchange& e, echo& h) : ex(e), owner(h) {}
        void on_body(std::span<char> bytes) override {
            const std::string text = std::string(ex.head().method) + " " +
                                     std::string(ex.head().target) + " " +
                                     std::to_string(bytes.size());
            if (ex.head().target == "/wait") return;
            if (ex.head().target == "/release") {
                ex.release_request();
                auto& e = ex;
                delete this;
                return e.answer(200, {}, "done");
            }
            if (ex.head().target == "/detach") {
                const int fd = ex.detach();
                delete this;
                ::send(fd, "raw", 3, MSG_NOSIGNAL);
                ::close(fd);
                return;
            }
            if (ex.head().target == "/chunked") {
                answer_head head;
                head.body = framing::chunked;
                ex.begin(head);
                ex.write("one ");
                ex.flush();
                ex.write("two");
                ex.flush();
                auto& e = ex;
                delete this;
                return e.finish();
            }
            auto& e = ex;
            delete this;
            e.answer(200, {}, text);
        }
        void on_gone() override {
            ++owner.gone;
            delete this;
        }
        exchange& ex;
        echo& owner;
    };
    void handle(exchange& ex) override {
        auto* p = new pending(ex, *this);
        ex.set_owner(*p);
        ex.read_body(1 << 20);
    }
    void refuse(exchange& ex, const head_error& why) override {
        ex.answer(why.status, {}, why.message);
    }

    std::atomic<int> gone{0};
};

struct fixture {
    fixture()
        : server_(loop, listen_on(*address::parse("127.0.0.1", 0), false).value(), handler,
                  limits) {
        port = server_.local().port();
        server_.start();
        thread = std::thread([this] { loop.run(); });
    }
    ~fixture() {
        loop.stop();
        thread.join();
    }
    /// Sends bytes, then reads until the peer closes or `until` was seen.
    std::string talk(const std::string& bytes, const std::string& until = {}) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        const auto to = *address::parse("127.0.0.1", port);
        REQUIRE(::connect(fd, to.data(), to.size()) == 0);
        const timeval limit{5, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const auto n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) break;
            sent += static_cast<std::size_t>(n);
        }
        std::string out;
        char buffer[65536];
        for (;;) {
            if (!until.empty() && out.find(until) != std::string::npos) break;
            const auto n = ::recv(fd, buffer, sizeof buffer, 0);
            if (n <= 0) break;
            out.append(buffer, static_cast<std::size_t>(n));
        }
        ::close(fd);
        return out;
    }

    event_loop loop;
    echo handler;
    server_limits limits;
    server server_;
    std::uint16_t port = 0;
    std::thread thread;
};

/// Keeps one answer, and stops the loop at its end.
struct reader final : call_owner {
    explicit reader(event_loop& l) : loop(l) {}
    void on_head(const response_head& h) override { status = h.status; }
    void on_data(std::span<char> d) override { body.append(d.data(), d.size()); }
    void on_complete() override { loop.stop(); }
    void on_failure(const call_failure& why) override {
        failure = why;
        failed = true;
        loop.stop();
    }
    event_loop& loop;
    int status = 0;
    std::string body;
    call_failure failure;
    bool failed = false;
};

/// Answers the first request of the first connection, and keeps the socket.
struct one_answer {
    one_answer() : listener(listen_on(*address::parse("127.0.0.1", 0), false).value()) {
        thread = std::thread([this] {
            pollfd ready{listener, POLLIN, 0};
            ::poll(&ready, 1, 5000);
            socket = ::accept(listener, nullptr, nullptr);
            char buffer[4096];
            if (::recv(socket, buffer, sizeof buffer, 0) > 0) send("first");
        });
    }
    ~one_answer() {
        ::close(socket);
        ::close(listener);
    }
    void send(const std::string& body) const {
        const auto text =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    }

    int listener;
    int socket = -1;
    std::thread thread;
};

/// Runs a function when its descriptor becomes readable.
struct trigger final : io_source {
    explicit trigger(std::function<void()> f) : run(std::move(f)) {}
    void on_io(std::uint32_t) override {
        std::exchange(run, [] {})();
    }
    std::function<void()> run;
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("http/exchange") {
    TEST_CASE("pipelined requests are answered in order on one connection") {
        fixture f;
        std::string all;
        for (int i = 0; i < 300; ++i)
            all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        all += "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        const auto out = f.talk(all);
        std::size_t at = 0;
        for (int i = 0; i < 300; ++i) {
            at = out.find("GET /" + std::to_string(i) + " 0", at);
            REQUIRE(at != std::string::npos);
        }
        CHECK(contains(out, "GET /last 0"));
        CHECK(contains(out, "connection: close"));
    }
    TEST_CASE("bodies of any size and both framings arrive whole") {
        fixture f;
        for (const std::size_t size : {1u, 1000u, 16000u, 16384u, 70000u, 1000000u}) {
            const std::string body(size, 'x');
            auto out =
                f.talk("POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(size) + "\r\n\r\n" + body);
            CHECK(contains(out, "POST /a " + std::to_string(size)));
            char hex[32];
            std::snprintf(hex, sizeof hex, "%zx", size);
            out = f.talk(
                "POST /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: "
                "chunked\r\n\r\n" +
                std::string(hex) + "\r\n" + body + "\r\n0\r\n\r\n");
            CHECK(contains(out, "POST /b " + std::to_string(size)));
        }
    }
    TEST_CASE("a body over the limit is refused, and the refusal can be read") {
        fixture f;
        const auto out = f.talk("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" +
                                std::string(300000, 'x'));
        CHECK(contains(out, "HTTP/1.1 413 "));
        CHECK(contains(out, "--max-body"));
        const auto chunked =
            f.talk("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1E8480\r\n" +
                   std::string(1100000, 'x'));
        CHECK(contains(chunked, "HTTP/1.1 413 "));
    }
    TEST_CASE("100 Continue is sent only when the client waits for it") {
        fixture f;
        const auto out = f.talk(
            "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
            "100 Continue\r\n\r\n");
        CHECK(contains(out, "HTTP/1.1 100 Continue\r\n\r\n"));
    }
    TEST_CASE("HTTP/1.0 clients get no chunks") {
        fixture f;
        const auto out = f.talk("GET /chunked HTTP/1.0\r\n\r\n");
        CHECK(contains(out, "\r\n\r\none two"));
        CHECK_FALSE(contains(out, "transfer-encoding"));
        CHECK(contains(f.talk("GET /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                       "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    }
    TEST_CASE("a client that closes while its request is handled is reported gone") {
        fixture f;
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        const auto to = *address::parse("127.0.0.1", f.port);
        REQUIRE(::connect(fd, to.data(), to.size()) == 0);
        const std::string request = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
        REQUIRE(::send(fd, request.data(), request.size(), 0) > 0);
        ::close(fd);
        const auto limit = weir::steady_clock::now() + 5s;
        while (f.handler.gone == 0 && weir::steady_clock::now() < limit) std::this_thread::yield();
        CHECK(f.handler.gone == 1);
    }
    TEST_CASE("a request that was given back is still answered as it asked") {
        const fixture f;
        const auto closed = f.talk(
            "POST /release HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
            "2\r\n\r\nhi");
        CHECK(closed.find("connection: close") != std::string::npos);
        const auto old = f.talk("POST /release HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi");
        CHECK(old.find("connection: close") != std::string::npos);
        const auto head = f.talk("HEAD /release HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        CHECK(head.ends_with("\r\n\r\n"));
    }

    TEST_CASE("a detached socket is the caller's alone") {
        const fixture f;
        CHECK(f.talk("GET /detach HTTP/1.1\r\nHost: x\r\n\r\n") == "raw");
    }

    TEST_CASE("a client pool reuses connections and reports how a call failed") {
        fixture f;
        event_loop loop;
        client_pool pool(loop, {});
        const auto to = *address::parse("127.0.0.1", f.port);
        const std::string_view request[] = {"GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n"};
        for (int i = 0; i < 3; ++i) {
            reader r(loop);
            call c;
            pool.start(c, r, 1, to, "GET", request, false);
            CHECK(c.reused() == (i != 0));
            loop.run();
            CHECK(r.status == 200);
            CHECK(r.body == "one two");
            CHECK(pool.idle() == 1);
        }
        auto closed = *address::parse("127.0.0.1", 1);
        reader r(loop);
        call c;
        pool.start(c, r, 2, closed, "GET", request, false);
        if (!r.failed) loop.run();
        CHECK(r.failed);
        CHECK(r.failure.what == call_error::connect_refused);
        CHECK_FALSE(r.failure.sent);
    }

    TEST_CASE("what comes before a request was written is no answer to it") {
        one_answer peer;
        event_loop loop;
        client_pool pool(loop, {});
        const auto to = *address::parse("127.0.0.1", local_port(peer.listener));
        const std::string_view request[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n"};
        reader first(loop);
        call c1;
        pool.start(c1, first, 1, to, "GET", request, false);
        loop.run();
        peer.thread.join();
        REQUIRE(first.body == "first");
        REQUIRE(pool.idle() == 1);

        // In one batch: the connection is taken, then the bytes that it should not have said.
        reader second(loop);
        call c2;
        const int wake = ::eventfd(1, EFD_NONBLOCK);
        trigger start([&] { pool.start(c2, second, 1, to, "GET", request, false); });
        loop.watch_level(wake, start, EPOLLIN);
        peer.send("poison");
        loop.run();
        loop.forget(wake, start);
        ::close(wake);
        CHECK(second.failed);
        CHECK(second.failure.what == call_error::closed);
        CHECK(second.failure.reused);
        CHECK_FALSE(second.failure.sent);
        CHECK_FALSE(second.failure.received);
        CHECK(pool.open() == 0);
    }
}
