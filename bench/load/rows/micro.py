"""A decision among 100 endpoints, and the prefix index with a million blocks: from the programs of bench/micro."""

import re
import subprocess

from verdict import Verdict


def _run(bench, program):
    command = ["taskset", "-c", ",".join(map(str, bench.proxy_cores)), str(bench.build / "bench" / "micro" / program)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def measure(bench):
    p50, p99 = map(int, re.search(r"^default +100 +(\d+) +(\d+)", _run(bench, "scheduling_bench"), re.M).groups())
    yield Verdict("decision", "default profile, 100 endpoints", "p50 < 5 µs, p99 < 50 µs",
                  f"{p50 / 1000:.2f} and {p99 / 1000:.2f} µs", p50 < 5000 and p99 < 50_000)
    index = _run(bench, "prefix_bench")
    whole = float(re.search(r"new prompt: all of it +p50 +([\d.]+) us", index).group(1))
    yield Verdict("beyond", "prefix index: look up, insert, evict 220 KB, a million blocks", "≤ 20 µs p50",
                  f"{whole:.2f} µs", whole <= 20)
