#include "base/patient_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace weir {
namespace {

constexpr int wait_milliseconds = 50;
constexpr int waits_while_leaving = 10;

}  // namespace

void patient_writer::set(int fd) {
    fd_ = fd;
    waits_left_ = waits_while_leaving;
    struct stat what {};
    const bool file = ::fstat(fd, &what) == 0 && S_ISREG(what.st_mode);
    // A pipe that has room takes this much without making its writer wait; a file takes anything.
    portion_ = file ? std::numeric_limits<std::size_t>::max() : std::size_t{PIPE_BUF};
}

std::size_t patient_writer::write(std::string_view bytes) {
    std::size_t done = 0;
    while (done < bytes.size() && wait_for_room()) {
        const auto n = ::write(fd_, bytes.data() + done, std::min(portion_, bytes.size() - done));
        if (n < 0 && errno != EINTR && errno != EAGAIN) break;
        if (n > 0) done += static_cast<std::size_t>(n);
    }
    return done;
}

/// False: given up, now and for what follows.
bool patient_writer::wait_for_room() {
    for (;;) {
        const bool leaving = leaving_.load(std::memory_order_relaxed);
        const bool patient = !leaving || waits_left_ != 0;
        pollfd room{fd_, POLLOUT, 0};
        if (::poll(&room, 1, patient ? wait_milliseconds : 0) != 0) return true;
        if (!patient) return false;
        if (leaving) --waits_left_;
    }
}

}  // namespace weir
