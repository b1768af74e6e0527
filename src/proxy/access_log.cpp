#include "proxy/access_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace weir::proxy {
namespace {

bool is_pipe(const std::string& path) {
    struct stat what {};
    return ::stat(path.c_str(), &what) == 0 && S_ISFIFO(what.st_mode);
}

int open_sink(const std::string& path) {
    if (path == "-") return STDOUT_FILENO;
    // Opened for writing alone a pipe waits for its reader; so it keeps lines for one that comes.
    if (is_pipe(path)) return ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

}  // namespace

result<std::unique_ptr<access_log>> access_log::open(const std::string& path) {
    const int fd = open_sink(path);
    if (fd < 0) return error_code(errno, boost::system::generic_category());
    return std::unique_ptr<access_log>(new access_log(path, fd));
}

access_log::access_log(std::string path, int fd)
    : path_(std::move(path)), sink_(fd), thread_([this] { run(); }) {}

access_log::~access_log() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    sink_.leave();
    wake_.notify_one();
    thread_.join();
    if (sink_.fd() > STDERR_FILENO) ::close(sink_.fd());
}

void access_log::append(std::string_view line) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (queue_.size() + line.size() > max_queued) {
            ++dropped_;
            return;
        }
        was_empty = queue_.empty();
        queue_.append(line);
        queue_ += '\n';
    }
    if (was_empty) wake_.notify_one();
}

void access_log::reopen() {
    {
        const std::lock_guard lock(mutex_);
        reopen_ = true;
    }
    wake_.notify_one();
}

std::uint64_t access_log::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

void access_log::run() {
    std::string batch;
    for (;;) {
        bool anew = false;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || reopen_ || !queue_.empty(); });
            if (stopping_ && queue_.empty()) return;
            anew = std::exchange(reopen_, false);
            batch.swap(queue_);
        }
        // Without the lock: whoever appends must not wait for a file system.
        if (anew) open_again();
        write(batch);
        batch.clear();
    }
}

void access_log::open_again() {
    if (path_ == "-") return;
    const int fd = open_sink(path_);
    if (fd < 0) return;
    ::close(sink_.fd());
    sink_.set(fd);
}

void access_log::write(std::string_view batch) {
    const auto lost = batch.substr(sink_.write(batch));
    if (lost.empty()) return;
    const auto lines = std::count(lost.begin(), lost.end(), '\n');
    const std::lock_guard lock(mutex_);
    dropped_ += static_cast<std::uint64_t>(lines);
}

}  // namespace weir::proxy
