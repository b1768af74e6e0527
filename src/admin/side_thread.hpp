#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "http/event_loop.hpp"

namespace weir::admin {

/// A thread for what would hold up the control thread: while it writes a page of many megabytes it
/// scrapes nobody, and a pool whose signals are old sheds requests. One piece of work at a time, in
/// order. All members: the loop's thread.
class side_thread {
  public:
    using done_fn = std::function<void()>;      ///< on the loop's thread
    using work_fn = std::function<done_fn()>;   ///< on the side thread
    using begin_fn = std::function<work_fn()>;  ///< on the loop's thread, when its turn comes

    explicit side_thread(http::event_loop& loop) : loop_(loop) {}
    /// Waits for the work under way; drops what waits.
    ~side_thread();
    side_thread(const side_thread&) = delete;
    side_thread& operator=(const side_thread&) = delete;

    void run(begin_fn begin);

  private:
    void next();

    http::event_loop& loop_;
    std::deque<begin_fn> waiting_;
    std::thread thread_;
    bool busy_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< only weak copies leave
};

}  // namespace weir::admin
