"""Too many clients, clients that the kernel spreads unevenly, and a process that stood still."""

import os
import re
import signal
import subprocess
import time

import pytest

from harness import Connection, chat_body, free_port, reply, request, weir_binary, wait_for


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


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]], ids=["drain", "at once"])
def test_logs_that_nobody_reads_hold_up_neither_traffic_nor_the_end(upstream, signals):
    unread, full = os.pipe()
    port = free_port()
    child = subprocess.Popen([weir_binary(), "serve", "--endpoint", upstream(reply()).url, "--listen", f"127.0.0.1:{port}",
                              "--admin", "off", "--threads", "1", "--access-log", "-", "--v", "2"], stdout=full, stderr=full)
    os.close(full)

    def connected():
        try:
            return Connection(("127.0.0.1", port))
        except OSError:
            return None

    try:
        with wait_for(connected, "the listener") as connection:
            question = request("POST", "/v1/chat/completions", chat_body())
            for _ in range(500):
                connection.send(question)
                assert connection.read_answer().status == 200
            for number in signals:
                child.send_signal(number)
                time.sleep(0.05)
            assert child.wait(10) == (0 if len(signals) == 1 else 128 + signals[-1])
    finally:
        child.kill()
        child.wait()
        os.close(unread)
