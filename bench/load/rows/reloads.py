"""20 reloads under load: no request fails, no connection ends."""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from measurement import addresses
from rows.gateway import Gateway, pods, route
from verdict import Verdict

RELOADS = 20


def measure(bench):
    listen, admin, *endpoints = addresses(6)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        folder = Path(folder)
        manifests = folder / "manifests"
        manifests.mkdir()

        def write(number):
            (folder / "next").write_text(pods(endpoints) + route("all", "/v1") + route("more", f"/round-{number}"))
            (folder / "next").rename(manifests / "all.yaml")

        write(0)
        with bench.fakes(endpoints, folder) as fakes:
            fakes.wait_ready(endpoints[0])
            with Gateway(bench, folder, listen, admin, ["-f", str(manifests)]) as weir:
                flags = {"seconds": 5, "warmup": 0.3, "connections": 32}
                with subprocess.Popen(bench.load_command([listen], flags), stdout=subprocess.PIPE, text=True) as child:
                    child.stdout.readline()
                    began = time.monotonic()
                    for number in range(1, RELOADS + 1):
                        write(number)
                        deadline = time.monotonic() + 5
                        while weir.metric("weir_config_reloads_total", "success") < number:
                            if time.monotonic() > deadline:
                                raise RuntimeError(f"reload {number} did not happen")
                            time.sleep(0.01)
                    if time.monotonic() - began > flags["seconds"]:
                        raise RuntimeError(f"{RELOADS} reloads took longer than the load")
                    if (rest := child.stdout.readline().strip()) != "end":
                        raise RuntimeError(f"the load said {rest!r}")
                    result = json.loads(child.stdout.readline())
    failed = sum(result["errors"].values())
    yield Verdict("reload", f"{RELOADS} reloads under closed-loop load", "0 failed",
                  f"{failed} of {result['requests'] + failed:,} failed, {result['reconnects']} connections closed",
                  failed == 0 and result["reconnects"] == 0)
