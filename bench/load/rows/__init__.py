"""Rows that are no load of the matrix: each module has `measure(bench)`, which gives verdicts."""

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    seconds: float        # about how long it takes; the quick one is shorter

    def measure(self, bench):
        return list(import_module(f"rows.{self.name}").measure(bench))


ROWS = [
    Row("micro", "decision and prefix index", 4),
    Row("workers", "two workers beside one", 25),
    Row("scraping", "what scraping costs", 40),
    Row("abandoned", "client gone → upstream closed", 12),
    Row("reloads", "20 reloads under load", 7),
    Row("start", "ready after start", 6),
    Row("extremes", "10 MiB of manifests", 40),
    Row("proofs", "promises that tests hold", 20),
]
