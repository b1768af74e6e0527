#include "app/descriptors.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace weir::app {
namespace {

constexpr std::uint64_t kept_back = 32;
constexpr std::uint64_t widest_table = 65536;

}  // namespace

void keep_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) ::open("/dev/null", O_RDONLY);
    }
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    const auto before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

void widen_descriptor_table() {
    const auto last = std::min(raise_descriptor_limit(), widest_table) - 1;
    const int fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(last));
    if (fd >= 0) ::close(fd);
}

std::uint64_t open_descriptors() {
    auto* folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return 0;
    std::uint64_t count = 0;
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

std::uint32_t connections_per_worker(std::uint64_t limit, std::uint64_t in_use,
                                     std::uint64_t endpoints, unsigned workers) {
    const auto kept = in_use + std::min(kept_back + endpoints, limit / 4);
    const auto spare = limit > kept ? limit - kept : 0;
    const auto share = spare / 2 / std::max(workers, 1U);
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(share, 1, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace weir::app
