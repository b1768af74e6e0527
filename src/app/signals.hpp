#pragma once

#include <csignal>
#include <functional>

#include "http/event_loop.hpp"

namespace weir::app {

/// Delivers SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1 and SIGUSR2 to the control thread's loop.
/// Make it before any thread starts: the signals are blocked in all of them.
class signals final : public http::io_source {
  public:
    signals(http::event_loop& loop, std::function<void(int)> on_signal);
    ~signals() override;

  private:
    void on_io(std::uint32_t events) override;

    http::event_loop& loop_;
    std::function<void(int)> on_signal_;
    int fd_;
};

/// While it lives SIGINT, SIGTERM and SIGQUIT end the process as if nobody had asked for them: for
/// the time before anything is served, when reading may wait for a terminal or a pipe. Before any
/// thread starts.
class leave_on_signal {
  public:
    leave_on_signal();
    leave_on_signal(const leave_on_signal&) = delete;
    leave_on_signal& operator=(const leave_on_signal&) = delete;
    ~leave_on_signal();

  private:
    sigset_t before_;
};

}  // namespace weir::app
