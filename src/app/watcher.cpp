#include "app/watcher.hpp"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <utility>

namespace weir::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t watched_events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                         IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB |
                                         IN_MODIFY;

void describe(const std::string& path, std::string& out) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) {
        out += path + ":gone;";
        return;
    }
    out += path + ":" + std::to_string(st.st_ino) + "," + std::to_string(st.st_size) + "," +
           std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + ";";
}

}  // namespace

watcher::watcher(http::event_loop& loop, std::vector<std::string> paths,
                 std::function<void()> changed)
    : loop_(loop),
      changed_(std::move(changed)),
      paths_(std::move(paths)),
      fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      settle_(
          loop, [](void* self) { static_cast<watcher*>(self)->on_quiet(); }, this),
      poll_(
          loop, [](void* self) { static_cast<watcher*>(self)->on_poll(); }, this) {
    if (fd_ >= 0) loop_.watch_level(fd_, *this, EPOLLIN);
    rearm();
    last_ = fingerprint();
    poll_.arm(poll_period);
}

watcher::~watcher() {
    if (fd_ < 0) return;
    loop_.forget(fd_, *this);
    ::close(fd_);
}

void watcher::set_paths(std::vector<std::string> paths) {
    paths_ = std::move(paths);
    rearm();
    last_ = fingerprint();
}

/// Watches every folder that matters; a watch that exists already is only refreshed.
void watcher::rearm() {
    if (fd_ < 0) return;
    std::set<std::string> folders;
    for (const auto& path : paths_) {
        std::error_code ec;
        const fs::path p(path);
        folders.insert(p.has_parent_path() ? p.parent_path().string() : std::string("."));
        if (fs::is_symlink(p, ec)) {
            const auto target = fs::weakly_canonical(p, ec);
            if (!ec && target.has_parent_path()) folders.insert(target.parent_path().string());
        }
        if (!fs::is_directory(p, ec)) continue;
        folders.insert(path);
        for (auto it = fs::recursive_directory_iterator(
                 p, fs::directory_options::skip_permission_denied, ec);
             !ec && it != fs::recursive_directory_iterator(); it.increment(ec)) {
            if (it->is_directory(ec)) folders.insert(it->path().string());
        }
    }
    for (const auto& folder : folders) inotify_add_watch(fd_, folder.c_str(), watched_events);
}

void watcher::on_io(std::uint32_t) {
    alignas(inotify_event) std::array<char, 16384> buffer;
    while (::read(fd_, buffer.data(), buffer.size()) > 0) {
    }
    settle_.arm(quiet);
}

void watcher::on_quiet() {
    auto now = fingerprint();
    if (now == last_) return;
    last_ = std::move(now);
    rearm();
    changed_();
}

void watcher::on_poll() {
    poll_.arm(poll_period);
    if (!settle_.armed() && fingerprint() != last_) settle_.arm(quiet);
}

std::string watcher::fingerprint() const {
    std::string out;
    for (const auto& path : paths_) {
        describe(path, out);
        std::error_code ec;
        if (!fs::is_directory(path, ec)) continue;
        std::set<std::string> files;
        for (auto it = fs::recursive_directory_iterator(
                 path,
                 fs::directory_options::skip_permission_denied |
                     fs::directory_options::follow_directory_symlink,
                 ec);
             !ec && it != fs::recursive_directory_iterator(); it.increment(ec)) {
            files.insert(it->path().string());
        }
        for (const auto& f : files) describe(f, out);
    }
    return out;
}

}  // namespace weir::app
