#!/usr/bin/env python3
"""Counts what a proxied request costs a worker: instructions, allocations, system calls.

A noisy machine blurs times but not counts. weir runs under callgrind in front of the bench's fake model
servers; a fixed number of requests warms it up, another is counted, on the worker's thread alone. With
`--check` the counts are held to those stored in instructions.json: more instructions than the stored
figure and its tolerance, or more allocations or system calls, end with exit code 1.
"""

import argparse
import itertools
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import processes

HERE = Path(__file__).resolve().parent
STORED = HERE / "instructions.json"
TOLERANCE = 0.03


@dataclass
class Case:
    name: str
    load: dict            # flags of the load program
    requests: int         # counted
    warmup: int           # before them
    chunks: int = 0       # of each answer: the counts are divided by chunks, not by requests
    endpoints: int = 4
    steady: bool = True   # the counts hang on no clock, and are held to the stored ones


CASES = [
    Case("1k", {"body": 1024}, 300, 300),
    # Several under way at a time want memory at a time.
    Case("1k-32c", {"body": 1024, "connections": 32}, 2000, 1000),
    Case("16k", {"body": 16 * 1024}, 200, 100),
    Case("220k", {"body": 220_000}, 60, 40),
    Case("220k-distinct", {"body": 220_000, "prompts": "distinct"}, 60, 40),
    Case("sse-fast", {"body": 1024, "chunks": 1000}, 60, 20, chunks=1000),
    Case("sse", {"body": 1024, "chunks": 100, "interval-us": 500}, 8, 8, chunks=100, steady=False),
    # Each endpoint has got its connection in the warm-up.
    Case("1k-1000e", {"body": 1024}, 300, 4000, endpoints=1000),
]

# weir's own ways into the system: stream.cpp.
OWN = "weir::http::(anonymous namespace)::"

# What is counted beside the instructions: a column, and the functions whose calls it adds up.
CALLS = {
    "allocations": ("malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"),
    "receives": ("recv", "read", "recvmsg", OWN + "system_receive(int, char*, unsigned long)"),
    "sends": ("send", "write", "sendmsg", "writev", OWN + "system_send(int, void const*, unsigned long)"),
    "epoll_ctl": ("epoll_ctl",),
    "timer calls": ("timerfd_settime", "timerfd_create"),
}


def run_load(build, target, case, requests, seed):
    flags = {"connections": 1, "seconds": 120, "warmup": 0, "requests": requests, "seed": seed, **case.load}
    command = [str(build / "bench" / "load" / "load"), "--target", target]
    command += [x for name, value in flags.items() for x in (f"--{name}", str(value))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["errors"] or result["requests"] < requests:
        raise RuntimeError(f"{case.name}: {result}")


def control(pid, *words):
    subprocess.run(["callgrind_control", *words, str(pid)], capture_output=True, check=True, timeout=60)


def read_dump(path):
    """(instructions, {function: calls}) of one thread's dump."""
    names, called, instructions, callee = {}, {}, 0, None
    for line in path.read_text().splitlines():
        if line.startswith("cfn="):
            number, _, name = line[4:].partition(" ")
            callee = names.setdefault(number, name)
        elif line.startswith("fn="):
            number, _, name = line[3:].partition(" ")
            names.setdefault(number, name)
        elif line.startswith("calls=") and callee:
            called[callee] = called.get(callee, 0) + int(line[6:].split()[0])
        elif line.startswith(("totals:", "summary:")):
            instructions = int(line.split()[1])
    return instructions, called


def worker_dump(stem, number):
    """The dump of the thread that proxied: with a thousand endpoints scraping may be busier."""
    dumps = [read_dump(p) for p in stem.parent.glob(f"{stem.name}.{number}-*")]
    if not dumps:
        raise RuntimeError("callgrind wrote no dump")
    return max(dumps, key=lambda d: sum(n for name, n in d[1].items() if "transaction::start(" in name))


def count(build, cases, folder):
    """{case: {column: figure}}; one weir for all cases with as many endpoints."""
    counted = {}
    for endpoints, group in itertools.groupby(cases, lambda c: c.endpoints):
        place = folder / str(endpoints)
        place.mkdir()
        counted |= count_at(build, endpoints, list(group), place)
    return counted


def count_at(build, endpoint_count, cases, folder):
    port = processes.free_ports(endpoint_count + 1, first=26000)
    endpoints = [f"127.0.0.1:{port + 1 + i}" for i in range(endpoint_count)]
    target = f"127.0.0.1:{port}"
    stem = folder / "callgrind"
    everywhere = sorted(set(sum(processes.cores(), [])))
    # How many pages of a thousand come between two requests hangs on how busy the machine is.
    scraping = ["--refresh-metrics-interval", "5s"] if endpoint_count >= 1000 else []
    weir = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes", "--compress-pos=no",
            f"--callgrind-out-file={stem}", str(build / "weir"), "serve", "--listen", target, "--admin", "off",
            "--threads", "1", "--seed", "1", *scraping, *(x for e in endpoints for x in ("--endpoint", f"http://{e}"))]
    fake = [str(build / "bench" / "load" / "fake"), "--listen", endpoints[0], "--ports", str(endpoint_count)]
    counted = {}
    with processes.Process(fake, everywhere, folder / "fake.log") as server:
        server.wait_ready(endpoints[0])
        with processes.Process(weir, everywhere, folder / "weir.log") as proxy:
            proxy.wait_ready(target, 60)
            for number, case in enumerate(cases, 1):
                counted[case.name] = count_case(build, target, case, proxy.child.pid, stem, number)
    return counted


def count_case(build, target, case, pid, stem, number):
    run_load(build, target, case, case.warmup, 1)
    control(pid, "-i", "on")
    run_load(build, target, case, case.requests, 2)
    control(pid, "-d")
    control(pid, "-i", "off")
    instructions, called = worker_dump(stem, number)
    units = case.requests * max(case.chunks, 1)
    figures = {"instructions": round(instructions / units)}
    for column, functions in CALLS.items():
        calls = sum(n for name, n in called.items() if re.split(r"[@']", name)[0] in functions)
        figures[column] = round(calls / units, 2)
    return figures


def print_table(counted, stored):
    columns = ["instructions", *CALLS]
    print("| per request (sse: per chunk) | " + " | ".join(columns) + " | stored instructions |")
    print("|" + "---|" * (len(columns) + 2))
    for name, figures in counted.items():
        cells = [f"{figures[c]:,}" for c in columns]
        print(f"| {name} | " + " | ".join(cells) + f" | {stored.get(name, {}).get('instructions', '')} |")


def complaints(name, figures, bars):
    for column, bar in bars.items():
        # A call now and then (a connection of the load's, a read that came in two) is no regression.
        slack = {"instructions": bar * TOLERANCE, "allocations": 0.04}.get(column, 0.1)
        if figures[column] > bar + slack:
            yield f"{name}: {figures[column]:,} {column}, stored are {bar:,}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/release"), help="folder of the optimised build")
    parser.add_argument("--cases", default=",".join(c.name for c in CASES), help="comma-separated, of: %(default)s")
    parser.add_argument("--check", action="store_true", help="compare with the stored figures")
    parser.add_argument("--report", type=Path, help="with --check: also write one `ok NAME` or `fail NAME` line a case")
    parser.add_argument("--store", action="store_true", help="write the stored figures anew")
    options = parser.parse_args()
    wanted = options.cases.split(",")
    started = time.monotonic()
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    with tempfile.TemporaryDirectory(prefix="weir-count-") as folder:
        counted = count(options.build.resolve(), [c for c in CASES if c.name in wanted], Path(folder))
    print_table(counted, stored)
    print(f"\n{time.monotonic() - started:.0f} s")
    if options.store:
        steady = {c.name: counted[c.name] for c in CASES if c.steady and c.name in counted}
        rows = (f" {json.dumps(name)}: {json.dumps(figures)}" for name, figures in {**stored, **steady}.items())
        STORED.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    found = {name: list(complaints(name, figures, stored.get(name, {}))) for name, figures in counted.items()}
    if not options.check:
        return 0
    for line in sum(found.values(), []):
        print(line, file=sys.stderr)
    if options.report:
        options.report.write_text("".join(f"{'fail' if bad else 'ok'} {name}\n" for name, bad in found.items()))
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
