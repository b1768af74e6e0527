#include "http/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "http/address.hpp"

namespace weir::http {
namespace {

/// An empty string, or what is wrong with one of the files.
std::string load(SSL_CTX* context, const tls_client::settings& from) {
    ERR_clear_error();
    if (!from.ca_path.empty() && SSL_CTX_load_verify_file(context, from.ca_path.c_str()) != 1)
        return "no certificate authority can be read from " + from.ca_path;
    if (from.cert_path.empty() && from.key_path.empty()) return {};
    if (from.cert_path.empty() || from.key_path.empty())
        return "a client certificate needs its key, and a key its certificate";
    if (SSL_CTX_use_certificate_chain_file(context, from.cert_path.c_str()) != 1)
        return "no certificate can be read from " + from.cert_path;
    if (SSL_CTX_use_PrivateKey_file(context, from.key_path.c_str(), SSL_FILETYPE_PEM) != 1)
        return "no key of that certificate can be read from " + from.key_path;
    return {};
}

}  // namespace

std::shared_ptr<const tls_client> tls_client::make(settings from, std::string& problem) {
    auto* context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) {
        problem = "out of memory";
        return nullptr;
    }
    std::shared_ptr<const tls_client> made(new tls_client(std::move(from), context));
    static constexpr std::array<unsigned char, 9> http_1_1 = {8,   'h', 't', 't', 'p',
                                                              '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context, http_1_1.data(), http_1_1.size());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    // No pass phrase is asked for on a terminal.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
    const auto& given = made->settings_;
    SSL_CTX_set_verify(context, given.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (given.verify && given.ca_path.empty()) SSL_CTX_set_default_verify_paths(context);
    problem = load(context, given);
    return problem.empty() ? made : nullptr;
}

tls_client::~tls_client() { SSL_CTX_free(context_); }

ssl_st* tls_client::open(int fd, const address& peer) const {
    auto* session = SSL_new(context_);
    if (session == nullptr) return nullptr;
    SSL_set_fd(session, fd);
    SSL_set_connect_state(session);
    if (settings_.verify) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), peer.ip().c_str());
    return session;
}

}  // namespace weir::http
