"""HTTPRoute as the Gateway API's own conformance suite asks for it, by the suite's test names and in one gateway: each
name has a hostname of its own. What a Gateway's conditions say is in integration/attachment_test.py."""

import time
from collections import Counter

import pytest

from harness import Upstream, WeirProcess, echo, free_port, reply
from harness.manifest import gateway, grant, listener, listing, path, route, rule, service, to_pool, to_service

UPSTREAM_FIELDS = {"X-Header-Set": "original", "X-Header-Add": "original", "X-Header-Remove": "original"}


def one(name, kind=None):
    return lambda value: {"type": kind or name[0].upper() + name[1:], name: value}


edit_request, edit_response = one("requestHeaderModifier"), one("responseHeaderModifier")
redirect, rewrite, cors = one("requestRedirect"), one("urlRewrite", "URLRewrite"), one("cors", "CORS")
EDIT = {"set": [{"name": "X-Header-Set", "value": "set"}], "add": [{"name": "X-Header-Add", "value": "added"}],
        "remove": ["X-Header-Remove"]}


def full(value):
    return {"type": "ReplaceFullPath", "replaceFullPath": value}


def prefix(value):
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def a(where, *filters, kind="PathPrefix", **members):
    """A rule to Service a."""
    return rule(to_service("a"), matches=[path(where, kind)], filters=list(filters), **members)


def moved(where, **how):
    return rule(matches=[path(where)], filters=[redirect(how)])


def to(name, *matches, **members):
    return rule(to_service(name), matches=list(matches), **members)


def fields(**values):
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


ORIGINS = {"allowOrigins": ["https://www.foo.example", "https://*.bar.example"], "allowMethods": ["GET", "OPTIONS"],
           "allowHeaders": ["x-1", "x-2"], "exposeHeaders": ["x-3"], "allowCredentials": True, "maxAge": 3600}

# Test name → the rules of its route.
RULES = {
    "HTTPRouteSimpleSameNamespace": [rule(to_service("a"))],
    "HTTPRouteMatching": [to("a", path("/"), {"headers": fields(version="one")}),
                          to("b", path("/v2"), {"headers": fields(version="two")})],
    "HTTPRouteExactPathMatching": [to("a", path("/one", "Exact")), to("b", path("/two", "Exact"))],
    "HTTPRoutePathMatchOrder": [
        to("c", path("/match/exact", "Exact")), to("b", path("/match/exact/one", "Exact")),
        to("a", path("/match/")), to("b", path("/match/prefix/one")), to("c", path("/match/prefix")),
        to("a", path("/match"))],
    "HTTPRouteHeaderMatching": [
        to("a", {"headers": fields(version="one")}), to("b", {"headers": fields(version="two")}),
        to("a", {"headers": fields(version="two", color="orange")}),
        to("a", {"headers": fields(color="blue")}, {"headers": fields(color="yellow")}),
        to("b", {"headers": fields(color="red")}, {"headers": fields(color="green")})],
    "HTTPRouteQueryParamMatching": [
        to("a", {"queryParams": fields(animal="whale")}), to("b", {"queryParams": fields(animal="dolphin")}),
        to("c", {"queryParams": fields(animal="dolphin", color="blue")}), to("c", {"queryParams": fields(ANIMAL="Whale")}),
        to("b", path("/path1", queryParams=fields(animal="whale"))),
        to("c", {"headers": fields(version="one"), "queryParams": fields(animal="whale")}),
        to("a", path("/path5")), to("b", {"queryParams": fields(animal="hydra")})],
    "HTTPRouteMethodMatching": [
        to("a", {"method": "POST"}), to("b", {"method": "GET"}), to("a", path("/path1", method="GET")),
        to("b", {"method": "PUT", "headers": fields(version="one")}),
        to("c", path("/path2", method="POST", headers=fields(version="two"))),
        to("a", path("/path3", method="PATCH")), to("a", path("/path5")), to("b", {"method": "PATCH"})],
    "HTTPRouteRequestHeaderModifier": [a("/edit", edit_request(EDIT))],
    "HTTPRouteBackendRequestHeaderModifier": [rule(to_service("a", filters=[edit_request(EDIT)]))],
    "HTTPRouteResponseHeaderModifier": [a("/edit", edit_response(EDIT))],
    "HTTPRouteRedirectHostAndStatus": [moved("/host", hostname="new.example"),
                                       moved("/both", hostname="new.example", statusCode=301)],
    "HTTPRouteRedirectPath": [moved("/pre/one", path=prefix("/two")), moved("/full", path=full("/whole")),
                              moved("/host", hostname="new.example", path=full("/whole"))],
    "HTTPRouteRedirectPort": [moved("/port", port=8083), moved("/host", port=8083, hostname="new.example")],
    "HTTPRouteRedirectScheme": [moved("/scheme", scheme="https"), moved("/status", scheme="https", statusCode=301)],
    "HTTPRouteRedirectPortAndScheme": [
        moved("/nil-nil", statusCode=302), moved("/nil-80", port=80), moved("/nil-8080", port=8080),
        moved("/https-nil", scheme="https"), moved("/https-443", scheme="https", port=443),
        moved("/https-8443", scheme="https", port=8443), moved("/http-nil", scheme="http")],
    "HTTPRoute303Redirect": [moved("/", statusCode=303)],
    "HTTPRoute307Redirect": [moved("/", statusCode=307)],
    "HTTPRoute308Redirect": [moved("/", statusCode=308)],
    "HTTPRouteBackendRequestRedirect": [rule(to_service("a", filters=[redirect({"hostname": "new.example"})]))],
    "HTTPRouteRewriteHost": [a("/one", rewrite({"hostname": "one.example"})),
                             rule(to_service("b"), filters=[rewrite({"hostname": "two.example"}), edit_request(EDIT)])],
    "HTTPRouteRewritePath": [a("/prefix/one", rewrite({"path": prefix("/one")})),
                             a("/full/one", rewrite({"path": full("/one")})),
                             a("/strip", rewrite({"path": prefix("/")}), edit_request(EDIT))],
    "HTTPRouteBackendURLRewrite": [rule(to_service("a", filters=[rewrite(
        {"hostname": "one.example", "path": prefix("/one")})]), matches=[path("/from")])],
    "HTTPRouteCORS": [a("/", cors(ORIGINS))],
    "HTTPRouteTimeoutRequest": [a("/timeout", timeouts={"request": "1s"}), a("/off", timeouts={"request": "0s"})],
    "HTTPRouteTimeoutBackendRequest": [a("/", timeouts={"backendRequest": "1s"})],
    "HTTPRouteRetry": [a("/", retry={"codes": [500, 503], "attempts": 2, "backoff": "10ms"})],
    "HTTPRouteWeight": [rule(to_service("a", weight=70), to_service("b", weight=30), to_service("c", weight=0))],
    "HTTPRouteAllBackendsWeightZero": [rule(to_service("a", weight=0), to_service("b", weight=0))],
    "HTTPRouteNoBackendRefs": [rule()],
    "HTTPRouteInvalidNonExistentBackendRef": [rule(to_service("nobody"))],
    "HTTPRouteInvalidBackendRefUnknownKind": [rule({"group": "unknownkind.example.com", "kind": "NonExistent",
                                                    "name": "a"})],
    "HTTPRouteInvalidCrossNamespaceBackendRef": [rule(to_service("far", namespace="far"))],
    "HTTPRouteReferenceGrant": [rule(to_service("near", namespace="near"))],
    "HTTPRoutePartiallyInvalidViaInvalidReferenceGrant": [
        to("a", path("/good")), rule(to_service("far", namespace="far"), matches=[path("/bad")])],
    "HTTPRouteNamedRule": [{**a("/named"), "name": "named"}, to("b", path("/unnamed"))],
    "HTTPRouteServiceTypes": [rule(to_service("headless"))],
    "HTTPRouteInferencePoolInvalidRef": [rule(to_pool("nobody"))],
}
A, B, C = ({"server": name} for name in "abc")
EDITED = {"x-header-set": "set", "x-header-add": "old, added", "x-header-remove": None}
SENT = {"X-Header-Set": "old", "X-Header-Add": "old", "X-Header-Remove": "old"}


def at(location, status=302):
    return {"status": status, "location": location}


def here(name, rest, scheme="http", port=""):
    return f"{scheme}://{name.lower()}.example{port}{rest}"


# Test name → request (target, fields, method) and what must be true of its answer or of what the endpoint got.
REQUESTS = {
    "HTTPRouteSimpleSameNamespace": [(("/",), A)],
    "HTTPRouteMatching": [
        (("/",), A), (("/example",), A), (("/", {"Version": "one"}), A), (("/v2",), B), (("/v2/example",), B),
        (("/", {"Version": "two"}), B), (("/v2/", {"Version": "one"}), B), (("/v2example",), A),
        (("/foo/v2/example",), A)],
    "HTTPRouteExactPathMatching": [(("/one",), A), (("/two",), B), (("/",), 404), (("/one/example",), 404),
                                   (("/two/",), 404), (("/Two",), 404)],
    "HTTPRoutePathMatchOrder": [
        (("/match/exact/one",), B), (("/match/exact",), C), (("/match",), A), (("/match/prefix/one/any",), B),
        (("/match/prefix/any",), C), (("/match/any",), A)],
    "HTTPRouteHeaderMatching": [
        (("/", {"Version": "one"}), A), (("/", {"Version": "two"}), B), (("/", {"Version": "two", "Color": "orange"}), A),
        (("/", {"Color": "blue"}), A), (("/", {"Color": "yellow"}), A), (("/", {"Color": "red"}), B),
        (("/", {"Color": "green"}), B), (("/", {"Color": "purple"}), 404), (("/",), 404),
        (("/", {"Version": "three"}), 404)],
    "HTTPRouteQueryParamMatching": [
        (("/?animal=whale",), A), (("/?animal=dolphin",), B), (("/?animal=whale&otherparam=irrelevant",), A),
        (("/?animal=dolphin&color=yellow",), B), (("/?color=blue&animal=dolphin",), C), (("/?ANIMAL=Whale",), C),
        (("/?animal=whale&animal=dolphin",), A), (("/",), 404), (("/?animal=dog",), 404), (("/?animal=whaledolphin",), 404),
        (("/path1?animal=whale",), B), (("/?animal=whale", {"version": "one"}), C), (("/path5?animal=hydra",), A),
        (("/?animal=hydra",), B)],
    "HTTPRouteMethodMatching": [
        (("/", {}, "POST"), A), (("/", {}, "GET"), B), (("/path1",), A), (("/", {"version": "one"}, "PUT"), B),
        (("/path2", {"version": "two"}, "POST"), C), (("/path3", {}, "PATCH"), A), (("/path5", {}, "PATCH"), A),
        (("/any", {}, "PATCH"), B), (("/", {}, "PUT"), 404), (("/path2", {"version": "two"}, "DELETE"), 404)],
    "HTTPRouteRequestHeaderModifier": [(("/edit", SENT), {"got": EDITED})],
    "HTTPRouteBackendRequestHeaderModifier": [(("/", SENT), {"got": EDITED})],
    "HTTPRouteResponseHeaderModifier": [
        (("/edit",), {"sent": {"x-header-set": "set", "x-header-add": "original, added", "x-header-remove": None}})],
    "HTTPRouteRedirectHostAndStatus": [(("/host?a=b",), at("http://new.example/host?a=b")),
                                       (("/both",), at("http://new.example/both", 301))],
    "HTTPRouteRedirectPath": [
        (("/pre/one/three",), at(here("HTTPRouteRedirectPath", "/two/three"))), (("/full/x",), at(here(
            "HTTPRouteRedirectPath", "/whole"))), (("/host",), at("http://new.example/whole"))],
    "HTTPRouteRedirectPort": [(("/port",), at(here("HTTPRouteRedirectPort", "/port", port=":8083"))),
                              (("/host",), at("http://new.example:8083/host"))],
    "HTTPRouteRedirectScheme": [(("/scheme",), at(here("HTTPRouteRedirectScheme", "/scheme", "https"))),
                                (("/status",), at(here("HTTPRouteRedirectScheme", "/status", "https"), 301))],
    "HTTPRouteRedirectPortAndScheme": [
        ((target, {}, "GET", listener_port), at(here("HTTPRouteRedirectPortAndScheme", target, scheme, port)))
        for listener_port, target, scheme, port in (
            (80, "/nil-nil", "http", ""), (80, "/nil-80", "http", ""), (80, "/nil-8080", "http", ":8080"),
            (80, "/https-nil", "https", ""), (80, "/https-443", "https", ""), (80, "/https-8443", "https", ":8443"),
            (8080, "/nil-nil", "http", ":8080"), (8080, "/nil-80", "http", ""), (8080, "/https-nil", "https", ""),
            (8080, "/http-nil", "http", ""))],
    "HTTPRoute303Redirect": [(("/x",), at(here("HTTPRoute303Redirect", "/x"), 303))],
    "HTTPRoute307Redirect": [(("/x",), at(here("HTTPRoute307Redirect", "/x"), 307))],
    "HTTPRoute308Redirect": [(("/x",), at(here("HTTPRoute308Redirect", "/x"), 308))],
    "HTTPRouteBackendRequestRedirect": [(("/x",), at("http://new.example/x"))],
    "HTTPRouteRewriteHost": [(("/one",), {**A, "got": {"host": "one.example"}}),
                             (("/two", SENT), {**B, "got": {"host": "two.example", **EDITED}})],
    "HTTPRouteRewritePath": [
        (("/prefix/one/two?q",), {"target": "/one/two?q"}), (("/full/one/two?q",), {"target": "/one?q"}),
        (("/strip/three", SENT), {"target": "/three", "got": EDITED}), (("/strip",), {"target": "/"}),
        (("/strip/",), {"target": "/"})],
    "HTTPRouteBackendURLRewrite": [(("/from/x",), {"target": "/one/x", "got": {"host": "one.example"}})],
    "HTTPRouteCORS": [
        *[(("/", {"Origin": origin, "Access-Control-Request-Method": "GET"}, "OPTIONS"),
           {"status": 204, "sent": {"access-control-allow-origin": origin, "access-control-allow-methods": "GET, OPTIONS",
                                    "access-control-allow-headers": "x-1, x-2", "access-control-max-age": "3600",
                                    "access-control-expose-headers": "x-3", "access-control-allow-credentials": "true"}})
          for origin in ("https://www.foo.example", "https://www.bar.example", "https://x.www.bar.example")],
        *[(("/", {"Origin": "https://foobar.example", "Access-Control-Request-Method": "GET"}, method),
           {"sent": {"access-control-allow-origin": None}}) for method in ("OPTIONS", "GET")],
        (("/", {"Origin": "https://www.foo.example"}), {**A, "sent": {
            "access-control-allow-origin": "https://www.foo.example", "access-control-allow-credentials": "true"}})],
    "HTTPRouteTimeoutRequest": [(("/timeout",), A), (("/timeout?delay=3",), 504), (("/off?delay=0.5",), A)],
    "HTTPRouteTimeoutBackendRequest": [(("/",), A), (("/?delay=3",), 504)],
    "HTTPRouteRetry": [(("/?fail=2&with=500",), A), (("/?fail=2&with=503",), A), (("/?fail=3&with=500",), 500),
                       (("/?fail=1&with=502",), 502)],
    "HTTPRouteAllBackendsWeightZero": [(("/",), 500)],
    "HTTPRouteNoBackendRefs": [(("/",), 500)],
    "HTTPRouteInvalidNonExistentBackendRef": [(("/",), 500)],
    "HTTPRouteInvalidBackendRefUnknownKind": [(("/",), 500)],
    "HTTPRouteInvalidCrossNamespaceBackendRef": [(("/",), 500)],
    "HTTPRouteReferenceGrant": [(("/",), {"server": "near"})],
    "HTTPRoutePartiallyInvalidViaInvalidReferenceGrant": [(("/good",), A), (("/bad",), 500)],
    "HTTPRouteNamedRule": [(("/named",), A), (("/unnamed",), B)],
    "HTTPRouteServiceTypes": [(("/",), A)],
    "HTTPRouteInferencePoolInvalidRef": [(("/",), 500)],
}


def backend(name):
    """Echoes; `?delay=S` waits first, `?fail=N&with=CODE` fails the first N times that this target is asked for."""
    asked, answer = Counter(), echo(name, UPSTREAM_FIELDS)

    def run(exchange):
        target = exchange.request.target
        asks = dict(part.split("=") for part in target.partition("?")[2].split("&") if "=" in part)
        asked[target] += 1
        if "delay" in asks:
            time.sleep(float(asks["delay"]))
        failing = asked[target] <= int(asks.get("fail", 0))
        (reply(int(asks["with"])) if failing else answer)(exchange)

    return run


@pytest.fixture(scope="module")
def weir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conformance")
    servers = {name: Upstream(backend(name)) for name in ("a", "b", "c", "near", "far")}
    services = [item for name in "abc" for item in service(name, servers[name])]
    for name in ("near", "far"):
        services += service(name, servers[name], namespace=name)
    headless = service("headless", servers["a"])
    headless[0]["spec"]["clusterIP"] = "None"
    routes = [route(*rules, name=name.lower(), hostnames=[f"{name.lower()}.example"]) for name, rules in RULES.items()]
    (folder / "all.json").write_text(listing(
        gateway(listener("http", 80), listener("alt", 8080)), *services, *headless, *routes,
        grant("near", ("", "Service")), grant("far", ("", "Secret"))))
    ports = {80: free_port(), 8080: free_port()}
    mapped = [f for logical, bound in ports.items() for f in ("--port-map", f"{logical}={bound}")]
    process = WeirProcess("-f", folder, *mapped, log=folder / "log").wait_ready()
    process.ports, process.servers = ports, servers
    yield process
    assert process.stop() == 0
    for server in servers.values():
        server.stop()


def ask(weir, name, target="/", sent=(), method="GET", port=80):
    weir.port = weir.ports[port]
    return weir.request(method, target, None, {"Host": f"{name.lower()}.example", **dict(sent)})


def seen(answer, want):
    """What `want` speaks of, as it is."""
    if isinstance(want, int):
        return answer.status
    out = {"location": answer.header("location"), "status": answer.status,
           "sent": {field: answer.header(field) for field in want.get("sent", ())}}
    if answer.status == 200:
        body = answer.json()
        out |= {key: body[key] for key in ("server", "target")}
        out["got"] = {field: body["headers"].get(field) for field in want.get("got", ())}
    return {key: out.get(key) for key in want}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_served_as_the_suite_expects(weir, name):
    for asked, want in REQUESTS[name]:
        assert seen(ask(weir, name, *asked), want) == want, asked


def test_httproute_weight(weir):
    names = Counter(ask(weir, "HTTPRouteWeight").json()["server"] for _ in range(400))
    assert set(names) == {"a", "b"} and 230 <= names["a"] <= 325


def test_every_rule_is_asked_for():
    assert set(RULES) == set(REQUESTS) | {"HTTPRouteWeight"}
