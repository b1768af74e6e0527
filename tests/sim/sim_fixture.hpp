#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "base/strings.hpp"
#include "http/address.hpp"
#include "http/event_loop.hpp"
#include "sim/json_reader.hpp"
#include "sim/options.hpp"
#include "sim/server.hpp"

namespace weir::sim::test {

/// A blocking client connection; every wait ends after ten seconds at most.
class client {
  public:
    explicit client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const auto to = *http::address::parse("127.0.0.1", port);
        REQUIRE(::connect(fd_, to.data(), to.size()) == 0);
    }
    ~client() { close(); }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    void send(std::string_view bytes) const {
        REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    /// Reads until `until` has been seen, the connection ends, or `patience` is over.
    const std::string& read(std::string_view until = {},
                            std::chrono::milliseconds patience = std::chrono::seconds(10)) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (until.empty() || got.find(until) == std::string::npos) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                deadline - std::chrono::steady_clock::now());
            pollfd p{fd_, POLLIN, 0};
            if (left.count() <= 0 || ::poll(&p, 1, static_cast<int>(left.count())) <= 0) break;
            char bytes[4096];
            const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
            if (n < 0) was_reset = errno == ECONNRESET;
            if (n <= 0) {
                ended = true;
                break;
            }
            got.append(bytes, static_cast<std::size_t>(n));
        }
        return got;
    }

    std::string got;
    bool ended = false;
    bool was_reset = false;

  private:
    int fd_;
};

struct answer {
    int status = 0;
    std::string head;
    std::string body;  ///< chunks joined

    json_value json() {
        REQUIRE(document.parse(body));
        return document.root();
    }
    json_document document;
};

inline std::string join_chunks(std::string_view raw) {
    std::string out;
    while (!raw.empty()) {
        const auto line = raw.find("\r\n");
        if (line == std::string_view::npos) break;
        const auto size = std::stoul(std::string(raw.substr(0, line)), nullptr, 16);
        if (size == 0) break;
        out += raw.substr(line + 2, size);
        raw.remove_prefix(std::min(raw.size(), line + 2 + size + 2));
    }
    return out;
}

/// Simulated servers on a thread of their own.
class fixture {
  public:
    explicit fixture(const sim_options& options = fast()) : server_(loop_, options) {
        REQUIRE(server_.listen(*http::address::parse("127.0.0.1", 0)));
        port = server_.local().port();
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~fixture() {
        loop_.stop();
        thread_.join();
    }

    static sim_options fast() {
        sim_options o;
        o.fast = true;
        o.models = {"m"};
        return o;
    }

    static std::string request(std::string_view method, std::string_view path,
                               std::string_view body = {}, std::string_view headers = {}) {
        std::string out;
        out.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: sim\r\n");
        out.append(headers).append("Content-Length: ").append(std::to_string(body.size()));
        return out.append("\r\n\r\n").append(body);
    }

    answer ask(std::string_view method, std::string_view path, std::string_view body = {},
               std::string headers = {}) const {
        client c(port);
        c.send(request(method, path, body, headers + "Connection: close\r\n"));
        c.read();
        answer a;
        const auto end = c.got.find("\r\n\r\n");
        REQUIRE(end != std::string::npos);
        a.head = to_lower(c.got.substr(0, end + 2));
        a.status = std::stoi(c.got.substr(9, 3));
        a.body = c.got.substr(end + 4);
        if (a.head.find("transfer-encoding: chunked") != std::string::npos) {
            a.body = join_chunks(a.body);
        }
        return a;
    }
    answer post(std::string_view path, std::string_view body, std::string headers = {}) const {
        return ask("POST", path, body, std::move(headers));
    }
    answer get(std::string_view path) const { return ask("GET", path); }

    /// Asks until `enough(answer)`, for ten seconds at most.
    template <class F>
    bool eventually(std::string_view path, F&& enough) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < deadline) {
            auto a = get(path);
            if (enough(a)) return true;
            std::this_thread::yield();
        }
        return false;
    }

    std::uint16_t port = 0;

  private:
    http::event_loop loop_;
    simulator server_;
    std::thread thread_;
};

/// The value of the sample that begins with `series` (name and labels), or an empty text.
inline std::string sample(std::string_view page, std::string_view series) {
    const auto line = std::string("\n") + std::string(series) + " ";
    const auto at = page.find(line);
    if (at == std::string_view::npos) return {};
    const auto from = at + line.size();
    return std::string(page.substr(from, page.find('\n', from) - from));
}

}  // namespace weir::sim::test
