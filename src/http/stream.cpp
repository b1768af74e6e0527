#include "http/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace weir::http {
namespace {

constexpr std::size_t record_size = 16 * 1024;  // the most one TLS record carries

constexpr std::string_view plain_on_tls =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nx-weir-reason: bad-request\r\n"
    "content-length: 37\r\nconnection: close\r\n\r\nmalformed request: HTTP on a TLS port";

// The C library lets a thread be cancelled in `recv` and `send`. Nobody cancels ours, and where
// there are several threads that costs two locked instructions a call.
#if defined(SYS_sendto) && defined(SYS_recvfrom)
[[gnu::noinline]] ssize_t system_receive(int fd, char* data, std::size_t size) {
    return ::syscall(SYS_recvfrom, fd, data, size, 0, nullptr, nullptr);
}
[[gnu::noinline]] ssize_t system_send(int fd, const void* data, std::size_t size) {
    return ::syscall(SYS_sendto, fd, data, size, MSG_NOSIGNAL, nullptr, 0);
}
#else
ssize_t system_receive(int fd, char* data, std::size_t size) { return ::recv(fd, data, size, 0); }
ssize_t system_send(int fd, const void* data, std::size_t size) {
    return ::send(fd, data, size, MSG_NOSIGNAL);
}
#endif

/// Walks over the pieces of one write, a TLS record's worth at a time.
struct cursor {
    const iovec* piece;
    const iovec* end;
    std::size_t offset;  ///< of `piece` already written

    /// A large piece as it lies there; small ones copied together.
    std::string_view next_record() const {
        thread_local std::array<char, record_size> gathered;
        std::size_t size = 0;
        auto from = offset;
        for (const auto* p = piece; p != end && size < record_size; ++p, from = 0) {
            const auto* data = static_cast<const char*>(p->iov_base) + from;
            const auto left = p->iov_len - from;
            if (size == 0 && left >= record_size) return {data, record_size};
            const auto n = std::min(left, record_size - size);
            std::memcpy(gathered.data() + size, data, n);
            size += n;
        }
        return {gathered.data(), size};
    }

    void skip(std::size_t n) {
        offset += n;
        while (piece != end && offset >= piece->iov_len) offset -= piece++->iov_len;
    }
};

bool wants_the_loop(int why) { return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE; }

}  // namespace

stream::stream(stream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      tls_(std::exchange(other.tls_, nullptr)),
      silent_(other.silent_) {}

stream& stream::operator=(stream&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
        tls_ = std::exchange(other.tls_, nullptr);
        silent_ = other.silent_;
    }
    return *this;
}

std::string_view stream::server_name() const {
    if (tls_ == nullptr) return {};
    const auto* name = SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string_view() : std::string_view(name);
}

std::string_view stream::tls_problem() const {
    if (tls_ == nullptr || SSL_in_init(tls_) == 0) return {};
    const auto verdict = SSL_get_verify_result(tls_);
    if (verdict != X509_V_OK && SSL_get_verify_mode(tls_) != SSL_VERIFY_NONE)
        return X509_verify_cert_error_string(verdict);
    return "the handshake failed";
}

io_result stream::read(char* data, std::size_t size) {
    if (tls_ != nullptr) return read_tls(data, size);
    for (;;) {
        const auto n = system_receive(fd_, data, size);
        // Edge-triggered: after a short read the next byte brings a new event, so no read is spent
        // on EAGAIN.
        if (n >= 0) return {static_cast<std::size_t>(n), 0, static_cast<std::size_t>(n) == size};
        if (errno != EINTR) return {0, errno};
    }
}

io_result stream::write(const iovec* pieces, int count) {
    if (tls_ != nullptr) return write_tls(pieces, count);
    for (;;) {
        ssize_t n = 0;
        if (count == 1) {
            n = system_send(fd_, pieces->iov_base, pieces->iov_len);
        } else {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(pieces);
            message.msg_iovlen = static_cast<std::size_t>(count);
            n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
        }
        if (n >= 0) return {static_cast<std::size_t>(n), 0};
        if (errno != EINTR) return {0, errno};
    }
}

io_result stream::read_tls(char* data, std::size_t size) {
    io_result out;
    while (out.count < size) {
        std::size_t n = 0;
        ERR_clear_error();
        errno = 0;
        const int rc = SSL_read_ex(tls_, data + out.count, size - out.count, &n);
        if (rc == 1) {
            out.count += n;
            continue;
        }
        const int why = SSL_get_error(tls_, rc);
        if (wants_the_loop(why)) {
            if (out.count == 0) out.code = EAGAIN;
            return out;
        }
        const int code = why == SSL_ERROR_ZERO_RETURN ? 0 : tls_failure();
        // Bytes first; the next read tells of the end again.
        if (out.count == 0) out.code = code;
        out.more = out.count != 0;
        return out;
    }
    out.more = true;
    return out;
}

bool stream::ended_by_tls() {
    if (tls_ == nullptr || SSL_in_init(tls_) != 0) return false;
    char next = 0;
    std::size_t n = 0;
    ERR_clear_error();
    const int rc = SSL_peek_ex(tls_, &next, 1, &n);
    return rc != 1 && !wants_the_loop(SSL_get_error(tls_, rc));
}

/// The errno of a failed operation on the session: 0 when the peer ended without saying so.
int stream::tls_failure() {
    const int code = errno;
    const auto error = ERR_peek_last_error();
    const bool first = !std::exchange(silent_, true);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        const int reason = ERR_GET_REASON(error);
        if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return 0;
        if (reason == SSL_R_HTTP_REQUEST && first) {
            ::send(fd_, plain_on_tls.data(), plain_on_tls.size(), MSG_NOSIGNAL);
            // Unread bytes would turn the close into a reset, which overtakes the answer.
            std::array<char, 16 * 1024> rest;
            while (::recv(fd_, rest.data(), rest.size(), 0) == ssize_t{rest.size()}) {
            }
        }
        return EPROTO;
    }
    return code == EAGAIN ? EPROTO : code;
}

/// Small pieces share a record. A record that the socket did not take stays in the session and is
/// tried again: whoever writes next begins with the same bytes.
io_result stream::write_tls(const iovec* pieces, int count) {
    io_result out;
    cursor at{pieces, pieces + count, 0};
    for (;;) {
        const auto record = at.next_record();
        if (record.empty()) return out;
        std::size_t n = 0;
        ERR_clear_error();
        errno = 0;
        const int rc = SSL_write_ex(tls_, record.data(), record.size(), &n);
        if (rc == 1) {
            out.count += n;
            at.skip(n);
            continue;
        }
        const bool full = wants_the_loop(SSL_get_error(tls_, rc));
        if (!full) tls_failure();
        if (out.count == 0) out.code = full ? EAGAIN : EPIPE;
        return out;
    }
}

/// The TLS way to say that the stream ends here and was not cut.
void stream::say_goodbye() {
    if (tls_ == nullptr || silent_ || SSL_in_init(tls_) != 0) return;
    silent_ = true;
    ERR_clear_error();
    SSL_shutdown(tls_);
}

void stream::shutdown_write() {
    if (fd_ < 0) return;
    say_goodbye();
    ::shutdown(fd_, SHUT_WR);
}

void stream::close() {
    if (fd_ < 0) return;
    say_goodbye();
    if (tls_ != nullptr) SSL_free(std::exchange(tls_, nullptr));
    ::close(std::exchange(fd_, -1));
}

void stream::reset_on_close(bool on) {
    const linger how{on ? 1 : 0, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &how, sizeof how);
    if (tls_ != nullptr) silent_ = on;
}

}  // namespace weir::http
