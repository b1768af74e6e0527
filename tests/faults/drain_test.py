"""SIGTERM: no new connections, answers under way may finish, and what cannot finish is told so."""

import json
import signal
import threading
import time

import pytest

from harness import chat_body, reply, request, wait_for

CHAT = "/v1/chat/completions"
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def refused(gateway):
    try:
        gateway.connect(timeout=1).close()
        return False
    except OSError:
        return True


def stall(release):
    """Streams one event, then waits to be released before the last one."""
    def run(exchange):
        if exchange.request.method == "POST" and exchange.request.json().get("stream"):
            exchange.send(SSE + b"b\r\ndata: one\n\n\r\n")
            release.wait(30)
            exchange.send(b"b\r\ndata: two\n\n\r\n0\r\n\r\n")
        else:
            release.wait(30)
            reply()(exchange)
    return run


def test_streams_finish_and_kept_connections_are_told_to_close(weir, upstream):
    release = threading.Event()
    gateway = weir("--endpoint", upstream(stall(release)).url)
    with gateway.connect() as idle, gateway.connect() as busy, gateway.connect() as plain, gateway.connect() as fresh:
        assert idle.request("OPTIONS", "*").status == 200
        busy.send(request("POST", CHAT, chat_body(stream=True)))
        head = busy.read_head()
        plain.send(request("POST", CHAT, chat_body()))
        wait_for(lambda: gateway.metric("weir_requests_active") == 2, "two requests", 10)
        gateway.signal(signal.SIGTERM)
        wait_for(lambda: refused(gateway), "closed listeners", 5)
        assert gateway.admin("GET", "/readyz").status == 503
        assert gateway.admin("GET", "/livez").status == 200
        assert idle.read_to_end() == b""
        fresh.send(request("OPTIONS", "*"))   # it was let in before, and had not spoken
        assert fresh.read_answer().header("connection") == "close"
        release.set()
        assert b"".join(busy.pieces(head)) == b"data: one\n\ndata: two\n\n"
        answer = plain.read_answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert plain.read_to_end() == b""
        assert busy.read_to_end() == b""
    assert gateway.wait_exit() == 0


def test_the_drain_timeout_says_what_it_cuts(weir, upstream):
    release = threading.Event()
    gateway = weir("--endpoint", upstream(stall(release)).url, "--drain-timeout", "300ms")
    with gateway.connect() as busy, gateway.connect() as plain, gateway.connect() as old:
        busy.send(request("POST", CHAT, chat_body(stream=True)))
        head = busy.read_head()
        plain.send(request("POST", CHAT, chat_body()))
        body = json.dumps(chat_body(stream=True))
        old.send(f"POST {CHAT} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        old.read_head()
        wait_for(lambda: gateway.metric("weir_requests_active") == 3, "three requests", 10)
        gateway.signal(signal.SIGTERM)
        got = b""
        with pytest.raises(EOFError):
            for piece in busy.pieces(head):
                got += piece
        sent, event = got.split(b"data: one\n\n")
        assert sent == b""
        assert json.loads(event[6:])["error"]["code"] == "draining"
        answer = plain.read_answer()
        assert (answer.status, answer.header("x-weir-reason")) == (503, "draining")
        assert answer.header("retry-after")
        with pytest.raises(ConnectionResetError):
            while old.socket.recv(65536):
                pass
    assert gateway.wait_exit() == 0
    assert "drain timeout" in gateway.log and '"timeout":"300ms"' in gateway.log
    release.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_leaves_at_once(weir, upstream, number):
    release = threading.Event()
    gateway = weir("--endpoint", upstream(stall(release)).url, expect_exit=128 + number)
    with gateway.connect() as busy, gateway.connect() as old:
        busy.send(request("POST", CHAT, chat_body(stream=True)))
        busy.read_head()
        body = json.dumps(chat_body(stream=True))
        old.send(f"POST {CHAT} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        old.read_head()
        gateway.signal(number)
        wait_for(lambda: refused(gateway), "closed listeners", 5)
        begin = time.monotonic()
        gateway.signal(number)
        assert gateway.wait_exit() == 128 + number
        assert time.monotonic() - begin < 5
        # Not even then does a body that ends with its stream look whole.
        with pytest.raises(ConnectionResetError):
            while old.socket.recv(65536):
                pass
    assert "second signal" in gateway.log
    release.set()
