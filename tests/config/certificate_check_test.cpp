#include "config/certificate_check.hpp"

#include <doctest/doctest.h>

#include "../support/certificate_pem.hpp"

using weir::config::certificate_problem;

TEST_SUITE("config/certificate_check") {
    TEST_CASE("a certificate and its key fit") {
        CHECK(certificate_problem(test_certificate, test_key).empty());
        CHECK(certificate_problem(std::string(test_certificate) + test_certificate, test_key)
                  .empty());
    }
    TEST_CASE("what does not fit is named") {
        CHECK(certificate_problem("", test_key) == "tls.crt is no PEM certificate");
        CHECK(certificate_problem("Hello", "world") == "tls.crt is no PEM certificate");
        CHECK(certificate_problem(test_certificate, "") ==
              "tls.key is no PEM private key without a pass phrase");
        CHECK(certificate_problem(test_certificate, test_other_key) ==
              "tls.key does not belong to tls.crt");
    }
}
