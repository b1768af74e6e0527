#pragma once

#include <netinet/in.h>
#include <sys/epoll.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the three programs of the load bench share: sockets, epoll, flags. Linux and IPv4 only.
namespace bench {

/// Nanoseconds of CLOCK_MONOTONIC; comparable between processes of one machine.
std::int64_t now_ns();

/// `127.0.0.1:8080`. Ends the process with a message when it is not of that form.
sockaddr_in parse_address(std::string_view text);

/// A listening, non-blocking socket. Ends the process when the address cannot be had.
int listen_on(const sockaddr_in& address);

/// A non-blocking socket with its connect under way, or -1. `receive_buffer`: bytes of SO_RCVBUF, 0
/// is the system's own.
int connect_to(const sockaddr_in& address, int receive_buffer = 0);

/// The next waiting connection, non-blocking and without Nagle's delay, or -1.
int accept_from(int listener);

/// Lifts the soft limit of open files to the hard one.
void raise_file_limit();

/// Wakes timers when asked to, not up to 50 microseconds later.
void sharpen_timers();

/// `--name value` flags, repeatable, each with a default; `--help` prints them.
class options {
  public:
    struct flag {
        std::string name;
        std::string fallback;
        std::string meaning;
    };

    options(std::span<char*> arguments, std::vector<flag> flags);

    const std::string& text(const std::string& name) const;
    std::int64_t number(const std::string& name) const;
    double real(const std::string& name) const;
    const std::vector<std::string>& all(const std::string& name) const;

  private:
    std::map<std::string, std::vector<std::string>> values_;
};

/// One epoll descriptor. `owner` comes back with each event.
class poller {
  public:
    poller();
    ~poller();
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;

    void add(int fd, void* owner, std::uint32_t events);
    void change(int fd, void* owner, std::uint32_t events);

    /// Waits at most `timeout_ns` (negative: for ever); an interruption counts as nothing ready.
    std::span<const epoll_event> wait(std::int64_t timeout_ns);

  private:
    int fd_;
    std::vector<epoll_event> ready_;
};

}  // namespace bench
