"""Endpoints that cannot be reached, die, and come back: what is tried again, how often, and what never is."""

import socket
import threading

from harness import Upstream, chat_body, free_port, reply, request, wait_for

CHAT = "/v1/chat/completions"


def posts(server):
    return [r for r in server.requests if r.method == "POST"]


def states(gateway):
    endpoints = gateway.admin("GET", "/v1/endpoints").json()
    found = {}

    def walk(node):
        if isinstance(node, dict):
            if "address" in node and "state" in node:
                found[node["address"]] = node["state"]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(endpoints)
    return found


def test_a_refused_endpoint_costs_nobody_anything(weir, upstream):
    """The next candidate is tried; after three refusals in a row the endpoint is left out, and a probe brings it back."""
    port, good = free_port(), upstream(reply())
    gateway = weir("--endpoint", f"http://127.0.0.1:{port}", "--endpoint", good.url, "--threads", "1")
    for _ in range(20):   # without a body any endpoint will do
        assert gateway.get("/v1/models").status == 200
    wait_for(lambda: states(gateway)[f"127.0.0.1:{port}"] == "down", "the endpoint is down", 10)
    with Upstream(reply(), port=port) as back:
        wait_for(lambda: states(gateway)[f"127.0.0.1:{port}"] != "down", "the endpoint is back", 10)
        wait_for(lambda: gateway.get("/v1/models").status == 200 and
                 any(r.target == "/v1/models" and r.header("via") for r in back.requests), "a request to it", 10)


def test_at_most_three_connects_a_request(weir, upstream):
    ports = [free_port() for _ in range(5)]
    gateway = weir(*[word for p in ports for word in ("--endpoint", f"http://127.0.0.1:{p}")], "--threads", "1")
    answer = gateway.chat()
    assert answer.status == 503
    assert answer.text.endswith("delayed connect error: Connection refused")
    assert gateway.metric("weir_upstream_retries_total") == 2
    wait_for(lambda: gateway.chat().text == "no healthy upstream", "all of them down", 10)
    wait_for(lambda: set(states(gateway).values()) == {"down"}, "all said to be down", 10)


def test_a_connect_that_hangs_ends_by_the_connect_timeout(weir):
    with socket.socket() as full:   # a backlog that nobody empties
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        gateway = weir("--endpoint", f"http://127.0.0.1:{full.getsockname()[1]}", "--connect-timeout", "300ms")
        answer = gateway.chat()
        for filler in fillers:
            filler.close()
    assert (answer.status, answer.header("x-weir-reason")) == (503, "connect-failed")
    assert answer.text.endswith("reset reason: connection timeout")


def test_a_dispatched_request_is_not_sent_again(weir, upstream):
    """A fresh connection on which bytes were written and that brings none back: 503, one dispatch."""
    def die(exchange):
        exchange.close()

    first, second = upstream(die), upstream(die)
    gateway = weir("--endpoint", first.url, "--endpoint", second.url, "--threads", "1")
    assert gateway.chat().status == 503
    assert len(posts(first)) + len(posts(second)) == 1


def test_a_reused_connection_that_dies_is_replayed_once_and_no_more(weir, upstream):
    served = threading.Event()

    def die_later(exchange):
        if not served.is_set():
            served.set()
            return reply()(exchange)
        return exchange.close()

    server = upstream(die_later)
    gateway = weir("--endpoint", server.url, "--threads", "1")
    assert gateway.chat().status == 200
    assert gateway.chat().status == 503
    assert len(posts(server)) == 3   # one served, one on the reused connection, one replay
    assert gateway.metric("weir_upstream_replays_total") == 1


def test_the_keep_alive_race_is_not_seen(weir):
    """The endpoint closes each idle connection right after its answer, while the next request is on its way."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    def serve(connection):
        with connection:
            if connection.recv(65536):
                connection.sendall(answer)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    gateway = weir("--endpoint", f"http://127.0.0.1:{listener.getsockname()[1]}", "--threads", "1")
    with gateway.connect() as connection:
        for _ in range(300):
            connection.send(request("POST", CHAT, chat_body()))
            assert connection.read_answer().status == 200
    listener.close()


def test_pooled_connections_are_reused_and_outlive_their_clients(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url, "--threads", "1")
    for _ in range(20):
        assert gateway.chat().status == 200   # a new client connection each
    assert len({r.connection for r in posts(server)}) == 1
