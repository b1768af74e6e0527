"""A client goes: how long until the endpoint sees its connection closed, in every phase of a request.

The endpoint is the fake, which notes when a connection with a request under way ended. A queued request has no
endpoint yet; its end is the time stamp of its line in the access log.
"""

import json
import socket
import struct
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median

from figures import quantile
from measurement import addresses
from rows.gateway import Gateway, endpoint_flags, get
from verdict import Verdict

BODY = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]})
QUEUED = """apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
featureGates: [flowControl]
plugins:
- {type: concurrency-detector, parameters: {maxConcurrency: 1}}
flowControl:
  saturationDetector: {pluginRef: concurrency-detector}
"""
# phase → what the fake is told to answer (see fake.cpp)
PHASES = {"waiting for an answer": "-1", "between two chunks": "1000 3600000000", "held back by a slow reader": "1000000 0"}
LEAVES = {"waiting for an answer": ("close", "reset"), "between two chunks": ("close", "reset"),
          "held back by a slow reader": ("close",)}


def _client(listen, fake, receive_buffer=0):
    host, port = listen.split(":")
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(10)
    client.connect((host, int(port)))
    client.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: bench.local\r\ncontent-type: application/json\r\n"
                   f"x-fake: {fake}\r\ncontent-length: {len(BODY)}\r\n\r\n{BODY}".encode())
    return client


def _leave(client, how):
    """Closes; the moment before, of the monotonic and of the wall clock, in nanoseconds."""
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    at = time.monotonic_ns(), time.time_ns()
    client.close()
    return at


def _until(condition, what):
    deadline = time.monotonic() + 5
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"no {what} within 5 s")
        time.sleep(0.001)
    return found


def _times(listen, endpoint, times):
    """{(phase, how): [milliseconds]} of a proxy at `listen`."""
    def stats(name):
        return json.loads(get(endpoint, "/stats"))[name]

    found = {}
    for phase, fake in PHASES.items():
        for how in LEAVES[phase]:
            took = found[phase, how] = []
            for _ in range(times):
                requests, before = stats("requests"), len(stats("abandoned"))
                client = _client(listen, fake, 4096 if fake.endswith(" 0") else 0)
                if fake == "-1":
                    _until(lambda: stats("requests") > requests, "request")  # noqa: B023
                else:
                    client.recv(300)
                    time.sleep(0.02 if fake.endswith(" 0") else 0.002)
                left, _ = _leave(client, how)
                time.sleep(0.005)  # asking at once would keep the fake, on the same core, from seeing the end
                ends = _until(lambda: stats("abandoned")[before:], "end")  # noqa: B023
                took.append((ends[0] - left) / 1e6)
    return found


def _queued(bench, folder, times):
    """Milliseconds until a request that waits in a queue has ended."""
    listen, admin, endpoint = addresses(3)
    (folder / "picker.yaml").write_text(QUEUED)
    log = folder / "access.log"
    flags = [*endpoint_flags([endpoint]), "--config-file", str(folder / "picker.yaml"), "--access-log", str(log)]
    took = []
    with bench.fakes([endpoint], folder) as fakes:
        fakes.wait_ready(endpoint)
        with Gateway(bench, folder, listen, admin, flags) as weir:
            first = _client(listen, "-1")
            _until(lambda: json.loads(get(endpoint, "/stats"))["requests"], "first request")
            for number in range(1, times + 1):
                client = _client(listen, "-1")
                _until(lambda: weir.metric("llm_d_epp_flow_control_queue_size") == 1, "queued request")
                _, left = _leave(client, "close")
                lines = _until(lambda: len(text := log.read_text().split("\n")) > number and text,  # noqa: B023
                               "line in the access log")
                entry = json.loads(lines[number - 1])
                if entry["end"] != "CQ":
                    raise RuntimeError(f"a queued request ended with {entry['end']}")
                ended = datetime.fromisoformat(entry["ts"]).timestamp()
                took.append((ended - left / 1e9) * 1e3)
            first.close()
    return took


def measure(bench):
    times = 40 if bench.quick else 150
    listen, admin, endpoint = addresses(3)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        folder = Path(folder)
        with bench.fakes([endpoint], folder) as fakes:
            fakes.wait_ready(endpoint)
            with Gateway(bench, folder, listen, admin, endpoint_flags([endpoint])):
                mine = _times(listen, endpoint, times)
        mine["queued", "close"] = _queued(bench, folder, times)
    for (phase, how), took in mine.items():
        yield Verdict("gone", f"{phase}, {how}", "median ≤ 0.3 ms, max ≤ 3 ms",
                      f"{median(took):.3f} ms, p99 {quantile(took, 0.99):.3f}, max {max(took):.3f}",
                      median(took) <= 0.3 and max(took) <= 3)
