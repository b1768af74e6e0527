#include "datalayer/source_tls.hpp"

#include <doctest/doctest.h>

using weir::config::source_settings;
using weir::datalayer::tls_of;

TEST_SUITE("datalayer/source_tls") {
    TEST_CASE("a source of plain http is spoken to without TLS") {
        std::string problem;
        CHECK(tls_of(source_settings{}, problem) == nullptr);
        CHECK(problem.empty());
    }
    TEST_CASE("insecureSkipVerify decides whether the server is verified") {
        source_settings source;
        source.scheme = "https";
        std::string problem;
        const auto trusting = tls_of(source, problem);
        REQUIRE(trusting != nullptr);
        CHECK(!trusting->from().verify);
        source.insecure_skip_verify = false;
        const auto strict = tls_of(source, problem);
        REQUIRE(strict != nullptr);
        CHECK(strict->from().verify);
        CHECK(problem.empty());
    }
    TEST_CASE("a file that cannot be used is named with its source") {
        source_settings source;
        source.name = "pages";
        source.scheme = "https";
        source.ca_cert_path = "/nowhere/ca.pem";
        std::string problem;
        CHECK(tls_of(source, problem) == nullptr);
        CHECK(problem == "pages: no certificate authority can be read from /nowhere/ca.pem");
    }
}
