#include "config/certificate_check.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace weir::config {
namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};

std::unique_ptr<BIO, freed_by<BIO_free>> memory_of(const std::string& pem) {
    return std::unique_ptr<BIO, freed_by<BIO_free>>(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

}  // namespace

std::string certificate_problem(const std::string& chain_pem, const std::string& key_pem) {
    ERR_clear_error();
    const std::unique_ptr<X509, freed_by<X509_free>> leaf(
        PEM_read_bio_X509(memory_of(chain_pem).get(), nullptr, nullptr, nullptr));
    // No pass phrase is asked for on a terminal: an encrypted key is one that cannot be read.
    const std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>> key(PEM_read_bio_PrivateKey(
        memory_of(key_pem).get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
    std::string problem;
    if (!leaf) {
        problem = "tls.crt is no PEM certificate";
    } else if (!key) {
        problem = "tls.key is no PEM private key without a pass phrase";
    } else if (X509_check_private_key(leaf.get(), key.get()) != 1) {
        problem = "tls.key does not belong to tls.crt";
    }
    ERR_clear_error();
    return problem;
}

}  // namespace weir::config
