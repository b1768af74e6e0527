#pragma once

#include <memory>
#include <span>
#include <string_view>

namespace weir::datalayer {

/// Unpacks a gzip (or zlib) stream piece by piece. One stream an object until `start`.
class gunzip {
  public:
    gunzip();
    ~gunzip();
    gunzip(const gunzip&) = delete;
    gunzip& operator=(const gunzip&) = delete;

    void start();

    /// Feeds packed bytes and hands the unpacked ones to `take(owner, bytes)` until that returns
    /// false. False when the stream is broken or `take` had enough.
    using take_fn = bool (*)(void* owner, std::string_view bytes);
    bool feed(std::span<const char> packed, take_fn take, void* owner);

    /// True once the stream's own end, checksum included, was seen.
    bool ended() const { return ended_; }

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
    bool ended_ = false;
};

}  // namespace weir::datalayer
