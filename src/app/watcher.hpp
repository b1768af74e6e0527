#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/event_loop.hpp"

namespace weir::app {

/// Tells when what files or folders say changes: inotify on the folders that hold them, so that
/// renames into place and the symlink swaps of mounted ConfigMaps are seen, then a moment of quiet,
/// so that half of a file is rarely read. A file that is only touched is no change. A slow poll is
/// the net for file systems without events. Control thread.
class watcher final : public http::io_source {
  public:
    static constexpr duration quiet = std::chrono::milliseconds(100);
    /// A folder in which something is written all the time is looked at this often all the same.
    static constexpr duration patience = std::chrono::seconds(1);
    static constexpr duration poll_period = std::chrono::seconds(2);

    /// Takes what stands there now as known: make it before reading, and nothing is missed.
    watcher(http::event_loop& loop, std::vector<std::string> paths, std::function<void()> changed);
    ~watcher() override;

    /// Paths found by the last load. Those that were watched before keep what is known of them.
    void set_paths(const std::vector<std::string>& paths);

  private:
    struct known {
        std::string stamp;         ///< inodes, sizes and times: cheap to compare
        std::uint64_t digest = 0;  ///< of what a load would read
    };

    void on_io(std::uint32_t events) override;
    void rearm();
    void watch_folder(const std::string& path);
    void note_event();
    void on_quiet();
    void on_poll();

    http::event_loop& loop_;
    std::function<void()> changed_;
    std::map<std::string, known> paths_;
    int fd_;
    bool deaf_said_ = false;
    time_point first_event_{};  ///< since the last look; epoch: none
    http::timer settle_;
    http::timer poll_;
};

}  // namespace weir::app
