#include "http/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>

namespace weir::http {
namespace {

struct free_bio {
    void operator()(BIO* b) const { BIO_free(b); }
};
struct free_certificate {
    void operator()(X509* c) const { X509_free(c); }
};
struct free_key {
    void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};
using bio_ptr = std::unique_ptr<BIO, free_bio>;

bio_ptr memory_of(const std::string& pem) {
    return bio_ptr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string library_error(std::string_view what) {
    char text[160];
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
    return std::string(what) + ": " + text;
}

using certificate_ptr = std::unique_ptr<X509, free_certificate>;

certificate_ptr leaf_of(const tls_context::key_pair& pair) {
    return certificate_ptr(
        PEM_read_bio_X509(memory_of(pair.chain_pem).get(), nullptr, nullptr, nullptr));
}

/// Whether two certificates speak for the same names: equal alternative names, else subjects.
bool same_names(X509* a, X509* b) {
    const auto names = [](X509* c) {
        const int at = X509_get_ext_by_NID(c, NID_subject_alt_name, -1);
        return at < 0 ? nullptr : X509_EXTENSION_get_data(X509_get_ext(c, at));
    };
    const auto* of_a = names(a);
    const auto* of_b = names(b);
    if (of_a != nullptr && of_b != nullptr) return ASN1_OCTET_STRING_cmp(of_a, of_b) == 0;
    return of_a == of_b && X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0;
}

constexpr unsigned exact_only = X509_CHECK_FLAG_NO_WILDCARDS;
constexpr unsigned whole_labels = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

bool has_name(SSL_CTX* context, std::string_view name, unsigned flags) {
    return X509_check_host(SSL_CTX_get0_certificate(context), name.data(), name.size(), flags,
                           nullptr) == 1;
}

/// Leaf, intermediates, key. An empty string, or what is wrong.
std::string load(SSL_CTX* context, const tls_context::key_pair& pair) {
    ERR_clear_error();
    const auto chain = memory_of(pair.chain_pem);
    const certificate_ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
    if (!leaf) return library_error("tls.crt cannot be read");
    if (SSL_CTX_use_certificate(context, leaf.get()) != 1)
        return library_error("tls.crt cannot be used");
    SSL_CTX_clear_chain_certs(context);
    while (auto* more = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
        if (SSL_CTX_add0_chain_cert(context, more) != 1) {
            X509_free(more);
            return library_error("tls.crt cannot be used");
        }
    }
    const auto text = memory_of(pair.key_pem);
    // No pass phrase is asked for on a terminal: an encrypted key is one that cannot be read.
    const std::unique_ptr<EVP_PKEY, free_key> key(PEM_read_bio_PrivateKey(
        text.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
    if (!key) return library_error("tls.key cannot be read");
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return library_error("tls.key does not belong to tls.crt");
    return {};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, ours,
                                            sizeof ours - 1, in, in_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int choose_host(SSL* session, int* alert, void* self) {
    const auto* given = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    auto* found = static_cast<const tls_context*>(self)->find(given == nullptr ? "" : given);
    if (found == nullptr) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    SSL_set_SSL_CTX(session, found);
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* make_context() {
    auto* context = SSL_CTX_new(TLS_server_method());
    if (context == nullptr) return nullptr;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // A record that did not fit is tried again from other memory; idle streams hold no buffers.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    // A record's head and body come with one receive instead of two.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    return context;
}

bool equals(std::string_view name, std::string_view lower) {
    if (name.size() != lower.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(name[i])) != lower[i]) return false;
    }
    return true;
}

}  // namespace

std::shared_ptr<const tls_context> tls_context::make(std::vector<host> hosts,
                                                     std::string& problem) {
    std::shared_ptr<tls_context> made(new tls_context(std::move(hosts)));
    for (const auto& h : made->hosts_) {
        auto& contexts = made->contexts_.emplace_back();
        // From the last to the first, since of two keys of one kind the later one is kept.
        for (auto pair = h.pairs.rbegin(); pair != h.pairs.rend(); ++pair) {
            const auto leaf = leaf_of(*pair);
            const auto same = std::find_if(contexts.begin(), contexts.end(), [&](SSL_CTX* context) {
                return leaf && same_names(SSL_CTX_get0_certificate(context), leaf.get());
            });
            auto* context = same != contexts.end() ? *same : made->new_context();
            if (context == nullptr) {
                problem = "out of memory";
                return nullptr;
            }
            if (same != contexts.end()) contexts.erase(same);
            contexts.insert(contexts.begin(), context);
            problem = load(context, *pair);
            if (!problem.empty()) return nullptr;
        }
        if (contexts.empty()) contexts.push_back(made->new_context());
    }
    return made;
}

tls_context::~tls_context() {
    for (const auto& of_host : contexts_) {
        for (auto* c : of_host) SSL_CTX_free(c);
    }
}

ssl_ctx_st* tls_context::new_context() {
    auto* context = make_context();
    if (context == nullptr) return nullptr;
    // What OpenSSL's macro does, without its cast.
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(&choose_host));
    SSL_CTX_set_tlsext_servername_arg(context, this);
    return context;
}

ssl_st* tls_context::open(int fd) const {
    if (contexts_.empty()) return nullptr;
    auto* session = SSL_new(contexts_.front().front());
    if (session == nullptr) return nullptr;
    SSL_set_fd(session, fd);
    SSL_set_accept_state(session);
    return session;
}

const tls_context::shown* tls_context::find_host(std::string_view name) const {
    const shown* best = nullptr;
    std::size_t best_size = 0;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const std::string_view pattern = hosts_[i].name;
        if (pattern.empty()) {
            if (best == nullptr) best = &contexts_[i];
        } else if (!pattern.starts_with("*.")) {
            if (equals(name, pattern)) return &contexts_[i];
        } else {
            const auto suffix = pattern.substr(1);
            if (name.size() > suffix.size() && suffix.size() > best_size &&
                equals(name.substr(name.size() - suffix.size()), suffix)) {
                best = &contexts_[i];
                best_size = suffix.size();
            }
        }
    }
    if (best == nullptr && name.empty() && !contexts_.empty()) return &contexts_.front();
    return best;
}

ssl_ctx_st* tls_context::find(std::string_view name) const {
    if (name.ends_with('.')) name.remove_suffix(1);
    const auto* all = find_host(name);
    if (all == nullptr) return nullptr;
    if (all->size() == 1 || name.empty()) return all->front();
    for (const unsigned flags : {exact_only, whole_labels}) {
        for (auto* context : *all) {
            if (has_name(context, name, flags)) return context;
        }
    }
    return all->front();
}

}  // namespace weir::http
