"""What the filters of a rule do to requests and answers, seen by a client and by a scripted endpoint."""

import pytest

from harness import chat_body, echo, free_port
from harness.manifest import gateway, listing, path, pool, resource, route, rule, service, to_pool, to_service

ANSWER_FIELDS = {"X-Up": "1", "X-Multi": "a", "X-Gone": "1", "Server": "up", "Vary": "Accept",
                 "Access-Control-Allow-Origin": "http://upstream.example"}


def request_headers(**edit):
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": edit}


def response_headers(**edit):
    return {"type": "ResponseHeaderModifier", "responseHeaderModifier": edit}


def redirect(**members):
    return {"type": "RequestRedirect", "requestRedirect": members}


def rewrite(**members):
    return {"type": "URLRewrite", "urlRewrite": members}


def cors(**members):
    return {"type": "CORS", "cors": members}


def full(value):
    return {"type": "ReplaceFullPath", "replaceFullPath": value}


def prefix(value):
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def values(**fields):
    return [{"name": name.replace("_", "-"), "value": value} for name, value in fields.items()]


def at(where, *backends, **members):
    return rule(*backends, matches=[path(where)], **members)


@pytest.fixture
def serve(weir, manifests, upstream):
    """serve(*resources) starts the gateway with Services a and b, and their echoing endpoints."""

    def start(*resources, flags=()):
        services = [item for name in "ab" for item in service(name, upstream(echo(name, ANSWER_FIELDS)))]
        folder = manifests({"all.json": listing(gateway(), *services, *resources)})
        port = free_port()
        process = weir("-f", folder, "--port-map", f"80={port}", *flags)
        process.port = port
        return process

    return start


def fields_at_endpoint(answer):
    assert answer.status == 200, answer.text
    return answer.json()["headers"]


def test_request_fields_are_set_added_and_removed_rule_first_then_backend(serve):
    on_backend = [request_headers(set=values(X_Set="backend"), add=values(x_add="c"))]
    gateway = serve(route(
        at("/rule", to_service("a"), filters=[request_headers(
            set=values(X_Set="new"), add=values(X_Add="b"), remove=["x-gone"])]),
        at("/both", to_service("a", filters=on_backend), filters=[request_headers(
            set=values(X_Set="rule"), add=values(X_Add="b"))]),
        at("/own", to_service("a"), filters=[request_headers(
            set=values(Host="set.example", X_Forwarded_Proto="https", Content_Length="3", Connection="close"),
            remove=["via"])])))
    got = fields_at_endpoint(gateway.get("/rule", {"x-set": "old", "X-ADD": "a", "X-Gone": "1"}))
    assert (got["x-set"], got["x-add"], "x-gone" in got) == ("new", "a, b", False)
    got = fields_at_endpoint(gateway.get("/both", {"x-set": "old"}))
    assert (got["x-set"], got["x-add"]) == ("backend", "b, c")
    # Host and what weir writes itself can be set as well; framing and the connection cannot.
    got = fields_at_endpoint(gateway.get("/own", {"Host": "asked.example:8080"}))
    assert (got["host"], got["x-forwarded-host"], got["x-forwarded-proto"]) == (
        "set.example", "asked.example:8080", "https")
    assert not {"via", "connection", "content-length"} & set(got)


def test_a_route_may_set_the_objective_of_its_requests(serve, upstream):
    server = upstream(echo())
    server.set_metrics(waiting=50)
    objective = resource("inference.networking.x-k8s.io/v1alpha2", "InferenceObjective", "batch",
                         spec={"priority": -1, "poolRef": {"name": "llm"}})
    batch = [request_headers(set=values(x_gateway_inference_objective="batch"))]
    gateway = serve(*pool("llm", server), objective, route(
        at("/batch", to_pool("llm"), filters=batch), at("/", to_pool("llm"))))
    assert gateway.post("/batch/v1/completions", {"model": "m", "prompt": "x"}).status == 429
    assert gateway.post("/v1/completions", {"model": "m", "prompt": "x"}).status == 200


def test_answer_fields_are_edited_and_framing_is_not(serve):
    on_backend = [response_headers(set=values(x_up="3"))]
    gateway = serve(route(
        at("/rule", to_service("a"), filters=[response_headers(
            set=values(X_Up="2", Server="edge", Content_Length="1", Transfer_Encoding="gzip"),
            add=values(X_Multi="b", x_new="n"), remove=["x-gone"])]),
        at("/both", to_service("a", filters=on_backend), filters=[response_headers(set=values(X_Up="2"))])))
    answer = gateway.get("/rule")
    assert answer.json()["server"] == "a"
    names = ("x-up", "x-multi", "x-new", "x-gone", "server", "transfer-encoding")
    assert [answer.header(n) for n in names] == ["2", "a, b", "n", None, "edge", None]
    assert answer.header("content-length") == str(len(answer.body))
    assert gateway.get("/both").header("x-up") == "3"


def test_answers_of_the_gateway_itself_carry_the_rules_fields(serve):
    gateway = serve(route(
        at("/missing", to_service("missing"), filters=[
            response_headers(set=values(x_edge="1")), cors(allowOrigins=["https://app.example"])]),
        at("/moved", filters=[redirect(hostname="new.example"), response_headers(set=values(x_edge="1"))])))
    answer = gateway.get("/missing", {"Origin": "https://app.example"})
    assert (answer.status, answer.text, answer.header("x-weir-reason")) == (500, "fault filter abort",
                                                                             "invalid-backend")
    assert (answer.header("x-edge"), answer.header("access-control-allow-origin")) == ("1", "https://app.example")
    answer = gateway.get("/moved")
    assert (answer.status, answer.header("location"), answer.header("x-edge")) == (302, "http://new.example/moved", "1")


def test_hostname_and_path_are_rewritten(serve):
    replacements = [("/p1/foo", "/xyz"), ("/p2/foo/", "/xyz"), ("/p3/foo", "/xyz/"), ("/p4/foo/", "/xyz/"),
                    ("/p5/foo", ""), ("/p6/foo", "/"), ("/p7/foo/", "/"), ("/p8/foo", "/a/b")]
    on_backend = [rewrite(hostname="backend.example", path=full("/whole"))]
    gateway = serve(
        route(at("/host", to_service("a"), filters=[rewrite(hostname="new.example")]),
              at("/full", to_service("a"), filters=[rewrite(path=full("/one/two"))]),
              at("/backend", to_service("a", filters=on_backend))),
        route(*[at(where, to_service("a"), filters=[rewrite(path=prefix(to))]) for where, to in replacements],
              at("/", to_service("a"), filters=[rewrite(path=prefix("/root"))]),
              name="prefixes", hostnames=["prefix.example"]))
    assert fields_at_endpoint(gateway.get("/host", {"Host": "old.example"}))["host"] == "new.example"
    assert gateway.get("/full/x/y?a=b").json()["target"] == "/one/two?a=b"
    answer = gateway.get("/backend/x?q").json()
    assert (answer["headers"]["host"], answer["target"]) == ("backend.example", "/whole?q")
    expected = {
        "/p1/foo/bar": "/xyz/bar", "/p1/foo": "/xyz", "/p1/foo/": "/xyz/", "/p2/foo/bar": "/xyz/bar",
        "/p2/foo": "/xyz", "/p3/foo/bar": "/xyz/bar", "/p3/foo": "/xyz", "/p3/foo/": "/xyz/",
        "/p4/foo/bar": "/xyz/bar", "/p4/foo": "/xyz", "/p5/foo/bar": "/bar", "/p5/foo/": "/", "/p5/foo": "/",
        "/p6/foo/bar": "/bar", "/p6/foo/": "/", "/p6/foo": "/", "/p7/foo/bar": "/bar", "/p7/foo": "/",
        "/p8/foo/c?d": "/a/b/c?d", "/p8/foo//c/../d": "/a/b/d", "/": "/root/", "/x": "/root/x",
    }
    got = {target: gateway.get(target, {"Host": "prefix.example"}).json()["target"] for target in expected}
    assert got == expected


def test_redirects_by_scheme_host_port_path_and_status(serve):
    filters = {
        "/host": redirect(hostname="new.example"), "/scheme": redirect(scheme="https", statusCode=301),
        "/port": redirect(port=8443, statusCode=307), "/both": redirect(scheme="https", port=8443, statusCode=308),
        "/http80": redirect(scheme="http", port=80, statusCode=303), "/https443": redirect(scheme="https", port=443),
        "/https80": redirect(scheme="https", port=80), "/full": redirect(path=full("/whole")),
        "/prefix/foo": redirect(path=prefix("/bar")),
    }
    on_backend = [redirect(hostname="backend.example")]
    gateway = serve(route(*[at(where, filters=[f]) for where, f in filters.items()],
                          at("/backend", to_service("a", filters=on_backend))))
    expected = {
        "/host?a=b": (302, "http://new.example/host?a=b"), "/scheme/x": (301, "https://old.example/scheme/x"),
        "/port": (307, "http://old.example:8443/port"), "/both": (308, "https://old.example:8443/both"),
        "/http80": (303, "http://old.example/http80"), "/https443": (302, "https://old.example/https443"),
        "/https80": (302, "https://old.example:80/https80"), "/full/a?b=c": (302, "http://old.example/whole?b=c"),
        "/prefix/foo/x": (302, "http://old.example/bar/x"), "/prefix/foo": (302, "http://old.example/bar"),
        "/backend": (302, "http://backend.example/backend"),
    }
    # The listener's port is 80, wherever its socket is bound.
    answers = {target: gateway.get(target, {"Host": "old.example:1234"}) for target in expected}
    assert {t: (a.status, a.header("location")) for t, a in answers.items()} == expected
    assert gateway.get("/scheme", {"Host": "[::1]:80"}).header("location") == "https://[::1]/scheme"
    with gateway.connect() as connection:
        connection.send("GET /scheme HTTP/1.0\r\n\r\n")
        assert connection.read_answer().header("location") == "https://127.0.0.1/scheme"


def cors_fields(answer):
    kept = {}
    for name, value in answer.headers:
        name = name.lower()
        if name.startswith("access-control-") or name == "vary":
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return kept


def test_a_preflight_is_answered_by_the_gateway(serve):
    listed = cors(allowOrigins=["https://app.example", "https://*.wild.example"], allowMethods=["GET", "PUT"],
                  allowHeaders=["X-A", "X-B"], exposeHeaders=["X-E"], maxAge=60)
    trusting = cors(allowOrigins=["*"], allowMethods=["*"], allowHeaders=["*"], allowCredentials=True)
    anyone = cors(allowOrigins=["*"], allowMethods=["*"], allowHeaders=["*"])
    gateway = serve(route(*[at(where, to_service("a"), filters=[f])
                            for where, f in (("/listed", listed), ("/trusting", trusting), ("/anyone", anyone))],
                          at("/backend", to_service("a", filters=[listed]))))

    def preflight(target, origin):
        answer = gateway.request("OPTIONS", target, None, {
            "Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "X-Q, X-R"})
        assert (answer.status, answer.body) == (204, b"")
        return {name.removeprefix("access-control-"): value for name, value in cors_fields(answer).items()}

    for origin in ("https://app.example", "https://a.b.wild.example"):
        assert preflight("/backend", origin) == preflight("/listed", origin)
        assert preflight("/listed", origin) == {
            "allow-origin": origin, "allow-methods": "GET, PUT", "allow-headers": "X-A, X-B", "expose-headers": "X-E",
            "max-age": "60", "vary": "Origin"}
    for origin in ("https://wild.example", "https://evil.example", "http://app.example", "null"):
        assert preflight("/listed", origin) == {"vary": "Origin"}
    assert preflight("/trusting", "https://z.example") == {
        "allow-origin": "https://z.example", "allow-credentials": "true", "allow-methods": "PUT",
        "allow-headers": "X-Q, X-R", "max-age": "5", "vary": "Origin"}
    assert preflight("/anyone", "https://z.example") == {
        "allow-origin": "*", "allow-methods": "*", "allow-headers": "*", "max-age": "5"}


def test_other_requests_get_cors_fields_instead_of_the_endpoints(serve):
    gateway = serve(route(at("/", to_service("a"), filters=[
        cors(allowOrigins=["https://app.example"], exposeHeaders=["X-E"])])))
    assert cors_fields(gateway.get("/", {"Origin": "https://app.example"})) == {
        "access-control-allow-origin": "https://app.example", "access-control-expose-headers": "X-E",
        "vary": "Accept, Origin"}
    # From elsewhere the request is forwarded all the same; the browser does the rest.
    assert cors_fields(gateway.get("/", {"Origin": "https://evil.example"})) == {"vary": "Accept, Origin"}
    assert cors_fields(gateway.get("/")) == {"vary": "Accept, Origin"}


def test_what_cannot_be_served_is_a_500_and_never_let_past(serve):
    extension = {"type": "ExtensionRef", "extensionRef": {"group": "x.io", "kind": "Thing", "name": "t"}}
    gateway = serve(route(
        at("/empty"), at("/missing", to_service("missing")), at("/port", to_service("a", 81)),
        at("/kind", {"group": "x.io", "kind": "Thing", "name": "t"}), at("/zero", to_service("a", weight=0)),
        at("/extension", to_service("a"), filters=[extension]),
        at("/backend", to_service("a", filters=[extension])),
        at("/unknown", to_service("a"), filters=[{"type": "SomethingNew", "somethingNew": {"a": 1}}]),
        at("/space", to_service("a", namespace="other"))))
    for target in ("/empty", "/missing", "/port", "/kind", "/zero", "/extension", "/backend", "/unknown", "/space"):
        answer = gateway.get(target)
        assert (target, answer.status, answer.text) == (target, 500, "fault filter abort")
        assert answer.header("content-type") == "text/plain"


def test_traffic_is_shared_by_weight_and_invalid_shares_keep_theirs(serve):
    gateway = serve(route(
        at("/nine", to_service("a", weight=9), to_service("b")),
        at("/off", to_service("a", weight=0), to_service("b")),
        at("/half", to_service("a"), to_service("missing"))), flags=["--seed", "1", "--threads", "1"])

    def shares(target, of=300):
        with gateway.connect() as connection:
            answers = [connection.request("GET", target) for _ in range(of)]
        return [sum(a.status == 200 and a.json()["server"] == name for a in answers) for name in "ab"] + [
            sum(a.status == 500 for a in answers)]

    a, b, _ = shares("/nine")
    assert a + b == 300 and 240 <= a <= 295
    assert shares("/off", 50) == [0, 50, 0]
    a, _, failed = shares("/half")
    assert a + failed == 300 and 110 <= failed <= 190


def test_filters_of_a_pools_rule_apply_to_inference_requests(serve, upstream):
    server = upstream(echo())
    gateway = serve(*pool("llm", server), route(at("/api", to_pool("llm"), filters=[
        rewrite(path=prefix("/")), request_headers(set=values(x_tenant="t"))])))
    answer = gateway.post("/api/v1/chat/completions", chat_body())
    assert answer.json()["target"] == "/v1/chat/completions"
    assert answer.json()["headers"]["x-tenant"] == "t"
