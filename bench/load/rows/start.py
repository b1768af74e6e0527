"""How long after its start a gateway serves: with 10 endpoints, and with 10,000 routes."""

import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

import processes
from figures import spread
from measurement import addresses
from peers import PEERS, Setting
from rows.gateway import Gateway, endpoint_flags, pods, route
from verdict import Verdict

ROUTES = 10_000


def _ready(gateway, listen, path):
    """Milliseconds from its start until it is ready and a request to `path` is answered."""
    began = time.monotonic()
    with gateway:
        return (gateway.wait_answer(listen, path) - began) * 1000


def _haproxy(bench, folder, listen, endpoints):
    proxy = processes.Process(PEERS["haproxy"].command(Setting(bench.build, folder, listen, endpoints)),
                              bench.proxy_cores, folder / "haproxy.log")
    began = time.monotonic()
    with proxy:
        proxy.wait_ready(listen, pause=0.001)
        return (time.monotonic() - began) * 1000


def measure(bench):
    listen, admin, *endpoints = addresses(12)
    times = 5 if bench.quick else 10
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        folder = Path(folder)
        manifests = folder / "manifests.yaml"
        manifests.write_text(pods(endpoints) + "".join(route(f"route-{i}", f"/at/{i}") for i in range(ROUTES)))
        with bench.fakes(endpoints, folder) as fakes:
            fakes.wait_ready(endpoints[0])
            few = [_ready(Gateway(bench, folder, listen, admin, endpoint_flags(endpoints)), listen, "/v1/models")
                   for _ in range(times)]
            beside = "" if PEERS["haproxy"].absent(bench.build) else (
                f"; HAProxy {median([_haproxy(bench, folder, listen, endpoints) for _ in range(times)]):.0f}")
            many = [_ready(Gateway(bench, folder, listen, admin, ["-f", str(manifests)]), listen, f"/at/{ROUTES - 1}")
                    for _ in range(3 if bench.quick else 5)]
        checked = subprocess.run([str(bench.build / "weir"), "check", "-f", str(manifests)], capture_output=True, text=True)
    if checked.returncode not in (0, 3):
        raise RuntimeError(f"the manifests are wrong: {checked.stdout[-300:]}")
    yield Verdict("start", "10 endpoints", "< 50 ms", f"{spread(few, 0)} ms{beside}", median(few) < 50)
    yield Verdict("start", f"{ROUTES:,} routes", "< 500 ms", f"{spread(many, 0)} ms", median(many) < 500)
