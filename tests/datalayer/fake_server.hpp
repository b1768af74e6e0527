#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

/// A server that answers whatever a test tells it to, byte for byte, on a loopback port of its own.
class fake_server {
  public:
    struct answer {
        std::string bytes;
        bool close = false;   ///< FIN behind the bytes
        bool silent = false;  ///< never answer
    };
    /// Called on the server's threads with the request's target.
    using handler = std::function<answer(const std::string& target)>;

    explicit fake_server(handler h) : handler_(std::move(h)) {
        listen_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listen_, reinterpret_cast<sockaddr*>(&a), sizeof a);
        ::listen(listen_, 64);
        socklen_t size = sizeof a;
        ::getsockname(listen_, reinterpret_cast<sockaddr*>(&a), &size);
        port_ = ntohs(a.sin_port);
        accepter_ = std::thread([this] { accept_all(); });
    }

    ~fake_server() {
        stopping_ = true;
        ::shutdown(listen_, SHUT_RDWR);
        accepter_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
        }
        for (auto& t : threads_) t.join();
        ::close(listen_);
    }

    std::uint16_t port() const { return port_; }
    int requests() const { return requests_; }
    int connections() const { return connections_; }

    static answer ok(const std::string& body, const std::string& fields = "") {
        return {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body,
                false, false};
    }
    static answer status(int code, const std::string& fields = "") {
        return {
            "HTTP/1.1 " + std::to_string(code) + " X\r\n" + fields + "Content-Length: 2\r\n\r\nno",
            false, false};
    }

  private:
    void accept_all() {
        while (!stopping_) {
            const int fd = ::accept4(listen_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) break;
            ++connections_;
            const std::lock_guard lock(mutex_);
            open_.insert(fd);
            threads_.emplace_back([this, fd] { serve(fd); });
        }
    }

    void serve(int fd) {
        std::string in;
        char piece[4096];
        while (!stopping_) {
            const auto n = ::recv(fd, piece, sizeof piece, 0);
            if (n <= 0) break;
            in.append(piece, static_cast<std::size_t>(n));
            const auto end = in.find("\r\n\r\n");
            if (end == std::string::npos) continue;
            const auto target = in.substr(4, in.find(' ', 4) - 4);
            in.erase(0, end + 4);
            ++requests_;
            const auto a = handler_(target);
            if (a.silent) continue;
            std::size_t sent = 0;
            while (sent < a.bytes.size()) {
                const auto w =
                    ::send(fd, a.bytes.data() + sent, a.bytes.size() - sent, MSG_NOSIGNAL);
                if (w <= 0) break;
                sent += static_cast<std::size_t>(w);
            }
            if (a.close || sent < a.bytes.size()) break;
        }
        const std::lock_guard lock(mutex_);
        open_.erase(fd);
        ::close(fd);
    }

    handler handler_;
    int listen_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<int> requests_{0};
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    std::set<int> open_;
    std::vector<std::thread> threads_;
    std::thread accepter_;
};
