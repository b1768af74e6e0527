"""Timeouts and retries of routes. Endpoints wait for the test or for the gateway to leave, never for a while."""

import threading
import time

import pytest

from harness import echo, free_port, reply
from harness.manifest import gateway, listing, path, route, rule, service, to_service

CONNECTION_TERMINATION = ("upstream connect error or disconnect/reset before headers. reset reason: "
                          "connection termination")


def never(exchange):
    """An endpoint that never answers; it ends when the gateway has left."""
    exchange.peer_gone(20)


def endless(exchange):
    """A stream whose second event never comes."""
    exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    exchange.send("9\r\ndata: 1\n\n\r\n")
    exchange.peer_gone(20)


def drop(exchange):
    exchange.close()


class Dead:
    """A port that refuses."""

    def __init__(self):
        self.address = f"127.0.0.1:{free_port()}"


@pytest.fixture
def serve(weir, manifests):
    """serve({path: (servers, members of the rule)}) makes one Service and one rule of each entry."""

    def start(rules, *flags):
        services, made = [], []
        for where, (servers, members) in rules.items():
            services += service(where.strip("/"), *servers)
            made.append(rule(to_service(where.strip("/")), matches=[path(where)], **members))
        folder = manifests({"all.json": listing(gateway(), *services, route(*made))})
        port = free_port()
        process = weir("-f", folder, "--port-map", f"80={port}", *flags)
        process.port = port
        return process

    return start


def test_a_timeout_before_the_head_is_a_504(serve, upstream):
    gateway = serve({"/request": ([upstream(never)], {"timeouts": {"request": "100ms"}}),
                     "/attempt": ([upstream(never)], {"timeouts": {"backendRequest": "100ms"}})})
    for target in ("/request", "/attempt"):
        answer = gateway.get(target)
        assert (answer.status, answer.text, answer.header("x-weir-reason")) == (
            504, "upstream request timeout", "upstream-timeout")


def test_the_first_byte_of_an_answer_has_a_limit_of_its_own(serve, upstream):
    gateway = serve({"/silent": ([upstream(never)], {})}, "--first-byte-timeout", "100ms")
    answer = gateway.get("/silent")
    assert (answer.status, answer.text) == (504, "upstream request timeout")


def test_a_timeout_within_a_stream_cuts_it_with_one_event(serve, upstream):
    gateway = serve({"/request": ([upstream(endless)], {"timeouts": {"request": "800ms"}}),
                     "/attempt": ([upstream(endless)], {"timeouts": {"backendRequest": "800ms"}})})
    for target in ("/request", "/attempt"):
        answer = gateway.get(target)
        assert (answer.status, answer.complete) == (200, False)
        first, error = answer.events()
        assert first == "1" and '"code":"upstream-timeout"' in error


def test_limits_that_are_off_or_kept_leave_a_stream_alone(serve, upstream):
    """0s is off, the flag's limit too, and the limit for the first byte ends with the first byte."""
    done = threading.Event()

    def late_end(exchange):
        exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        exchange.send("9\r\ndata: 1\n\n\r\n")
        assert done.wait(20)
        exchange.send("0\r\n\r\n")

    server = upstream(late_end)
    gateway = serve({"/off": ([server], {"timeouts": {"request": "0s", "backendRequest": "0s"}})},
                    "--first-byte-timeout", "800ms", "--request-timeout", "800ms")
    with gateway.connect() as connection:
        connection.send("GET /off HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = connection.read_head()
        events = connection.events(answer)
        assert next(events) == "data: 1"
        assert connection.is_silent(1)
        done.set()
        assert list(events) == []


def test_the_clock_of_a_request_starts_when_it_has_been_received(serve, upstream):
    gateway = serve({"/upload": ([upstream(echo())], {"timeouts": {"request": "800ms"}})})
    with gateway.connect() as connection:
        connection.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
        assert connection.is_silent(1)
        connection.send("lo")
        assert connection.read_answer().json()["body"] == "hello"


def test_codes_are_retried_after_the_backoff_and_the_last_answer_is_passed_on(serve, upstream):
    times = []

    def timed(script):
        return lambda exchange: (times.append(time.monotonic()), script(exchange))

    good = upstream([timed(reply(503)), timed(reply(503)), timed(echo())])
    bad, other = upstream([reply(503, "1"), reply(503, "2"), reply(503, "3")]), upstream([reply(500), echo()])
    gateway = serve({"/good": ([good], {"retry": {"codes": [503], "attempts": 2, "backoff": "60ms"}}),
                     "/bad": ([bad], {"retry": {"codes": [503], "attempts": 1}}),
                     "/other": ([other], {"retry": {"codes": [503], "attempts": 3}})})
    assert gateway.post("/good", "hello").json()["body"] == "hello"
    assert len(times) == 3 and min(b - a for a, b in zip(times, times[1:])) >= 0.059
    answer = gateway.get("/bad")
    assert (answer.status, answer.text, len(bad.requests)) == (503, "2", 2)
    assert (gateway.get("/other").status, len(other.requests)) == (500, 1)


def test_broken_connections_are_retried_only_where_the_route_says_so(serve, upstream):
    asked, plain = upstream([drop, drop, echo()]), upstream([drop, echo()])
    gateway = serve({"/asked": ([asked], {"retry": {"attempts": 2, "backoff": "10ms"}}), "/plain": ([plain], {})})
    assert (gateway.get("/asked").status, len(asked.requests)) == (200, 3)
    answer = gateway.get("/plain")
    assert (answer.status, answer.text, len(plain.requests)) == (503, CONNECTION_TERMINATION, 1)


def test_the_replay_on_a_fresh_connection_is_one_of_the_routes_tries(serve, upstream):
    server = upstream([echo(), drop])
    gateway = serve({"/kept": ([server], {"retry": {"attempts": 2, "backoff": "10ms"}})}, "--threads", "1")
    assert [gateway.get("/kept").status for _ in range(2)] == [200, 503]
    assert [r.connection for r in server.requests] == [1, 1, 2, 3]


def test_a_retry_goes_to_another_endpoint(serve, upstream):
    """The first choice is random: whoever fails, the other one answers."""
    first = threading.Lock()

    def fail_once(name):
        return lambda exchange: (drop if first.acquire(blocking=False) else echo(name))(exchange)

    servers = [upstream(fail_once("a")), upstream(fail_once("b"))]
    gateway = serve({"/two": (servers, {"retry": {"attempts": 1}})})
    assert gateway.get("/two").status == 200
    assert [len(s.requests) for s in servers] == [1, 1]


def test_an_attempt_that_times_out_is_retried_within_the_requests_time(serve, upstream):
    once, always = upstream([never, echo()]), upstream(never)
    gateway = serve({
        "/once": ([once], {"retry": {"attempts": 1}, "timeouts": {"request": "20s", "backendRequest": "800ms"}}),
        "/always": ([always], {"retry": {"attempts": 50}, "timeouts": {"request": "900ms", "backendRequest": "100ms"}})})
    assert (gateway.get("/once").status, len(once.requests)) == (200, 2)
    assert gateway.get("/always").status == 504
    assert 2 <= len(always.requests) <= 9


def test_a_refused_connection_is_retried_after_the_other_endpoints(serve):
    gateway = serve({"/dead": ([Dead()], {"retry": {"attempts": 2, "backoff": "80ms"}})})
    begin = time.monotonic()
    answer = gateway.get("/dead")
    assert answer.status == 503 and answer.text.endswith("delayed connect error: Connection refused")
    assert time.monotonic() - begin >= 0.16
