"""The loads of the bench. A row of the table is one of these for one peer."""

from dataclasses import dataclass, field


@dataclass
class Scenario:
    name: str
    title: str
    load: dict                        # flags of the load program
    unit: str = "request"             # what the CPU is divided by: request, chunk or stream
    endpoints: int = 4
    quick: bool = True                # part of --quick
    warmup: float = 0.5
    peers: tuple = field(default=())  # empty: all


def _closed(name, body, connections, *, prompts="shared", endpoints=4, quick=False):
    title = f"{body // 1000} KB chat, {connections} connections"
    title += ", distinct prompts" if prompts == "distinct" else ""
    title += f", {endpoints} endpoints" if endpoints != 4 else ""
    return Scenario(name, title, {"body": body, "connections": connections, "prompts": prompts},
                    endpoints=endpoints, quick=quick)


def _paced(streams, per_second, *, quick=False):
    return Scenario(f"sse-{streams}x{per_second}", f"SSE, {streams} streams × {per_second} chunks/s",
                    {"connections": streams, "chunks": max(4, 2 * per_second),
                     "interval-us": 1_000_000 // per_second}, unit="chunk", quick=quick, warmup=2.0)


def _idle(streams, *, quick=False):
    return Scenario(f"idle-{streams}", f"{streams} idle SSE streams",
                    {"connections": streams, "chunks": 1000, "interval-us": 3_600_000_000, "hold": 1},
                    unit="stream", quick=quick, warmup=2.0)


SCENARIOS = [
    _closed("1k", 1024, 32, quick=True),
    _closed("1k-256", 1024, 256),
    _closed("1k-2000", 1024, 2000),
    _closed("16k", 16 * 1024, 32, quick=True),
    _closed("220k", 220_000, 8, quick=True),
    _closed("220k-distinct", 220_000, 8, prompts="distinct", quick=True),
    _closed("1k-100e", 1024, 32, endpoints=100),
    _closed("1k-1000e", 1024, 32, endpoints=1000),
    _closed("220k-distinct-100e", 220_000, 8, prompts="distinct", endpoints=100),
    Scenario("sse-fast", "SSE as fast as possible, 32 streams", {"connections": 32, "chunks": 1000}, unit="chunk"),
    _paced(500, 50, quick=True),
    _paced(2000, 10),
    _paced(9000, 2),
    Scenario("open-500", "1 KB, open loop 500/s", {"rate": 500, "connections": 64}),
    Scenario("open-10k", "1 KB, open loop 10,000/s", {"rate": 10_000, "connections": 256}, quick=False),
    _idle(2000, quick=True),
    _idle(9000),
]
