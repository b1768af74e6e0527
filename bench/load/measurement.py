"""One measurement: fake model servers, a proxy before them, a load, and what the proxy spent on it."""

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import processes
from peers import PEERS, Setting
from scenarios import HALF, Scenario


@dataclass
class Bench:
    """What all measurements of one run share."""

    build: Path
    seconds: float                                  # of each measured part
    quick: bool = False
    rates: dict = field(default_factory=dict)       # body bytes → half of HAProxy's requests a second

    def __post_init__(self):
        self.build = self.build.resolve()
        self.load_cores, self.proxy_cores = processes.cores()

    def program(self, name):
        return str(self.build / "bench" / "load" / name)

    def fakes(self, endpoints, folder, **flags):
        """The fake model servers at consecutive addresses."""
        command = [self.program("fake"), "--listen", endpoints[0], "--ports", str(len(endpoints)), *_flags(flags)]
        return processes.Process(command, self.load_cores, folder / "fake.log")

    def load_command(self, targets, flags):
        command = ["taskset", "-c", ",".join(map(str, self.load_cores)), self.program("load"), *_flags(flags)]
        return [*command, *(x for target in targets for x in ("--target", target))]

    def half_rate(self, body):
        """Half of what HAProxy, or else the floor, serves of this body: measured at the first use."""
        if body not in self.rates:
            flags = {"body": body, "connections": 32 if body < 100_000 else 8, "prompts": "distinct"}
            peer = "floor" if PEERS["haproxy"].absent(self.build) else "haproxy"
            result = measure(self, peer, Scenario("probe", "", flags))
            self.rates[body] = max(1, round(result["requests"] / result["seconds"] / 2))
        return self.rates[body]


def addresses(count):
    """`count` free consecutive loopback addresses."""
    first = processes.free_ports(count)
    return [f"127.0.0.1:{first + i}" for i in range(count)]


def _flags(flags):
    return [x for name, value in flags.items() for x in (f"--{name}", str(value))]


def measure(bench, peer, scenario):
    """The figures of one peer under one load."""
    flags = {"seconds": max(bench.seconds, scenario.seconds), "warmup": scenario.warmup, **scenario.load}
    if flags.get("rate") == HALF:
        flags["rate"] = bench.half_rate(flags["body"])
    listen, spare, *endpoints = addresses(scenario.endpoints + 2)
    answers = {name: flags[name] for name in ("chunks", "interval-us") if name in flags}
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        folder = Path(folder)
        with bench.fakes(endpoints, folder, **answers) as fakes:
            fakes.wait_ready(endpoints[0])
            if peer == "direct":
                return run_load(bench, scenario, flags, endpoints[:64], fakes)
            setting = Setting(bench.build, folder, listen, endpoints, int(spare.split(":")[1]))
            with processes.Process(PEERS[peer].command(setting), bench.proxy_cores, folder / "proxy.log") as proxy:
                proxy.wait_ready(listen, 60)
                return run_load(bench, scenario, flags, [listen], fakes, proxy)


def run_load(bench, scenario, flags, targets, fakes, proxy=None):
    """Runs the load program and weighs the proxy from its `begin` to its `end`."""
    before = proxy.memory_kb() if proxy else {}
    limit = time.monotonic() + flags["warmup"] + flags["seconds"] + 60
    with subprocess.Popen(bench.load_command(targets, flags), stdout=subprocess.PIPE, text=True) as child:
        def spent():
            ours = fakes.cpu_us() + processes.cpu_us(child.pid)
            return (proxy.cpu_us(), proxy.cpu_us("weir/"), ours) if proxy else (0, 0, ours)

        _expect(child, "begin")
        began, at = time.monotonic(), spent()
        _expect(child, "end")
        cpu, carrying, ours = (b - a for a, b in zip(at, spent()))
        elapsed = (time.monotonic() - began) * 1e6
        after = proxy.memory_kb() if proxy else {}
        result = json.loads(child.stdout.readline())
        child.wait(timeout=max(1, limit - time.monotonic()))
    counts = {"request": result["requests"], "chunk": result["events"], "stream": result["open_streams"],
              "connection": result["open_connections"]}
    count = result["count"] = counts[scenario.unit]
    result["load_busy"] = ours / elapsed
    if "hold" in flags and result["reconnects"]:
        result["errors"]["connections closed"] = result["reconnects"]
    if not proxy or not count:
        return result
    result["proxy_busy"] = cpu / elapsed
    result["rss_mb"] = after["Rss"] / 1024
    if "hold" in flags:
        result["pss_kb"] = (after["Pss"] - before["Pss"]) / count
        result["heap_kb"] = (after["Anonymous"] - before["Anonymous"]) / count
    else:
        result["cpu_us"] = cpu / count
        # weir's requests are carried by threads of that name; what is left is scraping and the like.
        result["carrying_us"] = (carrying or cpu) / count
    return result


def _expect(child, word):
    line = child.stdout.readline().strip()
    if line != word:
        raise RuntimeError(f"the load said {line!r} instead of {word!r}")
