#include "http/stream.hpp"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <array>
#include <csignal>
#include <string>

#include "../support/certificate_pem.hpp"
#include "http/output.hpp"
#include "http/tls.hpp"

using namespace weir::http;

namespace {

/// Both ends of a connection, non-blocking, with little room in between.
std::array<int, 2> small_pair() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes as it likes
    std::array<int, 2> fds{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    const int size = 4096;
    for (const int fd : fds) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return fds;
}

/// Numbers, so that a byte out of place shows.
std::string long_text(std::size_t size) {
    std::string out;
    for (int i = 0; out.size() < size; ++i) out += std::to_string(i) + " ";
    out.resize(size);
    return out;
}

/// Sends `text` in pieces of many sizes through an output; `receive` takes what has arrived.
template <class Receive>
std::string pass_through(const std::string& text, stream& from, Receive receive) {
    output out;
    std::string got;
    std::size_t at = 0;
    for (std::size_t n = 1; at < text.size(); n = n * 7 % 50021 + 1) {
        const auto piece = std::string_view(text).substr(at, n);
        at += piece.size();
        if (n % 3 == 0) {
            out.text() += piece;
        } else {
            out.view(piece);
        }
        if (n % 2 == 0) continue;
        for (int tries = 0; out.send(from) != output::progress::done; ++tries) {
            REQUIRE(tries < 100000);
            receive(got);
        }
        CHECK(out.empty());
    }
    for (int tries = 0; out.send(from) != output::progress::done; ++tries) {
        REQUIRE(tries < 100000);
        receive(got);
    }
    receive(got);
    return got;
}

struct client_session {
    explicit client_session(int fd) : context(SSL_CTX_new(TLS_client_method())) {
        session = SSL_new(context);
        SSL_set_fd(session, fd);
        SSL_set_connect_state(session);
    }
    ~client_session() {
        SSL_free(session);
        SSL_CTX_free(context);
    }
    void receive(std::string& got) const {
        char data[3000];
        std::size_t n = 0;
        while (SSL_read_ex(session, data, sizeof data, &n) == 1) got.append(data, n);
    }
    SSL_CTX* context;
    SSL* session;
};

}  // namespace

TEST_SUITE("http/stream") {
    TEST_CASE("a plain stream passes bytes, says when there may be more, and where the end is") {
        const auto fds = small_pair();
        stream server(fds[0]);
        const auto text = long_text(300'000);
        CHECK((pass_through(text, server, [&](std::string& got) {
                   char data[5000];
                   for (ssize_t n = 0; (n = ::recv(fds[1], data, sizeof data, 0)) > 0;)
                       got.append(data, static_cast<std::size_t>(n));
               }) == text));
        REQUIRE(::send(fds[1], "0123456789", 10, 0) == 10);
        char data[8];
        const auto first = server.read(data, sizeof data);
        CHECK(first.count == 8);
        CHECK(first.more);
        const auto second = server.read(data, sizeof data);
        CHECK(second.count == 2);
        CHECK_FALSE(second.more);
        CHECK(server.read(data, sizeof data).would_block());
        ::close(fds[1]);
        const auto end = server.read(data, sizeof data);
        CHECK(end.count == 0);
        CHECK(end.code == 0);
        const iovec piece{data, 1};
        CHECK(server.write(&piece, 1).code == EPIPE);
    }
    TEST_CASE("a TLS stream does the same, whatever the socket takes of a record") {
        std::string problem;
        const auto tls = tls_context::make({{"", {{test_certificate, test_key}}}}, problem);
        REQUIRE(tls);
        const auto fds = small_pair();
        stream server(fds[0], tls->open(fds[0]));
        CHECK(server.is_tls());
        const client_session client(fds[1]);
        // The first reads are the handshake.
        char data[64];
        std::string got;
        for (int i = 0; i < 1000 && SSL_is_init_finished(client.session) == 0; ++i) {
            client.receive(got);
            CHECK(server.read(data, sizeof data).would_block());
        }
        CHECK(server.server_name().empty());
        const auto text = long_text(300'000);
        CHECK((pass_through(text, server, [&](std::string& out) { client.receive(out); }) == text));
        REQUIRE(SSL_write(client.session, long_text(100).data(), 100) == 100);
        const auto first = server.read(data, sizeof data);
        CHECK(first.count == 64);
        CHECK(first.more);
        CHECK(server.read(data, sizeof data).count == 36);
        CHECK(server.read(data, sizeof data).would_block());
        // A goodbye is an end, and the answer to it is one too.
        SSL_shutdown(client.session);
        const auto end = server.read(data, sizeof data);
        CHECK(end.count == 0);
        CHECK(end.code == 0);
        server.close();
        CHECK(SSL_shutdown(client.session) == 1);
        ::close(fds[1]);
    }
    TEST_CASE("a TLS stream that is cut ends without a goodbye") {
        std::string problem;
        const auto tls = tls_context::make({{"", {{test_certificate, test_key}}}}, problem);
        const auto fds = small_pair();
        stream server(fds[0], tls->open(fds[0]));
        const client_session client(fds[1]);
        char data[64];
        std::string got;
        for (int i = 0; i < 1000 && SSL_is_init_finished(client.session) == 0; ++i) {
            client.receive(got);
            server.read(data, sizeof data);
        }
        server.reset_on_close(true);
        server.close();
        CHECK(SSL_read(client.session, data, sizeof data) <= 0);
        CHECK(SSL_get_error(client.session, 0) != SSL_ERROR_ZERO_RETURN);
        ::close(fds[1]);
    }
}
