#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>

namespace weir {

/// Writes to a descriptor that someone else may have stopped reading: a pipe, a terminal, a full
/// disk. The writing thread waits for room as long as it takes; once told to `leave`, a moment
/// more, so that a process can always end. `write` is for one thread.
class patient_writer {
  public:
    explicit patient_writer(int fd) { set(fd); }

    void set(int fd);
    int fd() const { return fd_; }

    /// How many of the bytes went out: all of them unless the descriptor fails, or is stuck while
    /// leaving.
    std::size_t write(std::string_view bytes);

    /// Any thread.
    void leave() { leaving_.store(true, std::memory_order_relaxed); }

  private:
    bool wait_for_room();

    int fd_ = -1;
    std::size_t portion_ = 0;  ///< the most of one write
    int waits_left_;
    std::atomic<bool> leaving_ = false;
};

}  // namespace weir
