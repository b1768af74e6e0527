"""The harness against itself: its client reads what its upstream sends, whole, in pieces and cut off."""

import threading

import pytest

from harness import Connection, chat_body, free_ports, reply, stream, wait_for


def connect(server, timeout=5.0):
    return Connection(("127.0.0.1", server.port), timeout)


def test_requests_are_recorded_as_they_came_and_answered_in_order(upstream):
    server = upstream([reply(200, {"n": 1}), reply(503, "gone", reason="Nope")])
    with connect(server) as c:
        first = c.request("POST", "/v1/chat/completions", chat_body("hi"), {"X-Twice": "a"})
        second = c.request("GET", "/v1/models")
    assert (first.status, first.json(), first.header("Content-Type")) == (200, {"n": 1}, "application/json")
    assert (second.status, second.reason, second.text) == (503, "Nope", "gone")
    assert [(r.method, r.target, r.connection) for r in server.requests] == [
        ("POST", "/v1/chat/completions", 1), ("GET", "/v1/models", 1)]
    assert server.requests[0].json() == chat_body("hi")
    assert server.requests[0].header("x-twice") == "a"


def test_a_chunked_request_body_is_put_together(upstream):
    server = upstream()
    with connect(server) as c:
        c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: 1\r\n\r\n")
        assert c.read_answer().status == 200
    assert server.requests[0].body == b"abcde"


def test_events_come_one_by_one_while_the_stream_is_open(upstream):
    gate = threading.Event()
    server = upstream(stream(["one", "two"], between=lambda i: i == 0 or gate.wait(5)))
    with connect(server) as c:
        c.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = c.read_head()
        events = c.events(answer)
        assert next(events) == "data: one"
        assert c.is_silent(0.05)
        gate.set()
        assert list(events) == ["data: two"]


@pytest.mark.parametrize("script", [
    stream(["one"], end=False),
    lambda e: (e.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\ndata: "), e.close()),
    lambda e: (e.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\ndata: "), e.close()),
])
def test_a_cut_body_is_known_as_such(upstream, script):
    server = upstream(script)
    with connect(server) as c:
        answer = c.request("GET", "/")
    assert not answer.complete
    assert answer.body.startswith(b"data: ")


def test_interim_answers_are_kept_apart(upstream):
    server = upstream(lambda e: e.send("HTTP/1.1 103 Early Hints\r\na: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"))
    with connect(server) as c:
        answer = c.request("GET", "/")
    assert (answer.status, [i.status for i in answer.interim]) == (204, [103])


def test_a_reset_and_a_missing_answer_are_failures_that_say_so(upstream):
    server = upstream(lambda e: e.reset())
    with connect(server) as c, pytest.raises(AssertionError, match="ended before"):
        c.request("GET", "/")
    server = upstream(lambda e: e.peer_gone(5))
    with connect(server, timeout=0.1) as c, pytest.raises(AssertionError, match="nothing more within"):
        c.request("GET", "/")


def test_the_upstream_sees_its_client_go(upstream):
    seen = []
    server = upstream(lambda e: seen.append(e.peer_gone(5)))
    c = connect(server)
    c.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.wait_requests()
    c.reset()
    assert wait_for(lambda: seen, "the script to end") == [True]


def test_scrapes_are_answered_and_not_recorded(upstream):
    server = upstream()
    server.set_metrics(waiting=3, kv=0.5)
    with connect(server) as c:
        page = c.request("GET", "/metrics")
        server.metrics = None
        assert c.request("GET", "/metrics").status == 404
    assert 'vllm:num_requests_waiting{model_name="m"} 3\n' in page.text
    assert (server.scrapes, server.requests) == (2, [])


def test_a_stopped_upstream_refuses(upstream):
    server = upstream()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_ports_are_given_out_once():
    ports = free_ports(200)
    assert len(set(ports)) == 200


def test_a_wait_that_fails_says_for_what():
    with pytest.raises(AssertionError, match="not within 0.05 s: rain"):
        wait_for(lambda: False, "rain", 0.05)
