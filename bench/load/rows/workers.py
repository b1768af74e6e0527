"""CPU per request of two workers beside one, at the same load, both free to use every core."""

import os
import tempfile
from pathlib import Path
from statistics import median

from figures import spread
from measurement import addresses, run_load
from rows.gateway import Gateway, endpoint_flags
from scenarios import Scenario
from verdict import Verdict

RATE = 8000
LOAD = Scenario("two-workers", "", {"rate": RATE, "connections": 64})


def _cpu(bench, threads):
    listen, admin, *endpoints = addresses(6)
    everywhere = sorted({*bench.load_cores, *bench.proxy_cores})
    flags = {"seconds": bench.seconds, "warmup": LOAD.warmup, **LOAD.load}
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        folder = Path(folder)
        with bench.fakes(endpoints, folder) as fakes:
            fakes.wait_ready(endpoints[0])
            with Gateway(bench, folder, listen, admin, endpoint_flags(endpoints), on=everywhere, threads=threads) as weir:
                return run_load(bench, LOAD, flags, [listen], fakes, weir)["cpu_us"]


def measure(bench):
    pairs = [(_cpu(bench, 1), _cpu(bench, 2)) for _ in range(3 if bench.quick else 7)]
    over = [two / one for one, two in pairs]
    yield Verdict("two", f"1 KB, open loop {RATE:,}/s, CPU beside one worker's", "≤ 1.1 ×", f"{spread(over, 2)} ×",
                  median(over) <= 1.1)
    if (cores := os.cpu_count() or 1) < 4:
        yield Verdict("two", "throughput beside one worker's, ≥ 4 cores", "≥ 1.8 ×",
                      f"this machine has {cores} cores", None)
