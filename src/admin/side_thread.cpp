#include "admin/side_thread.hpp"

#include <utility>

namespace weir::admin {

side_thread::~side_thread() {
    if (thread_.joinable()) thread_.join();
}

void side_thread::run(begin_fn begin) {
    waiting_.push_back(std::move(begin));
    if (!busy_) next();
}

void side_thread::next() {
    busy_ = !waiting_.empty();
    if (!busy_) return;
    auto work = waiting_.front()();
    waiting_.pop_front();
    if (thread_.joinable()) thread_.join();  // it has posted its last, or was never started
    thread_ = std::thread(
        [this, &loop = loop_, work = std::move(work), alive = std::weak_ptr<bool>(alive_)] {
            loop.post([this, alive, done = work()] {
                if (alive.expired()) return;
                done();
                next();
            });
        });
}

}  // namespace weir::admin
