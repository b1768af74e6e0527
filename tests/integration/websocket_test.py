"""WebSockets through a Service whose port says `appProtocol: kubernetes.io/ws`."""

import pytest

from harness import echo, free_port, reply, wait_for
from harness.manifest import gateway, listing, path, pool, route, rule, service, to_pool, to_service

ASK = ("GET {} HTTP/1.1\r\nHost: ws.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


def accept(then):
    """A script that agrees and calls `then` with the bare connection; what asks for no upgrade gets an echo."""

    def run(exchange):
        if exchange.request.header("upgrade") is None:
            return echo("plain")(exchange)
        exchange.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello")
        then(exchange)
        exchange.close()

    return run


def mirror_bytes(exchange):
    connection = exchange._connection
    while data := connection.recv(65536):
        connection.sendall(data.upper())


@pytest.fixture
def serve(weir, manifests):
    """serve(server, members of the rule) has the Service at /ws, the same server as a plain Service and as a pool."""

    def start(server, **members):
        port = free_port()
        text = listing(gateway(), *service("ws", server, appProtocol="kubernetes.io/ws"), *service("web", server),
                       *pool("llm", server), route(rule(to_service("ws"), matches=[path("/ws")], **members),
                                                   rule(to_service("web"), matches=[path("/web")]),
                                                   rule(to_pool("llm"), matches=[path("/llm")])))
        process = weir("-f", manifests({"all.json": text}), "--port-map", f"80={port}")
        process.port = port
        return process

    return start


def test_bytes_go_both_ways_until_one_side_closes(serve, upstream):
    server = upstream(accept(mirror_bytes))
    gateway = serve(server, timeouts={"request": "1500ms"})
    with gateway.connect() as connection:
        connection.send(ASK.format("/ws/chat?x=1") + "early")
        answer = connection.read_head()
        assert (answer.status, answer.header("upgrade"), answer.header("connection")) == (101, "websocket", "upgrade")
        assert answer.header("sec-websocket-accept") and answer.header("x-request-id")
        assert answer.header("content-length") is None and answer.header("transfer-encoding") is None
        assert connection.read_exactly(10) == b"helloEARLY"
        assert connection.is_silent(1.7)  # the time of a request is not that of a tunnel
        big = b"x" * 3_000_000
        connection.socket.setblocking(True)
        sent = 0
        got = b""
        while len(got) < len(big):  # more than the buffers of the way hold
            if sent < len(big):
                sent += connection.socket.send(big[sent:sent + 200_000])
            got += connection.read_exactly(min(sent - len(got), 100_000))
        assert got == big.upper()
    asked = server.requests[0]
    assert (asked.target, asked.header("upgrade"), asked.header("connection")) == ("/ws/chat?x=1", "websocket", "upgrade")
    wait_for(lambda: gateway.metric("weir_requests_active") == 0, "the tunnel gone with its client")


def test_a_server_that_closes_ends_the_tunnel(serve, upstream):
    gateway = serve(upstream(accept(lambda exchange: exchange.send("bye"))))
    with gateway.connect() as connection:
        connection.send(ASK.format("/ws"))
        assert connection.read_head().status == 101
        assert connection.read_to_end() == b"hellobye"


def test_a_refusal_is_an_ordinary_answer(serve, upstream):
    gateway = serve(upstream([reply(403, "no"), echo("again")]))
    with gateway.connect() as connection:
        connection.send(ASK.format("/ws"))
        answer = connection.read_answer()
        assert (answer.status, answer.text) == (403, "no")
        assert connection.request("GET", "/ws").json()["server"] == "again"


def test_others_are_asked_for_a_plain_answer(serve, upstream):
    gateway = serve(upstream(accept(mirror_bytes)))
    plain = [ASK.format("/web"), ASK.format("/llm"), ASK.format("/ws").replace("WebSocket", "h2c"),
             ASK.format("/ws").replace("HTTP/1.1", "HTTP/1.0"), ASK.format("/ws").replace(", Upgrade", "")]
    for asked in plain:
        with gateway.connect() as connection:
            connection.send(asked)
            answer = connection.read_answer()
            assert (answer.status, answer.json()["server"]) == (200, "plain"), asked
            assert "upgrade" not in answer.json()["headers"]


def test_a_101_that_nobody_asked_for_is_a_502(serve, upstream):
    fields = {"/ws": "", "/ws/other": "Upgrade: h2c\r\nConnection: Upgrade\r\n", "/ws/none": ""}
    gateway = serve(upstream(lambda exchange: exchange.send(
        f"HTTP/1.1 101 Switching Protocols\r\n{fields[exchange.request.target]}\r\n")))
    assert gateway.get("/ws").status == 502
    # Nor may an endpoint choose another protocol than the one asked for, or name none.
    for target in ("/ws/other", "/ws/none"):
        with gateway.connect() as connection:
            connection.send(ASK.format(target))
            assert connection.read_head().status == 502
