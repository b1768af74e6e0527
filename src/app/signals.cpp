#include "app/signals.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <utility>

namespace weir::app {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
    sigset_t set;
    sigemptyset(&set);
    for (const int n : numbers) sigaddset(&set, n);
    return set;
}

}  // namespace

leave_on_signal::leave_on_signal() {
    const auto set = set_of({SIGINT, SIGTERM, SIGQUIT});
    pthread_sigmask(SIG_UNBLOCK, &set, &before_);
}

leave_on_signal::~leave_on_signal() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

signals::signals(http::event_loop& loop, std::function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
    const auto set = set_of({SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2});
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    loop_.watch_level(fd_, *this, EPOLLIN);
}

signals::~signals() {
    loop_.forget(fd_, *this);
    ::close(fd_);
}

void signals::on_io(std::uint32_t) {
    signalfd_siginfo info;
    while (::read(fd_, &info, sizeof info) == sizeof info)
        on_signal_(static_cast<int>(info.ssi_signo));
}

}  // namespace weir::app
