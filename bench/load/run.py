#!/usr/bin/env python3
"""Measures weir beside other proxies and prints one Markdown table.

The proxy under test has one core to itself; load and fake model servers have the others. The peers take
turns within each repetition, so that a slow minute of the machine is slow for all. Figures are medians
over the repetitions, with the smallest and the largest behind them; a ratio is taken within a repetition.
"""

import argparse
import fnmatch
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import processes
from peers import PEERS, Setting, version
from scenarios import SCENARIOS


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/release"), help="folder of the optimised build")
    parser.add_argument("--quick", action="store_true", help="the rows that matter most, in some minutes")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, of: %(default)s")
    parser.add_argument("--scenarios", default="*", help="comma-separated names or patterns; `list` prints them")
    parser.add_argument("--repetitions", type=int, help="default 5, quick 3")
    parser.add_argument("--seconds", type=float, help="of each measurement; default 4, quick 1.5")
    parser.add_argument("--json", type=Path, help="also write every single measurement there")
    options = parser.parse_args()
    options.repetitions = options.repetitions or (3 if options.quick else 5)
    options.seconds = options.seconds or (1.5 if options.quick else 4)
    options.peers = options.peers.split(",")
    if unknown := set(options.peers) - set(PEERS):
        parser.error(f"no peer {', '.join(unknown)}")
    return options


def measure(peer, scenario, options, folder):
    """One measurement, a dict; None when the peer is absent."""
    port = processes.free_ports(scenario.endpoints + 1)
    endpoints = [f"127.0.0.1:{port + 1 + i}" for i in range(scenario.endpoints)]
    setting = Setting(options.build.resolve(), folder, f"127.0.0.1:{port}", endpoints)
    load_cores, proxy_cores = processes.cores()
    programs = setting.build / "bench" / "load"
    fake = [str(programs / "fake"), "--listen", endpoints[0], "--ports", str(scenario.endpoints)]
    with processes.Process(fake, load_cores, folder / "fake.log") as server:
        server.wait_ready(endpoints[0])
        if peer == "direct":
            return load(scenario, options, endpoints[:64], load_cores, None)
        command = PEERS[peer](setting)
        if command is None:
            return None
        with processes.Process(command, proxy_cores, folder / f"{peer}.log") as proxy:
            proxy.wait_ready(setting.listen)
            return load(scenario, options, [setting.listen], load_cores, proxy)


def load(scenario, options, targets, on, proxy):
    flags = {"seconds": options.seconds, "warmup": scenario.warmup, **scenario.load}
    command = ["taskset", "-c", ",".join(map(str, on)), str(options.build.resolve() / "bench" / "load" / "load")]
    command += [x for name, value in flags.items() for x in (f"--{name}", str(value))]
    command += [x for target in targets for x in ("--target", target)]
    before = proxy.memory_kb() if proxy else None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        timer_end = time.monotonic() + scenario.warmup + options.seconds + 60
        expect(child, "begin")
        cpu = proxy.cpu_us() if proxy else 0
        expect(child, "end")
        cpu = proxy.cpu_us() - cpu if proxy else None
        after = proxy.memory_kb() if proxy else None
        result = json.loads(child.stdout.readline())
        child.wait(timeout=max(1, timer_end - time.monotonic()))
    count = {"request": result["requests"], "chunk": result["events"], "stream": result["open_streams"]}
    result["count"] = count[scenario.unit]
    if proxy and result["count"]:
        result["cpu_us"] = cpu / result["count"] if scenario.unit != "stream" else None
        result["rss_mb"] = after["Rss"] / 1024
        if scenario.unit == "stream":
            result["pss_kb"] = (after["Pss"] - before["Pss"]) / result["count"]
            result["heap_kb"] = (after["Anonymous"] - before["Anonymous"]) / result["count"]
    return result


def expect(child, word):
    line = child.stdout.readline().strip()
    if line != word:
        raise RuntimeError(f"the load said {line!r} instead of {word!r}")


def spread(values, digits):
    """`median (smallest to largest)` of what is there."""
    values = [v for v in values if v is not None]
    if not values:
        return ""
    if len(values) == 1 or min(values) == max(values):
        return f"{median(values):,.{digits}f}"
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def ratio(mine, theirs):
    """The median of the ratios within each repetition."""
    pairs = [a["cpu_us"] / b["cpu_us"] for a, b in zip(mine, theirs)
             if a and b and a.get("cpu_us") and b.get("cpu_us")]
    return f"{median(pairs):.2f}" if pairs else ""


HEADINGS = ["load", "peer", "CPU µs per unit", "× HAProxy", "× floor", "units/s", "p50 ms", "p99 ms",
            "p50 − direct", "TTFT p50 ms", "TTFT p99 ms", "chunk delay p99 ms", "RSS MB",
            "heap KB per stream", "PSS KB per stream", "errors"]


def row(scenario, peer, all_of):
    taken = all_of[peer]
    runs = [r for r in taken if r and "failed" not in r]
    if not runs:
        why = next((r["failed"] for r in taken if r), "absent")
        return [scenario.title, peer, why] + [""] * (len(HEADINGS) - 3)
    column = lambda name: [r.get(name) for r in runs]  # noqa: E731
    middle = lambda name, digits: f"{median(v):,.{digits}f}" if (v := [x for x in column(name) if x is not None]) else ""  # noqa: E731
    direct = [r["latency_p50_ms"] for r in all_of.get("direct", []) if r and "latency_p50_ms" in r]
    added = f"{median(column('latency_p50_ms')) - median(direct):.3f}" if direct and runs[0].get("latency_p50_ms") else ""
    errors = sum(sum(r["errors"].values()) + r["backlog"] for r in runs)
    kinds = sorted({k for r in runs for k in r["errors"]})
    streamed = "chunks" in scenario.load
    return [scenario.title, peer, spread(column("cpu_us"), 2), ratio(taken, all_of.get("haproxy", [])),
            ratio(taken, all_of.get("floor", [])), f"{median([r['count'] / r['seconds'] for r in runs]):,.0f}"
            if scenario.unit != "stream" else f"{runs[0]['count']} open",
            middle("latency_p50_ms", 3), middle("latency_p99_ms", 3), added if peer != "direct" else "",
            middle("ttft_p50_ms", 3) if streamed else "", middle("ttft_p99_ms", 3) if streamed else "",
            middle("event_p99_ms", 3), middle("rss_mb", 1), middle("heap_kb", 1), middle("pss_kb", 1),
            f"{errors} ({', '.join(kinds)})" if kinds else str(errors)]


def progress(text):
    """One line that is written over on a terminal, a line each elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="" if text else "\n", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def print_table(rows):
    print("| " + " | ".join(HEADINGS) + " |")
    print("|" + "---|" * len(HEADINGS))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


def main():
    options = arguments()
    if options.scenarios == "list":
        for s in SCENARIOS:
            print(f"{s.name:20} {s.title}{' (quick)' if s.quick else ''}")
        return 0
    patterns = options.scenarios.split(",")
    chosen = [s for s in SCENARIOS if any(fnmatch.fnmatch(s.name, p) for p in patterns)
              and (s.quick or not options.quick or options.scenarios != "*")]
    processes.raise_file_limit()
    load_cores, proxy_cores = processes.cores()
    os.sched_setaffinity(0, load_cores)
    results = {s.name: {p: [] for p in options.peers} for s in chosen}
    total = options.repetitions * len(chosen) * len(options.peers)
    done = 0
    for _ in range(options.repetitions):
        for scenario in chosen:
            for peer in options.peers:
                done += 1
                progress(f"[{done}/{total}] {scenario.name} {peer}")
                with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
                    try:
                        taken = measure(peer, scenario, options, Path(folder))
                    except (RuntimeError, OSError, ValueError) as error:
                        taken = {"failed": " ".join(str(error).split())[:80]}
                results[scenario.name][peer].append(taken)
    progress("")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))

    here = Setting(options.build.resolve(), Path(), "", [])
    said = [v for p in options.peers if (v := version(p, here))]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; proxy on core "
          f"{proxy_cores[0]}, load on {','.join(map(str, load_cores))}; {options.repetitions} repetitions of "
          f"{options.seconds:g} s; " + "; ".join(said) + ".\n")
    print_table([row(s, p, results[s.name]) for s in chosen for p in options.peers])
    return 0


if __name__ == "__main__":
    sys.exit(main())
