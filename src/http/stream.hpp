#pragma once

#include <sys/uio.h>

#include <cerrno>
#include <cstddef>

namespace weir::http {

/// What one read or write did. `count` 0 of a read with `code` 0 is the end of the stream.
struct io_result {
    std::size_t count = 0;
    int code = 0;  ///< errno; EAGAIN: nothing moved, wait for the loop

    bool would_block() const { return code == EAGAIN; }  // EWOULDBLOCK is the same number on Linux
};

/// The bytes of one connected socket. Plain today; TLS becomes a second branch inside `read` and
/// `write`, and nothing above this class learns of it. Not thread-safe; closes on destruction.
class stream {
  public:
    stream() = default;
    explicit stream(int fd) : fd_(fd) {}
    ~stream() { close(); }
    stream(stream&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    stream& operator=(stream&& other) noexcept;

    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }

    io_result read(char* data, std::size_t size);
    io_result write(const iovec* pieces, int count);
    void shutdown_write();
    void close();
    /// From now on any end of this socket, the end of the process too, is a reset, so that the peer
    /// cannot take what it got for the whole.
    void reset_on_close(bool on);

  private:
    int fd_ = -1;
};

}  // namespace weir::http
