"""Promises that a test holds, not a figure: the tests run here against the optimised binary."""

import os
import re
import subprocess
import sys
from pathlib import Path

from verdict import Verdict

ROOT = Path(__file__).resolve().parents[3]

# (promise, what, the bar, tests)
PROOFS = [
    ("malformed", "the 42 malformed requests", "42 refused, nothing sent upstream", "tests/faults/malformed_test.py"),
    ("truncated", "answers cut at every byte", "never made to look complete", "tests/faults/truncation_test.py"),
    ("reload", "reloads, both kinds of client", "0 failed", "tests/faults/reload_under_load_test.py"),
]


def _python():
    """Debian's pytest belongs to Debian's Python, which need not be the one that runs this."""
    for python in ("/usr/bin/python3", sys.executable):
        if Path(python).exists() and subprocess.run([python, "-c", "import pytest"], capture_output=True).returncode == 0:
            return python
    return None


def _fuzzing():
    folder = ROOT / "tests" / "fuzz"
    targets = sorted(p.name.removesuffix("_fuzz.cpp") for p in folder.glob("*_fuzz.cpp"))
    bare = [t for t in targets if not any((folder / "corpus" / t).glob("*"))]
    kept = sum(1 for p in (folder / "corpus").rglob("*") if p.is_file())
    said = f"{len(targets)} targets ({', '.join(targets)}), {kept} inputs kept"
    return Verdict("fuzzing", "`meson test` runs each over its corpus", "every parser has a target; corpus kept",
                   said + (f"; no corpus: {', '.join(bare)}" if bare else ""), not bare)


def measure(bench):
    python = _python()
    for promise, what, bar, tests in PROOFS:
        if python is None:
            yield Verdict(promise, what, bar, f"`{tests}` (not run: no pytest)", None)
            continue
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=120", tests]
        environment = {**os.environ, "WEIR_BIN": str(bench.build / "weir"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
        last = (done.stdout.strip().splitlines() or ["nothing said"])[-1]
        counted = re.search(r"\d+ (?:passed|failed).*", last)
        yield Verdict(promise, what, bar, f"`{tests}`: {counted.group(0).split(' in ')[0] if counted else last}",
                      done.returncode == 0)
    yield _fuzzing()
