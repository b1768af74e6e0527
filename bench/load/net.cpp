#include "net.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace bench {

namespace {

[[noreturn]] void stop(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(2);
}

void set_option(int fd, int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

std::int64_t now_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

sockaddr_in parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) stop("not ADDR:PORT: " + std::string(text));
    const std::string host(text.substr(0, colon));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const auto port = std::strtoul(std::string(text.substr(colon + 1)).c_str(), nullptr, 10);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
        stop("not an IPv4 address: " + host);
    }
    return address;
}

int listen_on(const sockaddr_in& address) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (::bind(fd, generic(address), sizeof address) != 0 || ::listen(fd, 4096) != 0) {
        stop("cannot listen on port " + std::to_string(ntohs(address.sin_port)) + ": " +
             std::strerror(errno));
    }
    return fd;
}

int connect_to(const sockaddr_in& address, int receive_buffer) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (receive_buffer > 0) set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
    if (::connect(fd, generic(address), sizeof address) == 0 || errno == EINPROGRESS) return fd;
    ::close(fd);
    return -1;
}

int accept_from(int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
}

void raise_file_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void sharpen_timers() { ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

options::options(std::span<char*> arguments, std::vector<flag> flags) {
    const auto usage = [&](int code) {
        for (const auto& f : flags) {
            std::fprintf(stderr, "  --%-14s %-18s %s\n", f.name.c_str(), f.fallback.c_str(),
                         f.meaning.c_str());
        }
        std::exit(code);
    };
    for (const auto& f : flags) values_[f.name] = {};
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
        const std::string name = arguments[i];
        if (name == "--help") usage(0);
        const auto found = values_.find(name.starts_with("--") ? name.substr(2) : name);
        if (found == values_.end() || i + 1 == arguments.size()) {
            std::fprintf(stderr, "unknown flag or no value: %s\n", name.c_str());
            usage(2);
        }
        found->second.emplace_back(arguments[i + 1]);
    }
    for (const auto& f : flags) {
        if (values_[f.name].empty() && !f.fallback.empty()) values_[f.name] = {f.fallback};
    }
}

const std::vector<std::string>& options::all(const std::string& name) const {
    return values_.at(name);
}

const std::string& options::text(const std::string& name) const {
    if (all(name).empty()) stop("--" + name + " is needed");
    return all(name).back();
}

std::int64_t options::number(const std::string& name) const {
    return std::strtoll(text(name).c_str(), nullptr, 10);
}

double options::real(const std::string& name) const {
    return std::strtod(text(name).c_str(), nullptr);
}

poller::poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)), ready_(1024) {
    if (fd_ < 0) stop("no epoll descriptor");
}

poller::~poller() { ::close(fd_); }

void poller::add(int fd, void* owner, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = owner;
    ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event);
}

void poller::change(int fd, void* owner, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = owner;
    ::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event);
}

std::span<const epoll_event> poller::wait(std::int64_t timeout_ns) {
    const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
    const int count = ::epoll_pwait2(fd_, ready_.data(), static_cast<int>(ready_.size()),
                                     timeout_ns < 0 ? nullptr : &timeout, nullptr);
    return {ready_.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace bench
