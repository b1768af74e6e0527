#pragma once

#include <functional>

#include "http/event_loop.hpp"

/// Runs a loop until a condition holds, looking every few milliseconds; false when it did not
/// within the limit.
inline bool loop_until(weir::http::event_loop& loop, const std::function<bool()>& condition,
                       weir::duration limit = std::chrono::seconds(10)) {
    struct watcher {
        weir::http::event_loop& loop;
        const std::function<bool()>& condition;
        weir::time_point deadline;
        bool held = false;
        weir::http::timer timer{loop, &watcher::look, this};

        static void look(void* self) {
            auto& w = *static_cast<watcher*>(self);
            w.held = w.condition();
            if (w.held || w.loop.now() > w.deadline) return w.loop.stop();
            w.timer.arm(std::chrono::milliseconds(2));
        }
    };
    watcher w{loop, condition, loop.refresh_now() + limit};
    w.timer.arm(std::chrono::milliseconds(0));
    loop.run();
    return w.held;
}
