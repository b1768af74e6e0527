#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/ticks.hpp"

namespace weir::http {

/// Whom a write at the end of a batch goes to; servers are set to work before clients.
enum class turn : std::uint8_t { upstream, downstream };

/// Something the loop can wake: a socket, or any descriptor.
class io_source {
  public:
    virtual ~io_source() = default;
    /// Edge-triggered epoll bits. The source must remember what it did not use.
    virtual void on_io(std::uint32_t events) = 0;
    /// All events of the batch in which it asked for this have been handled.
    virtual void on_batch_end() {}
};

class event_loop;

/// A deadline that its owner embeds. Arming and cancelling cost no system call; resolution is
/// `event_loop::tick`. Destroying an armed timer cancels it.
class timer {
  public:
    using callback = void (*)(void* owner);

    timer(event_loop& loop, callback fire, void* owner)
        : loop_(&loop), fire_(fire), owner_(owner) {}
    ~timer() { cancel(); }
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    void arm(duration after);
    void arm_at(time_point when);
    void cancel();
    bool armed() const { return armed_; }
    time_point deadline() const { return when_; }

  private:
    friend class event_loop;
    event_loop* loop_;
    callback fire_;
    void* owner_;
    timer* previous_ = nullptr;
    timer* next_ = nullptr;
    time_point when_{};
    std::uint32_t slot_ = 0;
    bool armed_ = false;
};

/// One thread's epoll loop with a timer wheel and a mailbox. Everything but `post` and `stop`
/// belongs to the thread that calls `run`.
///
/// The data plane runs on this loop, not on Asio's: an Asio read that succeeded is tried once more
/// (EAGAIN), so a proxied request costs 2.6 receives where 2 are useful; here a short read is known
/// to have drained the socket.
class event_loop {
  public:
    static constexpr duration tick = std::chrono::milliseconds(2);

    event_loop();
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    /// Runs until `stop`.
    void run();
    /// Any thread; `run` returns after the batch it is in.
    void stop();
    /// Any thread; the function runs on the loop's thread, in order of posting.
    void post(std::function<void()> task);
    /// Loop thread; runs after the current batch of events, before the next wait. For destroying
    /// what is on the call stack.
    void defer(std::function<void()> task);

    /// Registers for reading, writing, hang-up, edge-triggered. The descriptor stays the caller's.
    void watch(int fd, io_source& source);
    /// Level-triggered, for listening sockets and descriptors that are read one item at a time.
    void watch_level(int fd, io_source& source, std::uint32_t events);
    void modify_level(int fd, io_source& source, std::uint32_t events);
    /// Calls `source.on_batch_end` once the current batch of events has been handled, those of one
    /// turn behind each other. The place to write what can wait so long: a peer that is woken by
    /// the first of many writes finds the others done, where writes one by one, or now to one peer
    /// and now to another, would wake it again and again.
    void at_batch_end(io_source& source, turn when) {
        ending_[static_cast<std::size_t>(when)].push_back(&source);
    }
    /// Events of `source` still in the current batch are dropped.
    void forget(int fd, io_source& source);

    /// The time at which the events that are being handled were received.
    time_point now() const { return now_; }
    /// The true time; also moves `now`.
    time_point refresh_now() {
        ticks_ = ticks();
        return now_ = steady_clock::now();
    }
    /// The true time within a batch, to tell how long something took: a third of the price.
    time_point precise_now() const {
        const auto passed = static_cast<double>(ticks() - ticks_) * ns_per_tick_;
        return now_ + duration(static_cast<duration::rep>(passed));
    }

    /// A buffer of `scratch_size` bytes that any callback may use until it returns.
    static constexpr std::size_t scratch_size = 256 * 1024;
    char* scratch() { return scratch_.get(); }

  private:
    friend class timer;
    struct entry;

    void insert(timer& t);
    void remove(timer& t);
    /// Fires the timers that were due by then.
    void expire(time_point by);
    int wait_milliseconds() const;
    int look(int milliseconds);
    void run_mailbox();
    void run_deferred();
    void end_batch();

    static constexpr std::uint32_t wheel_slots = 4096;

    int epoll_ = -1;
    int wake_ = -1;
    std::size_t watched_ = 0;  ///< sources
    bool stopped_ = false;
    time_point now_;
    std::uint64_t ticks_ = 0;  ///< when `now_` was read
    double ns_per_tick_;
    time_point origin_;
    std::uint64_t wheel_now_ = 0;  ///< ticks since `origin_` that have been expired
    std::vector<timer*> wheel_;
    std::vector<std::uint64_t> occupied_;  ///< one bit a wheel slot
    std::size_t armed_ = 0;
    std::unique_ptr<char[]> scratch_;
    std::vector<std::function<void()>> deferred_;
    std::vector<io_source*> batch_;
    std::array<std::vector<io_source*>, 2> ending_;  ///< by turn
    std::mutex mailbox_mutex_;
    std::vector<std::function<void()>> mailbox_;
};

}  // namespace weir::http
