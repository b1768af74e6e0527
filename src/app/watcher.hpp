#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/event_loop.hpp"

namespace weir::app {

/// Tells when files or folders change (inotify on the folders that hold them, so that renames into
/// place and the symlink swaps of mounted ConfigMaps are seen), after a moment of quiet. A slow
/// poll of the contents' fingerprints is the net for file systems without events. Control thread.
class watcher final : public http::io_source {
  public:
    static constexpr duration quiet = std::chrono::milliseconds(100);
    static constexpr duration poll_period = std::chrono::seconds(2);

    watcher(http::event_loop& loop, std::vector<std::string> paths, std::function<void()> changed);
    ~watcher() override;

    /// Paths found by the last load, which may lie in folders that did not exist before.
    void set_paths(std::vector<std::string> paths);

  private:
    void on_io(std::uint32_t events) override;
    void rearm();
    void on_quiet();
    void on_poll();
    std::string fingerprint() const;

    http::event_loop& loop_;
    std::function<void()> changed_;
    std::vector<std::string> paths_;
    std::string last_;
    int fd_;
    http::timer settle_;
    http::timer poll_;
};

}  // namespace weir::app
