"""The loads of the bench. A row of the table is one of these for one peer.

The matrix is {4, 100, 1,000 endpoints} x {1, 16, 220 KB} x {plain, paced streams, streams as fast as possible} x
{32, 256, 2,000 connections} in closed loop, and the plain ones in open loop too. `--full` measures all of it; without,
the selection below stands for it: each dimension is walked alone, from the middle of the others.
"""

from dataclasses import dataclass
from itertools import product

QUICK, DEFAULT, FULL = range(3)

BODIES = {"1k": 1024, "16k": 16 * 1024, "220k": 220_000}
ENDPOINTS = (4, 100, 1000)
CONNECTIONS = (32, 256, 2000)
PACES = ((500, 50), (2000, 10), (9000, 2))  # streams, chunks a second of each
HALF = "half"                               # a rate: half of what HAProxy serves of this body in closed loop

MAIN = ("direct", "floor", "haproxy", "nginx", "weir")
NARROW = ("floor", "haproxy", "weir")       # where nginx and direct would tell nothing new
TIMED = ("direct", "haproxy", "weir")       # where only times count


@dataclass
class Scenario:
    name: str
    title: str
    load: dict                        # flags of the load program
    unit: str = "request"             # what the CPU is divided by: request, chunk, stream or connection
    endpoints: int = 4
    level: int = FULL
    warmup: float = 0.4
    peers: tuple = MAIN
    routers: bool = False             # measured with the routers from the package index too
    repetitions: int = 0              # at most so many; 0: as many as asked for
    seconds: float = 0                # at least so long, whatever was asked for

    @property
    def streamed(self):
        return self.load.get("chunks", 0) > 0


def _suffix(name, connections, usual, endpoints):
    return name + (f"-{connections}c" if connections != usual else "") + (f"-{endpoints}e" if endpoints != 4 else "")


def _places(connections, endpoints):
    return f", {connections:,} connections" + (f", {endpoints:,} endpoints" if endpoints != 4 else "")


def plain(body, connections=32, endpoints=4, *, distinct=False, **more):
    name = _suffix(body + ("-distinct" if distinct else ""), connections, 8 if body == "220k" else 32, endpoints)
    title = f"{body[:-1]} KB chat" + (", distinct prompts" if distinct else "") + _places(connections, endpoints)
    load = {"body": BODIES[body], "connections": connections, "prompts": "distinct" if distinct else "shared"}
    return Scenario(name, title, load, endpoints=endpoints, **more)


def paced(streams, rate, body="1k", endpoints=4, **more):
    name = _suffix(f"sse-{streams}x{rate}" + (f"-{body}" if body != "1k" else ""), 0, 0, endpoints)
    title = (f"SSE, {streams:,} streams × {rate} chunks/s" + (f", {body[:-1]} KB prompts" if body != "1k" else "") +
             (f", {endpoints:,} endpoints" if endpoints != 4 else ""))
    # 500 streams end and begin anew after two seconds; more of them stay, or their requests would outweigh their chunks.
    chunks = 2 * rate if streams <= 500 else 60 * rate
    load = {"connections": streams, "chunks": chunks, "interval-us": 1_000_000 // rate, "body": BODIES[body]}
    return Scenario(name, title, load, unit="chunk", endpoints=endpoints, warmup=1.6 if streams <= 2000 else 3.6, **more)


def fast(body="1k", connections=32, endpoints=4, **more):
    name = _suffix("sse-fast" + (f"-{body}" if body != "1k" else ""), connections, 32, endpoints)
    title = ("SSE as fast as possible" + (f", {body[:-1]} KB prompts" if body != "1k" else "") +
             _places(connections, endpoints))
    load = {"connections": connections, "chunks": 1000, "body": BODIES[body]}
    return Scenario(name, title, load, unit="chunk", endpoints=endpoints, **more)


def opened(body, rate, connections=256, endpoints=4, *, distinct=False, **more):
    name = _suffix(f"open-{body}-{rate}" + ("-distinct" if distinct else ""), connections, 256, endpoints)
    said = "at half of HAProxy's rate" if rate == HALF else f"at {rate:,}/s"
    title = (f"{body[:-1]} KB chat, open loop {said}" + (", distinct prompts" if distinct else "") +
             (_places(connections, endpoints) if connections != 256 or endpoints != 4 else ""))
    load = {"rate": rate, "connections": connections, "body": BODIES[body],
            "prompts": "distinct" if distinct else "shared"}
    # One stop of 10 ms of the machine is one in a hundred requests of a second, and would be the p99.
    return Scenario(name, title, load, endpoints=endpoints, seconds=3 if rate == HALF else 0, **more)


def held(name, title, count, unit, level, **load):
    """Connections that are opened, asked once, and then stay as they are: what counts is memory."""
    return Scenario(name, title, {"connections": count, "hold": 1, **load}, unit=unit, level=level,
                    warmup=1.6 if count <= 2000 else 3.6, peers=NARROW, repetitions=2)


def idle(streams, level):
    return held(f"idle-{streams}", f"{streams:,} idle SSE streams", streams, "stream", level, chunks=1000,
                **{"interval-us": 3_600_000_000})


SELECTED = [
    plain("1k", level=QUICK, routers=True),
    plain("1k", 256, level=DEFAULT, peers=NARROW),
    plain("1k", 2000, level=DEFAULT, peers=NARROW),
    plain("1k", endpoints=100, level=DEFAULT, peers=NARROW),
    plain("1k", endpoints=1000, level=QUICK, peers=NARROW),
    plain("16k", level=QUICK, routers=True),
    plain("16k", 256, 100, level=DEFAULT, peers=NARROW),
    plain("220k", 8, level=QUICK, routers=True),
    plain("220k", 8, distinct=True, level=QUICK, peers=NARROW),
    plain("220k", 8, 100, distinct=True, level=DEFAULT, peers=NARROW),
    fast(level=QUICK, routers=True),
    fast(connections=256, endpoints=100, level=DEFAULT, peers=NARROW),
    paced(500, 50, level=QUICK, routers=True),
    paced(500, 50, "16k", 100, level=DEFAULT, peers=TIMED),
    paced(2000, 10, level=DEFAULT, peers=NARROW),
    paced(9000, 2, level=DEFAULT, peers=NARROW),
    opened("1k", 500, 64, level=QUICK, routers=True),
    opened("1k", HALF, level=QUICK, peers=TIMED),
    opened("16k", HALF, level=DEFAULT, peers=TIMED),
    opened("220k", HALF, distinct=True, level=QUICK, peers=TIMED),
    idle(2000, QUICK),
    idle(9000, DEFAULT),
    held("keep-alive-2000", "2,000 idle keep-alive connections", 2000, "connection", QUICK),
    held("slow-readers", "100 streams nobody reads", 100, "stream", QUICK, chunks=1_000_000, stall=1),
]


def _cross():
    for endpoints, body in product(ENDPOINTS, BODIES):
        for connections in CONNECTIONS:
            yield plain(body, connections, endpoints)
            yield fast(body, connections, endpoints)
            yield opened(body, HALF, connections, endpoints)
        for streams, rate in PACES:
            yield paced(streams, rate, body, endpoints)


def _all():
    """The selection first, then what the full matrix has beyond it."""
    named = {s.name: s for s in SELECTED}
    for scenario in _cross():
        named.setdefault(scenario.name, scenario)
    return list(named.values())


SCENARIOS = _all()
