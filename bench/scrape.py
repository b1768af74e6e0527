"""What scraping costs: CPU of the gateway per endpoint count and period, over simulated servers with full-size pages.

    python3 bench/scrape.py --build build/release [--seconds 10]

The gateway's own CPU time, from /proc, with its data path idle but for one request each half second where it says `active`.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def get(port, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def wait_ready(port, path, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return get(port, path)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def measure(weir, endpoints, flags, active, seconds):
    """Cores used, and what /v1/endpoints says about the pace."""
    listen, admin, *ports = free_ports(endpoints + 2)
    quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    sim = subprocess.Popen([weir, "sim", *(w for p in ports for w in ("--listen", f"127.0.0.1:{p}"))], **quiet)
    gateway = None
    try:
        wait_ready(ports[-1], "/health")
        page = len(get(ports[0], "/metrics"))
        gateway = subprocess.Popen([weir, "serve", *(w for p in ports for w in ("--endpoint", f"http://127.0.0.1:{p}")),
                                    "--listen", f"127.0.0.1:{listen}", "--admin", f"127.0.0.1:{admin}", *flags], **quiet)
        wait_ready(admin, "/readyz")
        body = json.dumps({"model": "weir-sim", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}).encode()

        def run(span):
            end = time.monotonic() + span
            while time.monotonic() < end:
                if active:
                    get(listen, "/v1/chat/completions", body)
                time.sleep(0.5)

        run(4)  # until the pace has settled
        scraped = json.loads(get(admin, "/v1/endpoints"))["scraping"]["scrapes"]
        spent, began = cpu_seconds(gateway.pid), time.monotonic()
        run(seconds)
        cores = (cpu_seconds(gateway.pid) - spent) / (time.monotonic() - began)
        pace = json.loads(get(admin, "/v1/endpoints"))["scraping"]
        return cores, (pace["scrapes"] - scraped) / seconds, pace, page
    finally:
        for child in (gateway, sim):
            if child is not None:
                child.terminate()
                child.wait()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", default="build/release", type=Path)
    options.add_argument("--seconds", default=10, type=float)
    chosen = options.parse_args()
    weir = str(chosen.build / "weir")
    rows = [(1000, [], True), (100, [], True), (100, ["--scrape-cpu", "4"], True), (100, [], False), (10, [], True), (10, [], False)]
    print(f"{'endpoints':>9} {'traffic':>8} {'flags':<16} {'cores':>7} {'scrapes/s':>10} {'us/scrape':>10} {'period':>9} {'page':>9}")
    for endpoints, flags, active in rows:
        cores, rate, pace, page = measure(weir, endpoints, flags, active, chosen.seconds)
        print(f"{endpoints:>9} {'active' if active else 'idle':>8} {' '.join(flags):<16} {cores:>7.3f} {rate:>10.0f} "
              f"{cores / rate * 1e6 if rate else 0:>10.1f} {pace['periodMs']:>6.0f} ms {page:>7} B", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
