#pragma once

#include <functional>

#include "http/event_loop.hpp"

namespace weir::app {

/// Delivers SIGINT, SIGTERM, SIGHUP and SIGUSR1 to the control thread's loop. Make it before any
/// thread starts: the signals are blocked in all of them.
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

}  // namespace weir::app
