#include "http/tls_client.hpp"

#include <doctest/doctest.h>

#include <string_view>

#include "../support/certificate_pem.hpp"
#include "../support/temporary.hpp"

using weir::http::tls_client;

namespace {

std::string problem_of(tls_client::settings from) {
    std::string problem;
    const auto made = tls_client::make(std::move(from), problem);
    CHECK((made == nullptr) == !problem.empty());
    return problem;
}

}  // namespace

TEST_SUITE("http/tls_client") {
    TEST_CASE("no file is needed, and settings are kept") {
        std::string problem;
        const auto made = tls_client::make({true, {}, {}, {}}, problem);
        REQUIRE(made != nullptr);
        CHECK(made->from() == tls_client::settings{true, {}, {}, {}});
    }
    TEST_CASE("a certificate with its key, and an authority, are read") {
        const temporary_file certificate(test_certificate);
        const temporary_file key(test_key);
        CHECK(problem_of({true, certificate.path(), certificate.path(), key.path()}).empty());
    }
    TEST_CASE("what cannot be used is named") {
        const temporary_file certificate(test_certificate);
        const temporary_file junk("no certificate\n");
        CHECK(problem_of({false, junk.path(), {}, {}}) ==
              "no certificate authority can be read from " + junk.path());
        CHECK(problem_of({false, {}, junk.path(), junk.path()}) ==
              "no certificate can be read from " + junk.path());
        CHECK(problem_of({false, {}, certificate.path(), junk.path()}) ==
              "no key of that certificate can be read from " + junk.path());
    }
    TEST_CASE("a certificate and its key come together") {
        const temporary_file certificate(test_certificate);
        const std::string_view together =
            "a client certificate needs its key, and a key its certificate";
        CHECK(problem_of({false, {}, certificate.path(), {}}) == together);
        CHECK(problem_of({false, {}, {}, certificate.path()}) == together);
    }
}
