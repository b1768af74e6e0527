#include "http/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <system_error>

namespace weir::http {
namespace {

constexpr int batch_size = 256;
// Where so many events come at once, more have come until they are handled: these join the batch,
// so that one waking of a peer does for the writes of both.
constexpr int busy_batch = 6;

}  // namespace

void timer::arm(duration after) { arm_at(loop_->now() + after); }

void timer::arm_at(time_point when) {
    cancel();
    when_ = when;
    loop_->insert(*this);
}

void timer::cancel() {
    if (armed_) loop_->remove(*this);
}

event_loop::event_loop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(steady_clock::now()),
      ticks_(ticks()),
      ns_per_tick_(seconds_per_tick() * 1e9),
      origin_(now_),
      wheel_(wheel_slots, nullptr),
      occupied_(wheel_slots / 64, 0),
      scratch_(new char[scratch_size]) {
    if (epoll_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
    epoll_event ev{};
    ev.events = EPOLLIN;
    ev.data.ptr = nullptr;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &ev);
}

event_loop::~event_loop() {
    run_deferred();
    ::close(wake_);
    ::close(epoll_);
}

void event_loop::run() {
    stopped_ = false;
    refresh_now();
    run_mailbox();
    end_batch();
    auto before = now_;
    std::size_t handled = 0;
    while (!stopped_) {
        if (handled == 0) before = now_;
        const int first = look(wait_milliseconds());
        const int last = first >= busy_batch ? look(0) : first;
        // The process may have been stopped since it looked for events: a deadline that has passed
        // meanwhile is judged behind what came in time. That may be more than one batch holds, but
        // each source has its turn before one has its second.
        handled += static_cast<std::size_t>(first + last);
        if (last < batch_size || handled >= watched_) {
            expire(first == 0 ? now_ : before);
            handled = 0;
        }
        end_batch();
    }
    run_deferred();
}

/// Waits for events and handles them; how many there were.
int event_loop::look(int milliseconds) {
    std::array<epoll_event, batch_size> events;
    const int n = epoll_wait(epoll_, events.data(), batch_size, milliseconds);
    refresh_now();
    for (int i = 0; i < n; ++i) {
        batch_.push_back(static_cast<io_source*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    bool mail = false;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
        if (events[i].data.ptr == nullptr) {
            mail = true;
        } else if (batch_[i] != nullptr) {
            batch_[i]->on_io(events[i].events);
        }
    }
    batch_.clear();
    if (mail) run_mailbox();
    return n;
}

/// Each may lead to more of either kind.
void event_loop::end_batch() {
    const auto asked = [](const auto& sources) { return !sources.empty(); };
    do {
        for (auto& sources : ending_) {
            for (std::size_t i = 0; i < sources.size(); ++i) {
                if (auto* source = sources[i]) source->on_batch_end();
            }
            sources.clear();
        }
        run_deferred();
    } while (std::any_of(ending_.begin(), ending_.end(), asked));
}

void event_loop::stop() {
    post([this] { stopped_ = true; });
}

void event_loop::post(std::function<void()> task) {
    {
        const std::lock_guard lock(mailbox_mutex_);
        mailbox_.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

void event_loop::defer(std::function<void()> task) { deferred_.push_back(std::move(task)); }

void event_loop::watch(int fd, io_source& source) {
    watch_level(fd, source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void event_loop::watch_level(int fd, io_source& source, std::uint32_t events) {
    epoll_event ev{};
    ev.events = events;
    ev.data.ptr = &source;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &ev) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
    ++watched_;
}

void event_loop::modify_level(int fd, io_source& source, std::uint32_t events) {
    epoll_event ev{};
    ev.events = events;
    ev.data.ptr = &source;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &ev);
}

void event_loop::forget(int fd, io_source& source) {
    if (epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr) == 0) --watched_;
    for (auto* list : {&batch_, &ending_.front(), &ending_.back()}) {
        std::replace(list->begin(), list->end(), &source, static_cast<io_source*>(nullptr));
    }
}

void event_loop::insert(timer& t) {
    const auto since = std::max(t.when_ - origin_, duration::zero());
    // Rounded up: a timer never fires early.
    auto at = static_cast<std::uint64_t>((since + tick - duration(1)) / tick);
    at = std::max(at, wheel_now_ + 1);
    t.slot_ = static_cast<std::uint32_t>(at % wheel_slots);
    t.previous_ = nullptr;
    t.next_ = wheel_[t.slot_];
    if (t.next_ != nullptr) t.next_->previous_ = &t;
    wheel_[t.slot_] = &t;
    occupied_[t.slot_ / 64] |= std::uint64_t{1} << (t.slot_ % 64);
    t.armed_ = true;
    ++armed_;
}

void event_loop::remove(timer& t) {
    if (t.previous_ != nullptr) {
        t.previous_->next_ = t.next_;
    } else {
        wheel_[t.slot_] = t.next_;
        if (t.next_ == nullptr) occupied_[t.slot_ / 64] &= ~(std::uint64_t{1} << (t.slot_ % 64));
    }
    if (t.next_ != nullptr) t.next_->previous_ = t.previous_;
    t.armed_ = false;
    --armed_;
}

void event_loop::expire(time_point by) {
    const auto target = static_cast<std::uint64_t>((by - origin_) / tick);
    if (armed_ == 0) {
        wheel_now_ = target;
        return;
    }
    // After a long pause one round visits every slot.
    if (target > wheel_now_ + wheel_slots) wheel_now_ = target - wheel_slots;
    while (wheel_now_ < target) {
        ++wheel_now_;
        const auto slot = wheel_now_ % wheel_slots;
        if ((occupied_[slot / 64] >> (slot % 64) & 1) == 0) continue;
        // A callback may cancel or arm any timer, so the search starts over after each one.
        for (timer* t = wheel_[slot]; t != nullptr;) {
            if (t->when_ > by) {
                t = t->next_;
                continue;
            }
            remove(*t);
            t->fire_(t->owner_);
            t = wheel_[slot];
        }
    }
}

int event_loop::wait_milliseconds() const {
    if (!deferred_.empty()) return 0;
    if (armed_ == 0) return -1;
    // The next occupied slot, at most one round away.
    const auto first = (wheel_now_ + 1) % wheel_slots;
    std::uint64_t distance = wheel_slots;
    for (std::uint64_t i = 0; i <= wheel_slots / 64; ++i) {
        const auto word = (first / 64 + i) % (wheel_slots / 64);
        auto bits = occupied_[word];
        if (i == 0) bits &= ~std::uint64_t{0} << (first % 64);
        if (bits == 0) continue;
        const auto slot = word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits));
        distance = (slot + wheel_slots - first) % wheel_slots;
        break;
    }
    const auto due = origin_ + tick * static_cast<std::int64_t>(wheel_now_ + 1 + distance);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - now_).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void event_loop::run_mailbox() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mailbox_mutex_);
        tasks.swap(mailbox_);
    }
    for (auto& task : tasks) task();
}

void event_loop::run_deferred() {
    while (!deferred_.empty()) {
        std::vector<std::function<void()>> tasks;
        tasks.swap(deferred_);
        for (auto& task : tasks) task();
    }
}

}  // namespace weir::http
