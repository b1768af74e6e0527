#include "config/resolve_conflicts.hpp"

#include <doctest/doctest.h>

#include "config/resolve_codes.hpp"
#include "gateway_texts.hpp"

using namespace weir::config;
using namespace weir::config::testing;

TEST_SUITE("config/resolve_conflicts") {
    TEST_CASE("the same hostname on one port conflicts, inside a Gateway and between two") {
        const auto one = resolve_text(docs({gateway(http_listener("a") + http_listener("b") +
                                                    http_listener("c", "hostname: c.com"))}));
        CHECK(of_listener(one, "a", "Conflicted") == "True HostnameConflict");
        CHECK(of_listener(one, "b", "Conflicted") == "True HostnameConflict");
        CHECK(of_listener(one, "c", "Conflicted") == "False NoConflicts");
        CHECK(of_listener(one, "a", "Programmed") == "False Invalid");
        REQUIRE(one.m->listeners.size() == 1);
        CHECK(one.m->listeners[0].name == "c");

        const auto two = resolve_text(
            docs({gateway(http_listener("a"), "one"), gateway(http_listener("b"), "two")}));
        CHECK(of_listener(two, "a", "Conflicted", "one") == "True HostnameConflict");
        CHECK(of_listener(two, "b", "Conflicted", "two") == "True HostnameConflict");
        CHECK(two.m->listeners.empty());
        CHECK(two.times(codes::listener_conflict) == 2);
    }
    TEST_CASE(
        "two Gateways with different hostnames share a socket; different addresses do not meet") {
        const auto shared =
            resolve_text(docs({gateway(http_listener("a", "hostname: a.com"), "one"),
                               gateway(http_listener("b", "hostname: b.com"), "two")}));
        CHECK(shared.m->listeners.size() == 2);
        const auto apart = resolve_text(
            docs({gateway(http_listener("a"), "one"),
                  gateway(http_listener("b"), "two", "  addresses: [{value: 127.0.0.2}]\n")}));
        CHECK(apart.m->listeners.size() == 2);
        CHECK(apart.times(codes::listener_conflict) == 0);
    }
    TEST_CASE("HTTP and HTTPS on one port conflict by protocol") {
        const auto r = resolve_text(
            docs({gateway("  - {name: plain, port: 443, protocol: HTTP, hostname: a.com}\n" +
                          https_listener("tls", "b.com")),
                  cert}));
        CHECK(of_listener(r, "plain", "Conflicted") == "True ProtocolConflict");
        CHECK(of_listener(r, "tls", "Conflicted") == "True ProtocolConflict");
        CHECK(r.m->listeners.empty());
    }
    TEST_CASE("a mapped port gives way to the listener that really has it") {
        load_options options;
        options.port_map = {{80, 8080}};
        const auto r = resolve_text(
            docs(
                {gateway(http_listener("low") + "  - {name: high, port: 8080, protocol: HTTP}\n")}),
            options);
        CHECK(of_listener(r, "low", "Accepted") == "False PortUnavailable");
        CHECK(of_listener(r, "high", "Accepted") == "True Accepted");
        REQUIRE(r.m->listeners.size() == 1);
        CHECK(r.m->listeners[0].name == "high");
    }
    TEST_CASE("overlapping TLS listeners are told") {
        const auto hosts = resolve_text(
            docs({gateway(https_listener("a", "*.a.com") + https_listener("b", "x.a.com")), cert}));
        CHECK(of_listener(hosts, "a", "OverlappingTLSConfig") == "True OverlappingHostnames");
        CHECK(of_listener(hosts, "b", "OverlappingTLSConfig") == "True OverlappingHostnames");
        const auto certs = resolve_text(
            docs({gateway(https_listener("a", "a.com") + https_listener("b", "b.com")), cert}));
        CHECK(of_listener(certs, "a", "OverlappingTLSConfig") == "True OverlappingCertificates");
        CHECK(certs.m->listeners.size() == 2);
    }
}
