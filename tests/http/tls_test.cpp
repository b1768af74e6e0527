#include "http/tls.hpp"

#include <doctest/doctest.h>

#include "../support/certificate_pem.hpp"

using weir::http::tls_context;

namespace {

std::shared_ptr<const tls_context> with_hosts(std::initializer_list<const char*> names) {
    std::vector<tls_context::host> hosts;
    for (const auto* name : names) hosts.push_back({name, {{test_certificate, test_key}}});
    std::string problem;
    auto made = tls_context::make(std::move(hosts), problem);
    CHECK(problem.empty());
    return made;
}

}  // namespace

TEST_SUITE("http/tls") {
    TEST_CASE("the most specific host that fits is shown") {
        const auto tls = with_hosts({"", "*.com", "*.a.com", "x.a.com"});
        const auto* any = tls->find("other.org");
        const auto* com = tls->find("b.com");
        const auto* wild = tls->find("y.a.com");
        const auto* exact = tls->find("x.a.com");
        CHECK(any != com);
        CHECK(com != wild);
        CHECK(wild != exact);
        CHECK(tls->find("") == any);
        CHECK(tls->find("X.A.com.") == exact);
        CHECK(tls->find("z.y.a.com") == wild);
        CHECK(tls->find("a.com") == com);
        CHECK(tls->find("com") == any);
    }
    TEST_CASE("a name that nobody serves fits nothing; no name fits the first host") {
        const auto tls = with_hosts({"a.com", "*.b.com"});
        CHECK(tls->find("c.com") == nullptr);
        CHECK(tls->find("b.com") == nullptr);
        CHECK(tls->find("") == tls->find("a.com"));
    }
    TEST_CASE("pairs of the same names share what is shown; a host without any shows nothing") {
        std::string problem;
        const tls_context::key_pair pair{test_certificate, test_key};
        const auto tls = tls_context::make({{"", {pair, pair}}, {"a.com", {}}}, problem);
        REQUIRE(tls != nullptr);
        CHECK(problem.empty());
        CHECK(tls->find("b.com") == tls->find(""));
        CHECK(tls->find("a.com") != nullptr);
    }
    TEST_CASE("a pair that cannot be used is named") {
        std::string problem;
        CHECK(tls_context::make({{"", {{test_certificate, test_other_key}}}}, problem) == nullptr);
        CHECK(problem.starts_with("tls.key does not belong to tls.crt"));
        CHECK(tls_context::make({{"", {{"none", test_key}}}}, problem) == nullptr);
        CHECK(problem.starts_with("tls.crt cannot be read"));
    }
}
