"""Which rule takes a request, by black-box requests at routes whose Services tell their names."""

import pytest

from harness import echo, free_port
from harness.manifest import gateway, listener, listing, path, route, rule, service, to_service


@pytest.fixture
def routes(weir, manifests, upstream):
    """routes(*resources, to="ab") serves them with one Service a letter; returns a function from a request to the name
    of the Service that got it, or to the status of weir's own answer."""

    def serve(*resources, to, flags=()):
        services = [item for name in to for item in service(name, upstream(echo(name)))]
        port = free_port()
        folder = manifests({"all.json": listing(*services, *resources)})
        process = weir("-f", folder, "--port-map", f"80={port}", *flags)
        process.port = port

        def ask(target, headers=(), method="GET", raw=None):
            with process.connect() as connection:
                if raw is not None:
                    connection.send(raw)
                    answer = connection.read_answer()
                else:
                    answer = connection.request(method, target, None, headers)
            if answer.status != 200:
                return answer.status
            ask.last = answer.json()
            return answer.json()["server"]

        ask.process = process
        return ask

    return serve


def served(ask, cases):
    return {case: ask(*case) if isinstance(case, tuple) else ask(case) for case in cases}


def test_paths_by_kind_element_and_length(routes):
    ask = routes(gateway(), route(
        rule(to_service("a"), matches=[path("/exact", "Exact")]),
        rule(to_service("b"), matches=[path("/exact")]),
        rule(to_service("c"), matches=[path("/ex.*", "RegularExpression")]),
        rule(to_service("d"), matches=[path("/foo/")]),
        rule(to_service("e"), matches=[path("/foo/bar")]),
        rule(to_service("f"), matches=[path("/re/[0-9]+", "RegularExpression")]),
        rule(to_service("g"), matches=[path("/re")])), to="abcdefg")
    expected = {
        "/exact": "a", "/exact?x=1": "a", "/exact/": "c", "/exact/x": "c", "/exa": "c", "/EXACT": 404, "/xex": 404,
        "/foo": "d", "/foo/": "d", "/foobar": 404, "/foo/bar": "e", "/foo/barx": "d", "/foo/bar/": "e",
        "/re/12": "f", "/re/12/": "g", "/re/1a": "g", "/x/re/12": 404,
    }
    assert served(ask, expected) == expected


def test_headers_query_and_method_narrow_a_path_and_decide_precedence(routes):
    ask = routes(gateway(), route(
        rule(to_service("a"), matches=[path("/p", headers=[{"name": "X-Color", "value": "blue"}])]),
        rule(to_service("b"), matches=[path("/p", method="PUT")]),
        rule(to_service("c"), matches=[path("/p", headers=[{"name": "X-Color", "value": "blue"},
                                                          {"name": "x-shape", "value": "a,b"}])]),
        rule(to_service("d"), matches=[path("/p", queryParams=[{"name": "q", "value": "a b"}])]),
        rule(to_service("e"), matches=[path("/p", headers=[{"name": "x-v", "type": "RegularExpression",
                                                           "value": "v[0-9]"}])]),
        rule(to_service("f"), matches=[path("/p")]),
        rule(to_service("g"), matches=[path("/p", queryParams=[{"name": "q", "type": "RegularExpression",
                                                               "value": "x+"}])])), to="abcdefg")
    blue, both = (("x-color", "blue"),), (("x-color", "blue"), ("X-SHAPE", "a,b"))
    expected = {
        "/p": "f", ("/p", blue): "a", ("/p", (("x-color", "Blue"),)): "f", ("/p", both): "c", ("/p", both, "PUT"): "b",
        "/p?q=a+b": "d", "/p?q=a%20b": "d", "/p?q=a+b&q=z": "d", "/p?q=z&q=a+b": "f", "/p?Q=a+b": "f",
        "/p?q=xxx": "g", "/p?q=xxxy": "f", ("/p?q=a+b", blue): "a",
        ("/p", (("x-v", "v1"),)): "e", ("/p", (("x-v", "v12"),)): "f",
    }
    assert served(ask, expected) == expected
    # A repeated field counts as the list of its values.
    assert ask("", raw=b"GET /p HTTP/1.1\r\nHost: x\r\nx-color: blue\r\nX-Shape: a\r\nx-shape: b\r\n\r\n") == "c"


def test_ties_go_to_age_then_name_then_order_never_to_the_file(routes):
    def tied(name, to, where, created=None):
        metadata = {"creationTimestamp": created} if created else None
        return route(rule(to_service(to), matches=[path(where)]), name=name, metadata=metadata)

    ask = routes(gateway(), tied("zz", "a", "/name"), tied("aa", "b", "/name"),
                 tied("a-new", "a", "/age", "2024-01-01T00:00:00Z"), tied("b-old", "b", "/age", "2020-01-01T00:00:00Z"),
                 route(rule(to_service("a"), matches=[path("/order")]),
                       rule(to_service("b"), matches=[path("/order")]), name="order"), to="ab")
    assert served(ask, ["/name", "/age", "/order"]) == {"/name": "b", "/age": "b", "/order": "a"}


def test_hosts_are_compared_without_port_case_and_dot_and_fall_back(routes):
    ask = routes(gateway(),
                 route(rule(to_service("a"), matches=[path("/one")]), name="a", hostnames=["very.specific.com"]),
                 route(rule(to_service("b"), matches=[path("/one/deep"), path("/two")]), name="b",
                       hostnames=["*.specific.com"]),
                 route(rule(to_service("c"), matches=[path("/two"), path("/three")]), name="c"), to="abc")

    def at(host, target):
        return target, (("Host", host),)

    expected = {
        at("very.specific.com", "/one"): "a", at("very.specific.com", "/one/deep"): "a",
        at("VERY.specific.COM", "/one"): "a", at("very.specific.com.", "/one"): "a",
        at("very.specific.com:1234", "/one"): "a", at("very.specific.com", "/two"): "b",
        at("very.specific.com", "/three"): "c", at("a.b.specific.com", "/two"): "b", at("a.specific.com", "/one"): 404,
        at("specific.com", "/two"): "c", at("specific.com", "/one"): 404, at("xspecific.com", "/two"): "c",
        at("[::1]:80", "/two"): "c", at("10.0.0.1", "/two"): "c",
    }
    assert served(ask, expected) == expected
    assert ask("", raw=b"GET /two HTTP/1.0\r\n\r\n") == "c"
    # An absolute target names the host, whatever the field says, and the endpoint is told so.
    assert ask("", raw=b"GET http://VERY.specific.com:99/one?x HTTP/1.1\r\nHost: other.com\r\n\r\n") == "a"
    assert ask.last["target"] == "/one?x"
    assert ask.last["headers"]["host"] == "VERY.specific.com:99"


def test_the_normalised_path_is_matched_and_forwarded(routes):
    ask = routes(gateway(), route(rule(to_service("a"), matches=[path("/foo")]),
                                  rule(to_service("b"), matches=[path("/foo/bar")])), to="ab")

    def forwarded(target):
        name = ask(target)
        return name if isinstance(name, int) else (name, ask.last["target"])

    expected = {
        "/foo/../foo/bar": ("b", "/foo/bar"), "/foo//bar": ("b", "/foo/bar"), "//foo/bar": ("b", "/foo/bar"),
        "/foo/./bar": ("b", "/foo/bar"), "/foo/%2e/bar": ("b", "/foo/bar"), "/x/%2e%2E/foo/bar": ("b", "/foo/bar"),
        "/x/.%2e/foo": ("a", "/foo"), "/foo/bar/..": ("a", "/foo/"), "/foo/bar/.": ("b", "/foo/bar/"),
        "/foo/...": ("a", "/foo/..."), "/foo%2Fbar": 404, "/foo/a%2fb": ("a", "/foo/a%2fb"),
        "/foo/bar%2F..": ("a", "/foo/bar%2F.."), "/foo/a%41": ("a", "/foo/a%41"), "/foo/..": 404,
        "/../foo": 400, "/foo/../../x": 400, "/foo?": ("a", "/foo?"),
        "/foo/bar?x=/../..//&y=%zz": ("b", "/foo/bar?x=/../..//&y=%zz"),
    }
    assert {target: forwarded(target) for target in expected} == expected


def test_the_most_specific_listener_is_chosen_first_and_isolates(routes):
    def to(listener_name, service_name, **more):
        return route(rule(to_service(service_name)), name=service_name,
                     parent={"name": "gateway", "sectionName": listener_name}, **more)

    ask = routes(
        gateway(listener("exact", hostname="one.example.com"), listener("wild", hostname="*.example.com"),
                listener("deep", hostname="*.deep.example.com"), listener("any")),
        to("exact", "a"), to("wild", "b"), to("deep", "c"), to("any", "d"),
        # Attached to two listeners, it is served by each for the hostnames they share.
        route(rule(to_service("e"), matches=[path("/shared")]), name="e", hostnames=["x.example.com", "other.org"]),
        to="abcde")

    def at(host, target="/"):
        return target, (("Host", host),)

    expected = {
        at("one.example.com"): "a", at("two.example.com"): "b", at("x.deep.example.com"): "c",
        at("deep.example.com"): "b", at("example.com"): "d", at("else.org"): "d",
        at("x.example.com", "/shared"): "e", at("other.org", "/shared"): "e",
        at("one.example.com", "/shared"): "a", at("two.example.com", "/shared"): "b",
    }
    assert served(ask, expected) == expected


def test_a_listener_without_a_route_answers_404_even_if_another_would_match(routes):
    ask = routes(gateway(listener("exact", hostname="one.example.com"), listener("any")),
                 route(rule(to_service("a")), parent={"name": "gateway", "sectionName": "any"}), to="a")
    assert ask("/", (("Host", "one.example.com"),)) == 404
    assert ask("/", (("Host", "two.example.com"),)) == "a"


def test_a_parent_port_chooses_the_listener_and_a_host_none_of_them_serves_is_a_404(routes):
    other = free_port()
    ask = routes(gateway(listener("one", 80, hostname="one.example.com"), listener("two", 8081)),
                 route(rule(to_service("a")), name="a", parent={"name": "gateway", "port": 80}),
                 route(rule(to_service("b")), name="b", parent={"name": "gateway", "port": 8081}), to="ab",
                 flags=["--port-map", f"8081={other}"])
    assert ask("/", (("Host", "one.example.com"),)) == "a"
    assert ask("/", (("Host", "elsewhere.org"),)) == 404
    ask.process.port = other
    assert ask("/", (("Host", "one.example.com"),)) == "b"


def test_the_envelope_of_a_404_names_the_nearest_route(routes):
    ask = routes(gateway(), route(rule(to_service("a"), matches=[path("/v1/chat/completions")]),
                                  rule(to_service("a"), matches=[path("/only", method="PUT")]), name="llm"), to="a")
    plain = ask.process.get("/v1/chat/completion")
    assert (plain.status, plain.body, plain.header("x-weir-reason")) == (404, b"", "route-not-found")

    def message(target):
        error = ask.process.get(target, {"Accept": "application/json"}).json()["error"]
        assert (error["type"], error["code"], error["param"]) == ("not_found_error", "route-not-found", None)
        return error["message"]

    assert "did you mean HTTPRoute default/llm, PathPrefix /v1/chat/completions" in message("/v1/chat/completion")
    assert "HTTPRoute default/llm, PathPrefix /only has this path but another" in message("/only")
