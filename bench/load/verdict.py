"""A promise of the project beside what was measured."""

from dataclasses import dataclass

# The rows of the contract's table of numbers, in its order, and what issue 4 promises beyond it.
PROMISES = {
    "small": "CPU per request, 1 KB",
    "large": "CPU per request, 220 KB",
    "chunk": "CPU per SSE chunk",
    "added": "added latency at half load",
    "ttft": "TTFT added to a stream",
    "decision": "decision, 100 endpoints",
    "thousand": "1,000 endpoints in one pool",
    "two": "two workers",
    "scraping": "scraping",
    "memory": "memory per idle stream",
    "gone": "client gone → upstream closed",
    "reload": "requests failed by 20 reloads",
    "malformed": "malformed requests",
    "truncated": "truncated streams",
    "slow": "a slow reader",
    "fuzzing": "fuzzing",
    "start": "ready after start",
    "extremes": "10 MiB of manifests",
    "beyond": "beyond the table",
}


@dataclass
class Verdict:
    promise: str         # a key of PROMISES
    what: str
    bar: str
    measured: str
    met: bool | None     # None: cannot be judged here

    @property
    def word(self):
        return {True: "met", False: "**gap**", None: "not judged"}[self.met]


def ordered(verdicts, everything=True):
    """By the order of PROMISES; in a run of everything a promise that was not measured gets a line that says so."""
    keys = list(PROMISES)
    measured = {"beyond", *(v.promise for v in verdicts)}
    absent = [Verdict(k, PROMISES[k], "", "not measured in this run", None) for k in keys
              if everything and k not in measured]
    return sorted([*verdicts, *absent], key=lambda v: keys.index(v.promise))
