#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/patient_writer.hpp"
#include "base/result.hpp"

namespace weir::proxy {

/// One JSON line a request, written by a thread of its own. When the sink is slower than the
/// traffic, or takes nothing at all, lines are dropped and counted; no request waits, nor does the
/// end of the process. `append` may be called by any thread.
class access_log {
  public:
    /// `-` is stdout. The file is appended to, made if missing. A pipe may have no reader yet.
    static result<std::unique_ptr<access_log>> open(const std::string& path);
    ~access_log();
    access_log(const access_log&) = delete;
    access_log& operator=(const access_log&) = delete;

    void append(std::string_view line);
    /// Opens the path anew at the next write (after a rotation).
    void reopen();
    std::uint64_t dropped() const;

  private:
    access_log(std::string path, int fd);
    void run();
    void open_again();
    void write(std::string_view batch);

    static constexpr std::size_t max_queued = std::size_t{4} << 20;

    std::string path_;
    patient_writer sink_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::string queue_;
    std::uint64_t dropped_ = 0;
    bool reopen_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace weir::proxy
