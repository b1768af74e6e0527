#include "app/watcher.hpp"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include "base/log.hpp"
#include "config/discover.hpp"

namespace weir::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t watched_events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                         IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB |
                                         IN_MODIFY;

/// The change time moves with permissions and renames too, which the modification time does not.
void describe(const std::string& path, std::string& out) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) {
        out += path + ":gone;";
        return;
    }
    out += path + ":" + std::to_string(st.st_ino) + "," + std::to_string(st.st_size) + "," +
           std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + "," +
           std::to_string(st.st_ctim.tv_sec) + "." + std::to_string(st.st_ctim.tv_nsec) + ";";
}

template <class Each>
void walk(const std::string& folder, Each&& each) {
    std::error_code ec;
    const auto how = fs::directory_options::skip_permission_denied |
                     fs::directory_options::follow_directory_symlink;
    for (fs::recursive_directory_iterator it(folder, how, ec), end; !ec && it != end;
         it.increment(ec)) {
        each(*it);
    }
}

std::string stamp_of(const std::string& path) {
    std::string out;
    describe(path, out);
    std::error_code ec;
    if (!fs::is_directory(path, ec)) return out;
    std::set<std::string> files;
    walk(path, [&](const fs::directory_entry& entry) { files.insert(entry.path().string()); });
    for (const auto& f : files) describe(f, out);
    return out;
}

/// What a load would read at a path, mistakes of reading included. A pipe is left alone: looking
/// would take its text away.
std::uint64_t digest_of(const std::string& path) {
    std::error_code ec;
    if (fs::exists(path, ec) && !fs::is_regular_file(path, ec) && !fs::is_directory(path, ec))
        return 0;
    config::findings trouble;
    std::string all;
    for (const auto& source : config::read_sources({path}, trouble, config::pipe_rule::refuse))
        all.append(source->path).append(1, '\0').append(source->text).append(1, '\0');
    for (const auto& f : trouble.list()) all.append(f.message).append(1, '\0');
    return std::hash<std::string>{}(all);
}

}  // namespace

watcher::watcher(http::event_loop& loop, std::vector<std::string> paths,
                 std::function<void()> changed)
    : loop_(loop),
      changed_(std::move(changed)),
      fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      settle_(
          loop, [](void* self) { static_cast<watcher*>(self)->on_quiet(); }, this),
      poll_(
          loop, [](void* self) { static_cast<watcher*>(self)->on_poll(); }, this) {
    if (fd_ >= 0) loop_.watch_level(fd_, *this, EPOLLIN);
    set_paths(paths);
    poll_.arm(poll_period);
}

watcher::~watcher() {
    if (fd_ < 0) return;
    loop_.forget(fd_, *this);
    ::close(fd_);
}

void watcher::set_paths(const std::vector<std::string>& paths) {
    std::erase_if(paths_, [&](const auto& entry) {
        return std::find(paths.begin(), paths.end(), entry.first) == paths.end();
    });
    std::vector<std::string> fresh;
    for (const auto& path : paths) {
        if (paths_.try_emplace(path).second) fresh.push_back(path);
    }
    rearm();
    for (const auto& path : fresh) paths_[path] = {stamp_of(path), digest_of(path)};
}

/// Watches every folder that matters; a watch that exists already is only refreshed.
void watcher::rearm() {
    std::set<std::string> folders;
    for (const auto& [path, what] : paths_) {
        std::error_code ec;
        const fs::path p(path);
        folders.insert(p.has_parent_path() ? p.parent_path().string() : std::string("."));
        if (fs::is_symlink(p, ec)) {
            const auto target = fs::weakly_canonical(p, ec);
            if (!ec && target.has_parent_path()) folders.insert(target.parent_path().string());
        }
        if (!fs::is_directory(p, ec)) continue;
        folders.insert(path);
        walk(path, [&](const fs::directory_entry& entry) {
            if (entry.is_directory(ec)) folders.insert(entry.path().string());
        });
    }
    for (const auto& folder : folders) watch_folder(folder);
}

void watcher::watch_folder(const std::string& path) {
    if (fd_ >= 0 && inotify_add_watch(fd_, path.c_str(), watched_events) >= 0) return;
    // A folder that went away comes back with an event of the one above it.
    if (deaf_said_ || (fd_ >= 0 && (errno == ENOENT || errno == EACCES))) return;
    deaf_said_ = true;
    log::warning("cannot watch files; they are looked at every 2 s instead",
                 {{"path", path}, {"error", std::strerror(errno)}});
}

void watcher::on_io(std::uint32_t) {
    alignas(inotify_event) std::array<char, 16384> buffer;
    while (::read(fd_, buffer.data(), buffer.size()) > 0) {
    }
    note_event();
}

void watcher::note_event() {
    const auto now = loop_.now();
    if (first_event_ == time_point{}) first_event_ = now;
    settle_.arm_at(std::min(now + quiet, first_event_ + patience));
}

void watcher::on_quiet() {
    first_event_ = {};
    bool moved = false;
    bool changed = false;
    for (auto& [path, what] : paths_) {
        auto stamp = stamp_of(path);
        if (stamp == what.stamp) continue;
        moved = true;
        what.stamp = std::move(stamp);
        const auto digest = digest_of(path);
        changed = changed || digest != what.digest;
        what.digest = digest;
    }
    if (moved) rearm();
    if (changed) changed_();
}

void watcher::on_poll() {
    poll_.arm(poll_period);
    if (settle_.armed()) return;
    const bool moved = std::any_of(paths_.begin(), paths_.end(), [](const auto& entry) {
        return stamp_of(entry.first) != entry.second.stamp;
    });
    if (moved) note_event();
}

}  // namespace weir::app
