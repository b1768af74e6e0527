#!/usr/bin/env python3
"""Measures weir beside other proxies and holds it to its promises; prints one block of Markdown.

The proxy under test has one core to itself; load and fake model servers have the others. The peers take
turns within each repetition, so that a slow minute of the machine is slow for all. Figures are medians
over the repetitions, with the smallest and the largest behind them; ratios and differences are taken
within a repetition. --list names the loads and the other rows that can be chosen.
"""

import argparse
import fnmatch
import json
import os
import platform
import resource
import sys
import time
from pathlib import Path

import processes
import promises
import table
from measurement import Bench, measure
from peers import ALL, PEERS
from rows import ROWS
from scenarios import DEFAULT, FULL, QUICK, SCENARIOS
from verdict import PROMISES, Verdict, ordered

START_SECONDS = {"litellm": 12.0, "vllm-router": 1.5}  # of a measurement beside warm-up and load; else 0.8
ROUTER_REPETITIONS = 3                                  # their distance is no matter of some per cent
BEGIN, END = "<!-- bench: written by ./dev bench --update -->", "<!-- bench: end -->"


def is_router(peer):
    """Whether it comes from the package index."""
    return peer in PEERS and bool(PEERS[peer].requirement)


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/release"), help="folder of the optimised build")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the rows that matter most, without the routers, in minutes")
    size.add_argument("--full", action="store_true", help="the whole matrix, for hours")
    parser.add_argument("--peers", help=f"comma-separated, of: {','.join(ALL)}")
    parser.add_argument("--scenarios", help="comma-separated names or patterns of loads; then no other rows by default")
    parser.add_argument("--rows", help="comma-separated names or patterns of other rows; then no loads by default")
    parser.add_argument("--list", action="store_true", help="name loads and rows, and measure nothing")
    parser.add_argument("--repetitions", type=int, help="default 5, quick 3")
    parser.add_argument("--seconds", type=float, help="of each measurement; default and quick 1, full 3")
    parser.add_argument("--json", type=Path, help="also write every single measurement there")
    parser.add_argument("--update", type=Path, nargs="?", const=Path("docs/performance.md"),
                        help="also write the block into this file, between its marks (%(const)s)")
    options = parser.parse_args(words)
    options.repetitions = options.repetitions or (3 if options.quick else 5)
    options.seconds = options.seconds or (3 if options.full else 1)
    options.chosen_peers = options.peers is not None
    usual = [p for p in ALL if not options.quick or not is_router(p)]
    options.peers = options.peers.split(",") if options.chosen_peers else usual
    if unknown := set(options.peers) - set(ALL):
        parser.error(f"no peer {', '.join(sorted(unknown))}")
    return options


def chosen(options):
    """(loads, rows) by what was asked for."""
    def matching(items, patterns):
        found = [i for i in items if any(fnmatch.fnmatch(i.name, p) for p in patterns.split(","))]
        if not found:
            sys.exit(f"nothing is named {patterns}; --list names all")
        return found

    level = QUICK if options.quick else FULL if options.full else DEFAULT
    loads, rows = [s for s in SCENARIOS if s.level <= level], ROWS
    if options.scenarios or options.rows:
        loads = matching(SCENARIOS, options.scenarios) if options.scenarios else []
        rows = matching(ROWS, options.rows) if options.rows else []
    return loads, rows


def peers_of(scenario, options):
    """Who is measured under a load: with --peers, whoever was named."""
    if options.chosen_peers:
        return options.peers
    return [p for p in options.peers if p in scenario.peers or (scenario.routers and is_router(p))]


def plan(loads, options):
    """All measurements in their order: (scenario, peer, about how many seconds it takes)."""
    for repetition in range(options.repetitions):
        for scenario in loads:
            if scenario.repetitions and repetition >= scenario.repetitions:
                continue
            for peer in peers_of(scenario, options):
                if is_router(peer) and repetition >= ROUTER_REPETITIONS and not options.full:
                    continue
                if peer == "litellm" and scenario.name not in ("1k", "sse-fast") and not options.chosen_peers:
                    continue  # some hundred times what the others cost: one row of each kind shows that
                yield scenario, peer, scenario.warmup + max(options.seconds, scenario.seconds) + START_SECONDS.get(peer, 0.8)


class Progress:
    """Says what is under way and about how long the rest takes, on stderr: `spent` and `planned` seconds so far."""

    def __init__(self, planned):
        self.planned, self.gone, self.began, self.number = sum(planned), 0.0, time.monotonic(), 0
        self.count = len(planned)

    def step(self, text, seconds):
        self.number += 1
        pace = (time.monotonic() - self.began) / self.gone if self.gone > 20 else 1.0
        left = (self.planned - self.gone) * pace
        self.say(f"[{self.number}/{self.count}] about {left / 60:.0f} min left: {text}")
        self.gone += seconds

    def say(self, text):
        """One line that is written over on a terminal, a line each elsewhere."""
        if sys.stderr.isatty():
            print(f"\r{text:90}", end="" if text else "\n", file=sys.stderr, flush=True)
        elif text:
            print(text, file=sys.stderr, flush=True)


def attempt(action):
    """What it gives, or why it failed."""
    try:
        return action()
    except (RuntimeError, OSError, ValueError, KeyError, ZeroDivisionError) as error:
        return {"failed": " ".join(f"{type(error).__name__}: {error}".split())[:160]}


def reachable(scenario):
    """Why this load cannot be had here, or nothing: a proxy needs two descriptors a connection."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * scenario.load["connections"] + 200
    return f"needs {needed:,} open files, the limit is {files:,}" if needed > files else ""


def run_loads(bench, steps, progress):
    """{scenario: {peer: [figures]}}"""
    results = {}
    for scenario, peer, seconds in steps:
        progress.step(f"{scenario.name}, {peer}", seconds)
        why = reachable(scenario) or (PEERS[peer].absent(bench.build) if peer != "direct" else "")
        taken = {"failed": why} if why else attempt(lambda: measure(bench, peer, scenario))  # noqa: B023
        results.setdefault(scenario.name, {}).setdefault(peer, []).append(taken)
    return results


def run_rows(bench, rows, progress):
    found = []
    for row in rows:
        progress.step(row.title, row.seconds)
        verdicts = attempt(lambda: row.measure(bench))  # noqa: B023
        if isinstance(verdicts, dict):
            verdicts = [Verdict("beyond", row.title, "", verdicts["failed"], False)]
        found += verdicts
    return found


def header(bench, options):
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    absent = {p: why for p in options.peers if p != "direct" and (why := PEERS[p].absent(bench.build))}
    said = [PEERS[p].says(bench.build) for p in options.peers if p != "direct"]
    said += [f"{p} {why}" for p, why in absent.items()]
    return (f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; proxy on core "
            f"{','.join(map(str, bench.proxy_cores))}, load on {','.join(map(str, bench.load_cores))}; "
            f"{options.repetitions} repetitions of {options.seconds:g} s; {files:,} open files; " +
            "; ".join(s for s in said if s) + ".")


def block(bench, options, loads, results, verdicts):
    """The Markdown of a run."""
    parts = [header(bench, options)]
    if verdicts:
        verdicts = ordered(verdicts, everything=not (options.scenarios or options.rows))
        counts = [sum(v.met is met for v in verdicts) for met in (True, False, None)]
        parts.append("**{} met, {} gaps, {} not judged.**".format(*counts))
        parts.append(table.markdown(["promise", "what", "bar", "measured", ""],
                                    [[PROMISES[v.promise], v.what, v.bar, v.measured, v.word] for v in verdicts]))
    if results:
        rows = [table.row(s, p, results[s.name]) for s in loads for p in results[s.name]]
        parts.append(table.markdown(table.HEADINGS, rows))
        bound = [f"{s.title} ({p})" for s in loads for p, runs in results[s.name].items() if table.load_bound(s, p, runs)]
        if bound:
            parts.append("Here the core of the load was the full one, and units/s say nothing of the proxy: " +
                         "; ".join(bound) + ".")
    return "\n\n".join(parts)


def replaced(text, new):
    """`text` with what stands between its marks replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no `{BEGIN}` and `{END}` in it")
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def main():
    options = arguments()
    if options.list:
        levels = {QUICK: "quick", DEFAULT: "default", FULL: "full"}
        for s in SCENARIOS:
            print(f"{s.name:28} {levels[s.level]:8} {s.title}")
        for r in ROWS:
            print(f"{r.name:28} {'row':8} {r.title}")
        return 0
    processes.raise_file_limit()
    bench = Bench(options.build, options.seconds, options.quick)
    os.sched_setaffinity(0, bench.load_cores)
    loads, rows = chosen(options)
    steps = list(plan(loads, options))
    for peer in {peer for _, peer, _ in steps if peer != "direct"}:
        PEERS[peer].absent(bench.build)  # installs it now, so that no measurement waits for it
    progress = Progress([s[2] for s in steps] + [r.seconds for r in rows])
    results = run_loads(bench, steps, progress)
    verdicts = [*promises.verdicts(results), *run_rows(bench, rows, progress)]
    progress.say("")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    text = block(bench, options, loads, results, verdicts)
    print(text)
    if options.update:
        options.update.write_text(replaced(options.update.read_text(), text))
    print(f"{(time.monotonic() - progress.began) / 60:.0f} min", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
