#!/usr/bin/env python3
"""The tables of docs/policies.md, measured anew: knees, bounds, and figures at shares of the knee, as
means over seeds that no parameter was chosen with.

    bench/quality/table.py --conversation TRACE --synthetic TRACE >tables.md
"""

import argparse
import concurrent.futures
import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLAIN = ["random", "round-robin", "least-requests"]
COMPARED = ["reference", "reference-affinity", "weir"]
BOUNDS = ["clairvoyant", "one-server", "one-server-short-first"]
SPEEDS = "1,1,1,1,1.5,1.5,2,2"
CELL = {"ttft90": 3, "ttft99": 4, "slo%": 8, "good/s": 9, "load/s": 10, "hit%": 11}  # places in a row


class Bench:
    """Runs the bench; what a folder holds of an earlier run is not run again."""

    def __init__(self, binary, kept):
        self.binary, self.kept = binary, kept

    def run(self, flags):
        kept = self.kept and self.kept / hashlib.sha1(" ".join(flags).encode()).hexdigest()[:16]
        if kept and kept.exists():
            return kept.read_text()
        out = subprocess.run([str(self.binary), *flags], capture_output=True, text=True)
        if out.returncode != 0:
            sys.exit(f"{self.binary} {' '.join(flags)}: {out.stderr}")
        if kept:
            kept.write_text(out.stdout)
        return out.stdout


def rows(text):
    """The rows of a table in order: (policy, numbers), the lines with deviations left out."""
    found = []
    for line in text.splitlines():
        cells = line.replace("|", " ").split()
        if len(cells) == 15 and cells[0] != "policy":
            found.append((cells[0], [cells[0]] + [float(c) for c in cells[1:14]]))
    return found


def knees(text):
    """policy -> (knee, share of reference-affinity's, its deviation); None: no knee."""
    found = {}
    for line in text.splitlines():
        known = re.match(r"knee (\S+)\s+([\d.]+) \+-\s+[\d.]+ \| ([\d.]+) \+- ([\d.]+)", line)
        if known:
            found[known[1]] = tuple(float(known[i]) for i in (2, 3, 4))
        elif line.startswith("knee ") and "none" in line:
            found[line.split()[1]] = None
    return found


def named(policies):
    return [flag for name in policies for flag in ("--policy", name)]


def knee_cell(found):
    return "none" if found is None else f"{found[0]:.2f}"


def share_cell(found):
    return f"{found[1]:.3f}" + (f" ± {found[2]:.3f}" if found[2] else "") if found else "none"


def print_knees(results):
    names = PLAIN + COMPARED
    print("| load | " + " | ".join(names) + " | weir ÷ reference-affinity |")
    print("|---" * (len(names) + 2) + "|")
    for load, (_, knee) in results.items():
        print(f"| {load} | " + " | ".join(knee_cell(knee[n]) for n in names) + f" | {share_cell(knee['weir'])} |")


def print_bounds(results):
    names = ["weir", *BOUNDS]
    print("| load | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for load, (_, knee) in results.items():
        print(f"| {load} | " + " | ".join(share_cell(knee[n]) for n in names) + " |")


def cells(group, column, digits):
    return " · ".join(f"{numbers[CELL[column]]:.{digits}f}" for _, numbers in group)


def print_shares(results, shares):
    print("| load | share | TTFT p90, s | TTFT p99, s | good requests/s under load | to the last answer | good, % | hit share, % |")
    print("|---" * 8 + "|")
    for load, (table, _) in results.items():
        for i, share in enumerate(shares):
            group = table[i * len(COMPARED) : (i + 1) * len(COMPARED)]
            figures = [cells(group, c, d) for c, d in (("ttft90", 2), ("ttft99", 1), ("load/s", 1), ("good/s", 1), ("slo%", 1), ("hit%", 1))]
            print(f"| {load} | {share} | " + " | ".join(figures) + " |")


def print_unequal(bench, traces, seeds):
    print("| case | TTFT p90, s | TTFT p99, s | good, % |\n|---|---|---|---|")
    cases = [
        ("conversation at 2.0, speeds 1, 1, 1, 1, 1/1.5, 1/1.5, 1/2, 1/2", 0, "2.0", ["--slowdowns", SPEEDS]),
        ("synthetic at 2.0, the same speeds", 1, "2.0", ["--slowdowns", SPEEDS]),
        ("conversation at 2.5, one endpoint three times slower after 40 %", 0, "2.5", ["--degrade", "3:3:0.4"]),
        ("synthetic at 1.9, likewise", 1, "1.9", ["--degrade", "3:3:0.4"]),
    ]
    policies = named(["least-requests", *COMPARED])
    for text, trace, rate, flags in cases:
        group = rows(bench.run(["--trace", traces[trace], "--rate", rate, *flags, *seeds, *policies]))
        print(f"| {text} | " + " | ".join(cells(group, c, d) for c, d in (("ttft90", 2), ("ttft99", 2), ("slo%", 1))) + " |")


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--conversation", required=True, help="Mooncake's conversation trace")
    flags.add_argument("--synthetic", required=True, help="Mooncake's synthetic trace")
    flags.add_argument("--binary", default=ROOT / "build/release/bench/quality/quality")
    flags.add_argument("--first-seed", default=11, type=int)
    flags.add_argument("--seeds", default=3, type=int)
    flags.add_argument("--jobs", default=1, type=int)
    flags.add_argument("--keep", type=Path, help="folder of finished runs, to go on after a break")
    flags = flags.parse_args()
    if flags.keep:
        flags.keep.mkdir(parents=True, exist_ok=True)
    bench = Bench(flags.binary, flags.keep)
    loads = {"conversation (trace)": ["--trace", flags.conversation], "synthetic (trace)": ["--trace", flags.synthetic]}
    for name in ("multi-turn", "agents", "tenants", "bursts", "documents"):
        loads[name] = ["--workload", name, "--seconds", "100"]
    seeds = ["--seed", str(flags.first_seed), "--seeds", str(flags.seeds)]
    with concurrent.futures.ThreadPoolExecutor(flags.jobs) as pool:
        run = lambda load, *more: pool.submit(bench.run, [*load, *seeds, "--knee", *more])
        shares = {name: run(load, *named(COMPARED)) for name, load in loads.items()}
        others = {name: run(load, "--at", "0", *named(PLAIN + BOUNDS)) for name, load in loads.items()}
        results = {}
        for name in loads:
            found = shares[name].result()
            results[name] = rows(found), {**knees(found), **knees(others[name].result())}
    print("### Knees\n")
    print_knees(results)
    print("\n### How much room there is\n")
    print_bounds(results)
    print("\n### Below and above the knee\n")
    print_shares(results, [0.6, 0.8, 0.95, 1.1])
    print("\n### Unequal endpoints\n")
    print_unequal(bench, [flags.conversation, flags.synthetic], seeds)


if __name__ == "__main__":
    main()
