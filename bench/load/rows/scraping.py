"""What scraping costs: cores of a gateway whose data path carries two requests a second, or none.

The thread that scrapes does nothing else by then, so the CPU time of the process is the scraper's.
"""

import json
import tempfile
import time
from pathlib import Path

from measurement import addresses
from rows.gateway import Gateway, endpoint_flags, get
from verdict import Verdict

CHAT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]}).encode()
PAGE = 50_000


def _cores(bench, endpoints, flags, active):
    """(cores, scrapes a second, period in ms) once the pace has settled."""
    listen, admin, *served = addresses(endpoints + 2)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        folder = Path(folder)
        with bench.fakes(served, folder, page=PAGE) as fakes:
            fakes.wait_ready(served[0])
            with Gateway(bench, folder, listen, admin, [*endpoint_flags(served), *flags]) as weir:
                def run(seconds):
                    end = time.monotonic() + seconds
                    while time.monotonic() < end:
                        if active:
                            get(listen, "/v1/chat/completions", CHAT)
                        time.sleep(0.5)

                run(3 if active else 5)
                scraped, cpu, began = weir.json("/v1/endpoints")["scraping"]["scrapes"], weir.cpu_us(), time.monotonic()
                run(3 if bench.quick else 5)
                took = time.monotonic() - began
                cores = (weir.cpu_us() - cpu) / 1e6 / took
                pace = weir.json("/v1/endpoints")["scraping"]
                return cores, (pace["scrapes"] - scraped) / took, pace["periodMs"]


def measure(bench):
    cores, rate, period = _cores(bench, 1000, [], True)
    yield Verdict("scraping", "1,000 endpoints, under traffic, as it comes", "≤ 0.1 core",
                  f"{cores:.3f} core, {rate:,.0f} pages/s, every {period:.0f} ms", cores <= 0.1)
    cores, rate, period = _cores(bench, 100, [], True)
    yield Verdict("scraping", "100 endpoints, 50 KB pages, under traffic, as it comes", "≤ 0.1 core",
                  f"{cores:.3f} core, {rate:,.0f} pages/s, every {period:.0f} ms", cores <= 0.1)
    cores, rate, period = _cores(bench, 100, ["--scrape-cpu", "4"], True)
    yield Verdict("scraping", "the same at 50 ms, whatever it takes", "≤ 0.1 core",
                  f"{cores:.3f} core, {cores / rate * 1e6:.0f} µs a page, every {period:.0f} ms", cores <= 0.1)
    cores, rate, _ = _cores(bench, 100, [], False)
    yield Verdict("scraping", "100 endpoints, nobody asks", "≤ 0.01 core", f"{cores:.4f} core, {rate:,.0f} pages/s",
                  cores <= 0.01)
