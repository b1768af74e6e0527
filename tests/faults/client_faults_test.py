"""What a client can do wrong, or slowly, or not at all: nothing of it may cost an endpoint anything, or another client."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import Connection, chat_body, free_port, is_sanitized, reply, request, stream, wait_for
from wire import each

CHAT = "/v1/chat/completions"


def posts(server):
    return [r for r in server.requests if r.method == "POST"]


def hold(gone, began=None):
    """A script that never answers, and says when the gateway has closed its connection."""
    def run(exchange):
        if began:
            began.set()
        if exchange.peer_gone():
            gone.set()
    return run


def endless(gone, event=b"data: {}\n\n", pause=0.02):
    """A script that streams until the gateway closes."""
    def run(exchange):
        exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                exchange.send(b"%x\r\n%s\r\n" % (len(event), event))
                time.sleep(pause)
        except OSError:
            gone.set()
    return run


@pytest.mark.parametrize("leave", ["close", "reset"])
@pytest.mark.parametrize("phase", ["silent", "streaming"])
def test_a_client_that_leaves_takes_its_upstream_request_along(weir, upstream, leave, phase):
    gone, began = threading.Event(), threading.Event()
    gateway = weir("--endpoint", upstream(hold(gone, began) if phase == "silent" else endless(gone)).url)
    connection = gateway.connect()
    connection.send(request("POST", CHAT, chat_body(stream=True)))
    if phase == "silent":
        assert began.wait(10)
    else:
        connection.read_until(b"data:")
    getattr(connection, leave)()
    assert gone.wait(10)
    wait_for(lambda: gateway.metric("weir_requests_active") == 0, "no request under way", 10)


def test_a_client_that_leaves_while_its_body_goes_up_costs_an_endpoint_nothing(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    whole = request("POST", CHAT, chat_body("x" * 100_000))
    for cut in (len(whole) - 1, len(whole) // 2, whole.index(b"\r\n\r\n") + 4):
        with gateway.connect() as connection:
            connection.send(whole[:cut])
            wait_for(lambda: gateway.metric("weir_requests_active") == 1, "the request", 10)
        wait_for(lambda: gateway.metric("weir_requests_active") == 0, "its end", 10)
    assert gateway.chat().status == 200
    assert len(posts(server)) == 1


def test_a_client_that_half_closes_is_gone(weir, upstream):
    gone, began = threading.Event(), threading.Event()
    gateway = weir("--endpoint", upstream(hold(gone, began)).url)
    with gateway.connect() as connection:
        connection.send(request("POST", CHAT, chat_body()))
        assert began.wait(10)
        connection.finish_writing()
        assert connection.read_to_end() == b""
    assert gone.wait(10)


def test_a_client_that_ends_right_behind_its_request_is_gone(weir, upstream):
    """The FIN comes with the last bytes: nothing is left to be read that could tell later."""
    gateway = weir("--endpoint", upstream(hold(threading.Event())).url, "--threads", "1")
    small, large = json.dumps(chat_body()).encode(), json.dumps(chat_body("x" * 200_000)).encode()
    chunks = b"%x\r\n%s\r\n0\r\n\r\n"
    for head, body in ((request("POST", CHAT, None, {"Content-Length": str(len(small))}), small),
                       (request("POST", CHAT, None, {"Content-Length": str(len(large))}), large),
                       (request("POST", CHAT, None, {"Transfer-Encoding": "chunked"}), chunks % (len(large), large))):
        for pause in (0, 0.05):
            with gateway.connect() as connection:
                connection.send(head)
                time.sleep(pause)
                connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)   # body and FIN in one segment
                connection.send(body)
                connection.finish_writing()
                assert connection.read_to_end() == b""
    wait_for(lambda: gateway.metric("weir_requests_active") == 0, "no request under way", 10)


def test_pipelined_requests_are_answered_one_by_one_and_in_order(weir, upstream):
    def echo(exchange):
        reply(body=exchange.request.body or exchange.request.target.encode())(exchange)

    server = upstream(echo)
    gateway = weir("--endpoint", server.url)
    count = 2000
    with gateway.connect(timeout=60) as connection:
        text = b"".join(request("GET", f"/v1/models/{i}") for i in range(count))
        threading.Thread(target=connection.socket.sendall, args=(text,), daemon=True).start()
        for i in range(count):
            assert connection.read_answer().body == b"/v1/models/%d" % i
        # Bodies and refusals keep the order too, and a refusal that cannot be passed over ends it.
        connection.send(request("POST", CHAT, chat_body("one")) + request("POST", CHAT, {"no": "model"}) +
                        request("GET", "/v1/models/x") + b"BAD\r\n\r\n" + request("GET", "/v1/models/never"))
        assert json.loads(connection.read_answer().body)["messages"]
        assert connection.read_answer().status == 400
        assert connection.read_answer().body == b"/v1/models/x"
        assert connection.read_answer().status == 400
        assert connection.read_to_end() == b""
    assert all(r.target != "/v1/models/never" for r in server.requests)


def test_the_head_deadline(weir, upstream):
    gateway = weir("--endpoint", upstream().url, "--head-timeout", "300ms", "--first-request-timeout", "400ms",
                   "--idle-timeout", "350ms")
    with gateway.connect() as dripping, gateway.connect() as stuck, gateway.connect() as mute, gateway.connect() as idle:
        assert idle.request("GET", "/v1/models").status == 200
        stuck.send("GET / HTTP/1.1\r\nHost:")
        for byte in "GET / HTTP/1.1\r\nHost: a\r\nX: ":
            try:
                dripping.send(byte)
            except OSError:
                break
            time.sleep(0.02)
        for connection in (dripping, stuck):
            answer = connection.read_answer()
            assert answer.status == 408
            assert answer.header("x-weir-reason") == "request-timeout"
            assert "--head-timeout" in answer.text
            assert answer.header("connection") == "close"
        assert mute.read_to_end() == b""   # nothing was asked: nothing is said
        assert idle.read_to_end() == b""


def test_the_least_rate_of_a_body(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url, "--body-min-rate", "1000")
    body = json.dumps(chat_body("x" * 20_000)).encode()
    head = request("POST", CHAT, b"", {"Content-Length": str(len(body))})
    chunked = request("POST", CHAT, None, {"Transfer-Encoding": "chunked"})
    with gateway.connect(timeout=20) as slow, gateway.connect(timeout=20) as slow_chunks, gateway.connect() as good:
        slow.send(head + body[:100])
        slow_chunks.send(chunked + b"1\r\n{\r\n")
        good.send(head)
        begin = time.monotonic()
        for at in range(0, len(body), 3000):
            good.send(body[at:at + 3000])
            slow.send(body[100 + at // 3000:101 + at // 3000])
            time.sleep(0.2)
        assert good.read_answer().status == 200
        for connection in (slow, slow_chunks):
            answer = connection.read_answer()
            assert (answer.status, answer.header("x-weir-reason")) == (408, "request-timeout")
            assert "--body-min-rate" in answer.text
        assert time.monotonic() - begin > 4
    assert len(posts(server)) == 1


def test_limits_name_their_flags(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url, "--max-body", "10Ki", "--max-head", "4Ki", "--max-target", "1Ki",
                   "--max-fields", "10")
    head = request("POST", CHAT, None, {"Transfer-Encoding": "chunked"})
    for text, status, reason, flag in (
            (request("POST", CHAT, b"x" * 10_241), 413, "body-too-large", "--max-body"),
            (request("POST", CHAT, None, {"Content-Length": "99999999999"}), 413, "body-too-large", "--max-body"),
            (head + b"2801\r\n" + b"x" * 0x2801, 413, "body-too-large", "--max-body"),
            (request("GET", "/" + "a" * 1100), 414, "target-too-long", "--max-target"),
            (request("GET", "/", None, {"X": "a" * 5000}), 431, "head-too-large", "--max-head"),
            (request("GET", "/", None, {f"X{i}": "a" for i in range(10)}), 431, "head-too-large", "--max-fields")):
        with gateway.connect() as connection:
            connection.send(text)
            answer = connection.read_answer()
            assert (answer.status, answer.header("x-weir-reason")) == (status, reason), text[:80]
            assert flag in answer.text
            assert answer.header("connection") == "close"
    assert posts(server) == []
    body = b"x" * (10_240 - 30)
    assert gateway.post(CHAT, {"model": "m", "prompt": body.decode()}).status == 400   # syntax is fine, the prompt is not
    assert gateway.post("/v1/completions", {"model": "m", "prompt": "x" * 10_000}).status == 200


def test_a_body_is_asked_for_only_when_it_is_wanted(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url, "--max-body", "10Ki")
    body = json.dumps(chat_body()).encode()
    fields = {"Expect": "100-continue", "Content-Length": str(len(body))}
    with gateway.connect() as connection:
        connection.send(request("POST", CHAT, None, fields))
        assert connection.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(body)
        assert connection.read_answer().status == 200
        connection.send(request("POST", CHAT, None, fields) + body)   # it need not wait
        answer = connection.read_answer()
        assert answer.status == 200
    assert all(r.header("expect") is None for r in posts(server))
    for target, length, status in ((CHAT, "10241", 413), ("/v1/../../x", "10", 400)):
        with gateway.connect() as connection:
            connection.send(request("POST", target, None, {**fields, "Content-Length": length}))
            answer = connection.read_answer()
            assert (answer.status, answer.interim, answer.header("connection")) == (status, [], "close")


def test_a_refusal_reaches_a_client_that_goes_on_sending(weir, upstream):
    """Up to 256 KiB are drained, then the end is lingering: no reset overtakes the answer."""
    gateway = weir("--endpoint", upstream().url, "--max-body", "1Ki")
    for size in (2000, 200_000, 3_000_000):
        with gateway.connect() as connection:
            sent = threading.Thread(target=lambda: _send_all(connection, request("POST", CHAT, b"x" * size)))
            sent.start()
            answer = connection.read_answer()
            assert answer.status == 413
            sent.join(10)
    # The end of the connection is a FIN, within the second that is drained and the two that linger.
    with gateway.connect() as connection:
        connection.send(request("POST", CHAT, b"x" * 2000))
        assert connection.read_answer().status == 413
        begin = time.monotonic()
        assert connection.read_to_end() == b""
        assert time.monotonic() - begin < 4


def _send_all(connection, data):
    try:
        connection.socket.sendall(data)
    except OSError:
        pass


def test_all_bodies_together_are_bounded(weir, upstream):
    held = threading.Event()

    def wait(exchange):
        held.wait(20)
        reply()(exchange)

    gateway = weir("--endpoint", upstream(wait).url, "--max-buffered", "100Ki", "--threads", "1")
    with gateway.connect() as first, gateway.connect() as chunked:
        first.send(request("POST", CHAT, chat_body("x" * 60_000)))
        wait_for(lambda: gateway.metric("weir_requests_active") == 1, "the first body", 10)
        answer = gateway.chat("x" * 60_000)
        assert (answer.status, answer.header("x-weir-reason")) == (503, "overloaded")
        assert "--max-buffered" in answer.text
        assert answer.header("retry-after")
        chunked.send(request("POST", CHAT, None, {"Transfer-Encoding": "chunked"}) + b"ea60\r\n" + b"x" * 60_000)
        assert chunked.read_answer().status == 503
        held.set()
        assert first.read_answer().status == 200
    assert gateway.chat("x" * 60_000).status == 200
    assert gateway.chat("x" * 103_000).status == 503


def resident(gateway):
    lines = Path(f"/proc/{gateway.child.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


EVENTS = b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("head, block", [
    (EVENTS, b"1f42\r\ndata: %s\n\n\r\n" % (b"x" * 7994)),
    (EVENTS, b"1f42\r\n%s\r\n" % (b"x" * 8002)),   # one event without end
    (b"application/json\r\ncontent-length: 999999999999\r\n\r\n", b'{"usage":' + b" " * 8000),
], ids=["events", "an event", "JSON"])
def test_a_client_that_does_not_read_holds_the_endpoint_back(weir, upstream, head, block):
    """At most 64 KiB a stream wait in the process; the rest waits where it comes from."""
    gone, sent, streams = threading.Event(), [0], 48

    def flood(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: " + head)
        try:
            while True:
                exchange.send(block * 8)
                sent[0] += len(block)
        except OSError:
            gone.set()

    gateway = weir("--endpoint", upstream(flood).url, "--threads", "1", env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    at_start, connections = None, []
    for i in range(streams):
        connection = gateway.connect()
        if i != 0:   # less for the kernel to hold; the first one is going to read
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(request("POST", CHAT, chat_body(stream=True)))
        connections.append(connection)
        at_start = at_start or (connection.read_until(b"\r\n\r\n") and resident(gateway))
    before = None

    def settled():
        nonlocal before
        now, before = sent[0], sent[0] if before is None else before
        if now == before and now:
            return True
        before = now
        time.sleep(0.1)
        return False

    wait_for(settled, "an end of the flow", 30)
    slack = 8000 if is_sanitized() else 2000   # what a sanitizer puts around each block
    assert resident(gateway) - at_start < streams * 64 + slack   # KiB: of the gigabytes that an endpoint offered
    # One that reads again gets what waits, and more than could have waited anywhere.
    left = 12_000_000
    while left > 0:
        left -= len(connections[0].socket.recv(65536)) or left
    for connection in connections:
        connection.close()
    assert gone.wait(10)


def test_a_slow_client_gets_the_whole_of_a_long_rewritten_answer(weir, upstream):
    """Each read of such an answer is written twice: what has drained between the two must not be waited for."""
    server = upstream(reply(200, b'{"id":"x","model":"chosen","text":"' + b"y" * 2_500_000 + b'"}'))
    gateway = weir("--endpoint", server.url, "--threads", "1")
    fields = {"x-llm-d-model-name-rewrite": "chosen"}

    def check(*_):
        with gateway.connect() as connection:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            connection.send(request("POST", "/v1/chat/completions", chat_body(), fields))
            answer = connection.read_head()
            body = b"".join(connection.pieces(answer))
            assert body.startswith(b'{"id":"x","model":"m",') and body.endswith(b'y"}')

    each({str(number): None for number in range(60)}, check, at_once=20)


def test_a_long_rewritten_answer_is_held_once(weir, upstream):
    """Up to 1 MiB waits for its length to be known; what has been passed on of it is no longer kept."""
    server = upstream(reply(200, b'{"model":"chosen","text":"' + b"y" * 3_000_000 + b'"}'))
    gateway = weir("--endpoint", server.url, "--threads", "1", env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    fields = {"x-llm-d-model-name-rewrite": "chosen"}
    assert gateway.post(CHAT, chat_body(), fields).json()["model"] == "m"
    at_start, connections = resident(gateway), []
    for _ in range(24):
        connection = gateway.connect()
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(request("POST", CHAT, chat_body(), fields))
        connection.read_until(b"\r\n\r\n")
        connections.append(connection)
    slack = 16_000 if is_sanitized() else 4000
    assert resident(gateway) - at_start < 24 * 1200 + slack   # KiB
    for connection in connections:
        connection.close()


def test_a_client_that_takes_nothing_for_long_is_gone(weir, upstream):
    gone = threading.Event()
    gateway = weir("--endpoint", upstream(endless(gone, b"data: " + b"x" * 60_000 + b"\n\n", 0)).url,
                   "--idle-timeout", "500ms")
    with gateway.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(request("POST", CHAT, chat_body(stream=True)))
        assert gone.wait(20)


def test_http_1_0(weir, upstream):
    server = upstream([stream(["one", "two"])] + [reply()] * 5)
    gateway = weir("--endpoint", server.url)
    with gateway.connect() as connection:
        body = json.dumps(chat_body(stream=True))
        connection.send(f"POST {CHAT} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        answer = connection.read_answer()
        assert (answer.header("transfer-encoding"), answer.header("connection")) == (None, "close")
        assert answer.events() == ["one", "two"]
    with gateway.connect() as connection:
        for _ in range(2):
            connection.send("GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = connection.read_answer()
            assert (answer.status, answer.body, answer.header("connection")) == (200, b"{}", "keep-alive")
        connection.send("GET /v1/models HTTP/1.0\r\n\r\n")
        assert connection.read_answer().header("connection") == "close"
        assert connection.read_to_end() == b""
    assert posts(server)[0].header("host") == server.address


def test_upgrades_are_not_made(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    for fields in ({"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "x"},
                   {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAM"}):
        with gateway.connect() as connection:
            assert connection.request("GET", "/v1/models", None, fields).status == 200
            assert connection.request("GET", "/v1/models").status == 200
    for seen in server.requests:
        for name in ("upgrade", "connection", "http2-settings"):
            assert seen.header(name) is None


def test_options_asterisk_is_weirs_own(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    before = len(server.requests)
    answer = gateway.request("OPTIONS", "*")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("allow") and answer.header("x-request-id")
    assert len(server.requests) == before
    assert gateway.request("OPTIONS", "/v1/models").status == 200
    assert len(server.requests) == before + 1


def test_every_answer_has_a_request_id_and_every_kept_one_is_the_clients(weir, upstream):
    gateway = weir("--endpoint", upstream(reply()).url)
    ids = {gateway.get("/v1/models").header("x-request-id") for _ in range(3)}
    ids |= {gateway.post(CHAT, b"[").header("x-request-id"), gateway.get("/a/../../b").header("x-request-id")}
    assert len(ids) == 5 and None not in ids
    assert gateway.get("/v1/models", {"X-Request-Id": "mine"}).header("x-request-id") == "mine"
    assert gateway.post(CHAT, b"[", {"X-Request-Id": "mine"}).header("x-request-id") == "mine"
    assert gateway.get("/v1/models", {"X-Request-Id": "x" * 200}).header("x-request-id") != "x" * 200


def test_an_ipv6_listener(weir, upstream):
    port = free_port()
    gateway = weir("--endpoint", upstream(reply()).url, "--listen", f"[::1]:{port}")
    with Connection(("::1", port)) as connection:
        assert connection.request("GET", "/v1/models", headers={"Host": f"[::1]:{port}"}).status == 200
    assert f"[::1]:{port}" in json.dumps(gateway.admin("GET", "/v1/process").json())
