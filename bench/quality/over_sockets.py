#!/usr/bin/env python3
"""Replays one trace twice: by `quality` on its virtual clock, and over real sockets with `weir sim` and
`weir serve`. Prints both and how far they are apart; exits with 1 when a figure differs by more than --within.

The made-up trace is small and slow on purpose (a millisecond a prompt token), so that what is measured are the
simulator's times and not this machine's."""

import argparse
import http.client
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

UNIT = 512  # tokens behind a hash id
TOKEN_BYTES = 4
ENDPOINTS = 4


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_trace(seconds, seed):
    """Tenants of different sizes, each with a prefix of one to four units, and a unit of its own a request."""
    dice = random.Random(seed)
    tenants = [[10 * t + i for i in range(1 + t % 4)] for t in range(12)]
    at, out = 0.0, []
    while True:
        at += dice.expovariate(2.5)
        if at > seconds:
            return out
        prefix = tenants[min(int(len(tenants) * dice.random() ** 2), len(tenants) - 1)]
        ids = [*prefix, 1000 + len(out)]
        out.append({"timestamp": int(at * 1000), "input_length": UNIT * len(ids), "output_length": dice.randrange(10, 60), "hash_ids": ids})


def text_of(request):
    """Deterministic text for each hash id."""
    parts = []
    for hash_id in request["hash_ids"]:
        dice = random.Random(hash_id)
        parts.append("".join(dice.choices("abcdefghijklmnopqrstuvwxyz ", k=UNIT * TOKEN_BYTES)))
    return "".join(parts)[: request["input_length"] * TOKEN_BYTES]


def percentile(values, share):
    values = sorted(values)
    return values[int(share * (len(values) - 1) + 0.5)]


def wait_until_it_listens(port, deadline=10):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


class Client:
    def __init__(self, port):
        self.port = port
        self.ttft, self.latency, self.prompt, self.cached, self.failed = [], [], 0, 0, 0
        self.lock = threading.Lock()

    def send(self, request, due):
        time.sleep(max(0.0, due - time.monotonic()))
        body = {"model": "weir-sim", "prompt": text_of(request), "max_tokens": request["output_length"], "ignore_eos": True}
        body |= {"stream": True, "stream_options": {"include_usage": True}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = time.monotonic()
        connection.request("POST", "/v1/completions", json.dumps(body))
        answer = connection.getresponse()
        first, usage = None, None
        for line in answer:
            if line.startswith(b"data: {"):
                first = first or time.monotonic()
                usage = json.loads(line[6:]).get("usage") or usage
        done = time.monotonic()
        connection.close()
        with self.lock:
            if answer.status != 200 or usage is None:
                self.failed += 1
                return
            self.ttft.append(first - sent)
            self.latency.append(done - sent)
            self.prompt += usage["prompt_tokens"]
            self.cached += usage["prompt_tokens_details"]["cached_tokens"]


def over_sockets(weir, trace, preset):
    ports = [free_port() for _ in range(ENDPOINTS)]
    data = free_port()
    sim = [weir, "sim", "--prefill-time-per-token", "1ms", "--kv-blocks", "32768"]
    serve = [weir, "serve", "--listen", f"127.0.0.1:{data}", "--admin", "off", "--threads", "1", "--seed", "1"]
    serve += ["--picker-preset", preset]
    for port in ports:
        sim += ["--listen", f"127.0.0.1:{port}"]
        serve += ["--endpoint", f"http://127.0.0.1:{port}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = []
    try:
        started.append(subprocess.Popen(sim, **quiet))
        for port in ports:
            wait_until_it_listens(port)
        started.append(subprocess.Popen(serve, **quiet))
        wait_until_it_listens(data)
        client = Client(data)
        begin = time.monotonic() + 0.5
        threads = [threading.Thread(target=client.send, args=(r, begin + r["timestamp"] / 1000)) for r in trace]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        for p in started:
            p.terminate()
            p.wait()
    if client.failed:
        sys.exit(f"{client.failed} requests failed")
    return {
        "ttft50": percentile(client.ttft, 0.5),
        "ttft90": percentile(client.ttft, 0.9),
        "lat50": percentile(client.latency, 0.5),
        "lat90": percentile(client.latency, 0.9),
        "hit%": 100 * client.cached / client.prompt,
    }


def virtual(quality, path, preset):
    out = subprocess.run(
        [quality, "--trace", path, "--limit", "0", "--rate", "1", "--policy", preset]
        + ["--endpoints", str(ENDPOINTS), "--prefill-us", "1000", "--kv-blocks", "32768"],
        capture_output=True, text=True, check=True,
    ).stdout
    head = next(line for line in out.splitlines() if line.startswith("policy"))
    row = next(line for line in out.splitlines() if line.startswith(preset))
    return {k: float(v) for k, v in zip(re.split(r"[\s|]+", head)[1:13], re.split(r"[\s|]+", row)[1:13])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default="build/release/weir")
    parser.add_argument("--quality", default="build/release/bench/quality/quality")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", default="weir", choices=["weir", "reference"])
    parser.add_argument("--within", type=float, default=0.1, help="largest difference, as a share")
    args = parser.parse_args()
    trace = make_trace(args.seconds, args.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in trace))
        want = virtual(args.quality, str(path), args.preset)
    got = over_sockets(args.weir, trace, args.preset)
    print(f"{len(trace)} requests in {args.seconds:.0f} s, {ENDPOINTS} endpoints, policy {args.preset}")
    print(f"{'figure':8} {'virtual':>9} {'sockets':>9} {'apart':>7}")
    worst = 0.0
    for name, value in got.items():
        apart = value / want[name] - 1
        worst = max(worst, abs(apart))
        print(f"{name:8} {want[name]:9.3f} {value:9.3f} {apart:+7.1%}")
    return 0 if worst <= args.within else 1


if __name__ == "__main__":
    sys.exit(main())
