"""Too many clients, clients that the kernel spreads unevenly, and a process that stood still."""

import re
import signal
import time

from harness import reply, weir_binary, wait_for


def open_by_worker(gateway):
    text = gateway.admin("GET", "/metrics").text
    return [int(float(n)) for n in re.findall(r'^weir_connections_open\{worker="\d+"\} (\S+)', text, re.M)]


def test_workers_share_the_connections_evenly(weir, upstream):
    gateway = weir("--endpoint", upstream(reply()).url, "--threads", "4")
    connections = [gateway.connect() for _ in range(40)]
    for connection in connections:
        assert connection.request("GET", "/v1/models").status == 200
    wait_for(lambda: sum(open_by_worker(gateway)) == 40, "40 connections", 10)
    counts = open_by_worker(gateway)
    assert len(counts) == 4
    assert max(counts) - min(counts) <= 3
    for connection in connections:
        assert connection.request("GET", "/v1/models").status == 200
        connection.close()


def test_clients_cannot_take_the_last_descriptor(weir, upstream, tmp_path, monkeypatch):
    """The rest waits in the kernel's queue; what is under way goes on, admin and endpoints are reached."""
    limited = tmp_path / "weir-with-few-descriptors"
    limited.write_text(f'#!/bin/sh\nulimit -n 96\nexec {weir_binary()} "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setenv("WEIR_BIN", str(limited))
    gateway = weir("--endpoint", upstream(reply()).url, "--threads", "1")
    served = []
    while len(served) < 96:
        connection = gateway.connect(timeout=1)
        served.append(connection)
        connection.send("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            assert connection.read_answer().status == 200
        except AssertionError:
            break
    assert 8 < len(served) < 96
    waiting = served.pop()
    gateway.wait_log("accepting rests")
    for connection in served:
        assert connection.request("GET", "/v1/models").status == 200
    assert gateway.admin("GET", "/readyz").status == 200
    assert gateway.metric("weir_accept_pauses_total") > 0
    served.pop().close()
    assert waiting.read_answer(timeout=10).status == 200   # its turn has come


def test_a_process_that_was_stopped_reads_before_it_gives_up(weir, upstream):
    """What came in time is no timeout, though both deadline and bytes have waited for the process to go on."""
    def later(exchange):
        time.sleep(0.3)
        reply()(exchange)

    server = upstream(later)
    gateway = weir("--endpoint", server.url, "--threads", "1", "--first-byte-timeout", "600ms", "--head-timeout", "600ms")
    waiting, speaking = gateway.connect(), gateway.connect()
    waiting.send("GET /v1/a HTTP/1.1\r\nHost: a\r\n\r\n")
    speaking.send("GET /v1/b HTTP/1.1\r\n")
    server.wait_requests(1)
    gateway.signal(signal.SIGSTOP)
    speaking.send("Host: a\r\n\r\n")
    time.sleep(0.9)
    gateway.signal(signal.SIGCONT)
    assert waiting.read_answer().status == 200
    assert speaking.read_answer().status == 200
