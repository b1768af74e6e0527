#pragma once

#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

struct ssl_st;

namespace weir::http {

/// What one read or write did. `count` 0 of a read with `code` 0 is the end of the stream.
struct io_result {
    std::size_t count = 0;
    int code = 0;       ///< errno; EAGAIN: nothing moved, wait for the loop
    bool more = false;  ///< of a read: the next one may bring something without an event before it

    bool would_block() const { return code == EAGAIN; }  // EWOULDBLOCK is the same number on Linux
};

/// The bytes of one connected socket, plain or through TLS: nothing above this class can tell,
/// except by asking. Not thread-safe; closes on destruction.
class stream {
  public:
    stream() = default;
    /// Takes over the socket and, where there is one, the TLS session on it.
    explicit stream(int fd, ssl_st* tls = nullptr) : fd_(fd), tls_(tls) {}
    ~stream() { close(); }
    stream(stream&& other) noexcept;
    stream& operator=(stream&& other) noexcept;

    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    bool is_tls() const { return tls_ != nullptr; }
    /// The name the client asked for in its TLS handshake; empty when none.
    std::string_view server_name() const;
    /// Why the peer's certificate was not believed, or its handshake failed; empty: neither.
    std::string_view tls_problem() const;

    /// Through TLS the first reads are the handshake: they bring nothing and would block.
    io_result read(char* data, std::size_t size);
    io_result write(const iovec* pieces, int count);
    /// The peer has ended its TLS session, with or without a FIN behind it; false of a plain
    /// socket, whose end the loop tells. Takes no bytes away.
    bool ended_by_tls();
    void shutdown_write();
    void close();
    /// From now on any end of this socket, the end of the process too, is a reset, so that the peer
    /// cannot take what it got for the whole.
    void reset_on_close(bool on);

  private:
    io_result read_tls(char* data, std::size_t size);
    io_result write_tls(const iovec* pieces, int count);
    int tls_failure();
    void say_goodbye();

    int fd_ = -1;
    ssl_st* tls_ = nullptr;
    bool silent_ = false;  ///< the session ends without a goodbye: it broke, or was cut
};

}  // namespace weir::http
