"""What `weir check` takes for 10 MiB of manifests that ask for as much as a file can."""

import extremes
from verdict import Verdict

SIZE = 10 << 20


def measure(bench):
    slowest, largest = (0.0, ""), (0.0, "")
    for shape, code, seconds, memory in extremes.measure(str(bench.build / "weir"), SIZE):
        if code not in (0, 3, 4, 5):
            raise RuntimeError(f"{shape}: exit code {code}")
        slowest, largest = max(slowest, (seconds, shape)), max(largest, (memory, shape))
    count = len(extremes.SHAPES)
    yield Verdict("extremes", f"10 MiB, {count} shapes: CPU", "< 1 s", f"{slowest[0]:.2f} s: {slowest[1]}", slowest[0] < 1)
    yield Verdict("extremes", f"10 MiB, {count} shapes: memory", "< 256 MiB", f"{largest[0]:.0f} MiB: {largest[1]}",
                  largest[0] < 256)
