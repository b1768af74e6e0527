"""RequestMirror: copies that nobody waits for."""

import pytest

from harness import chat_body, echo, free_port, reply, wait_for
from harness.manifest import gateway, listing, path, pool, route, rule, service, to_pool, to_service


def mirror(target, **members):
    return {"type": "RequestMirror", "requestMirror": {"backendRef": target, **members}}


@pytest.fixture
def serve(weir, manifests):
    def start(*resources, flags=()):
        port = free_port()
        process = weir("-f", manifests({"all.json": listing(gateway(), *resources)}), "--port-map", f"80={port}", *flags)
        process.port = port
        return process

    return start


def test_a_mirror_gets_the_request_as_the_endpoint_gets_it(serve, upstream):
    main, copy, other = upstream(echo("main")), upstream(reply(500, "no")), upstream(echo("other"))
    gateway = serve(*pool("main", main), *pool("copy", copy), *service("other", other), route(rule(
        to_pool("main"), matches=[path("/api")], filters=[
            mirror(to_pool("copy")), mirror(to_service("other")),
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "X-Set", "value": "1"}]}},
            {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch",
                                                           "replacePrefixMatch": "/"}}}])))
    answer = gateway.chat()  # not under /api
    assert answer.status == 404
    answer = gateway.post("/api/v1/chat/completions", chat_body("Hello"), {"X-Request-Id": "abc"})
    assert (answer.status, answer.json()["server"]) == (200, "main")
    expected = main.wait_requests()[0]
    for server in (copy, other):
        got = server.wait_requests()[0]
        assert (got.method, got.target, got.body) == ("POST", "/v1/chat/completions", expected.body)
        assert (got.header("x-set"), got.header("x-request-id")) == ("1", "abc")
        assert got.header("host") == expected.header("host")
    wait_for(lambda: gateway.metric("weir_mirrored_requests_total", result="answered") == 2, "both copies counted")
    # A request without a body is copied too.
    assert gateway.get("/api/v1/models").status == 200
    assert copy.wait_requests(2)[1].target == "/v1/models"


def test_a_mirror_never_delays_or_fails_the_request(serve, upstream):
    main, silent = upstream(echo("main")), upstream(lambda exchange: exchange.peer_gone(20))
    broken = upstream(lambda exchange: exchange.reset())
    gateway = serve(*service("main", main), *pool("silent", silent), *pool("broken", broken), *pool("empty"),
                    *pool("dead", f"127.0.0.1:{free_port()}"),
                    route(rule(to_service("main"), filters=[
                        mirror(to_pool(name)) for name in ("silent", "broken", "empty", "dead", "missing")])))
    with gateway.connect() as connection:
        for _ in range(3):
            answer = connection.request("POST", "/", b"x" * 300_000)
            assert (answer.status, len(answer.json()["body"])) == (200, 300_000)
    silent.wait_requests(3)
    broken.wait_requests(3)
    wait_for(lambda: gateway.metric("weir_mirrored_requests_total", result="dropped") >= 3, "nowhere to go: counted")
    wait_for(lambda: gateway.metric("weir_mirrored_requests_total", result="failed") >= 4, "failed copies: counted")


@pytest.mark.parametrize("members, low, high", [({"percent": 0}, 0, 0), ({"percent": 20}, 20, 65),
                                                ({"fraction": {"numerator": 1, "denominator": 2}}, 75, 125)])
def test_a_share_of_the_requests_is_mirrored(serve, upstream, members, low, high):
    main, copy = upstream(echo("main")), upstream(echo("copy"))
    gateway = serve(*service("main", main), *service("copy", copy), route(rule(
        to_service("main"), filters=[mirror(to_service("copy"), **members)])), flags=["--seed", "7", "--threads", "1"])
    with gateway.connect() as connection:
        for _ in range(200):
            assert connection.request("GET", "/").status == 200
    if low:
        copy.wait_requests(low)
    wait_for(lambda: gateway.metric("weir_mirrored_requests_total", result="answered") == len(copy.requests), "settled")
    assert low <= len(copy.requests) <= high


def test_copies_do_not_keep_the_process_from_ending(serve, upstream):
    main, silent = upstream(echo("main")), upstream(lambda exchange: exchange.peer_gone(20))
    gateway = serve(*service("main", main), *service("silent", silent), route(rule(
        to_service("main"), filters=[mirror(to_service("silent"))])))
    assert gateway.get("/").status == 200
    silent.wait_requests()
    assert gateway.stop(5) == 0
