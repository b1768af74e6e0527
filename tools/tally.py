#!/usr/bin/env python3
"""Adds up what the unit tests, the integration tests, the lints and the counts reported.

The last line is `N passed, N failed`; the exit code is 1 when anything failed or nothing ran. A unit test
counts by its doctest cases; one that died or leaked counts as one failure more.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

CASES = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")


def of_meson(path):
    passed, failed, names = 0, 0, []
    for line in path.read_text().splitlines() if path.is_file() else []:
        test = json.loads(line)
        if test["result"] == "SKIP":
            continue
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        cases = CASES.search(re.sub(r"\x1b\[[0-9;]*m", "", test.get("stdout") or ""))
        ok, bad = (int(cases.group(1)), int(cases.group(2))) if cases else (int(good), 0)
        if not good and bad == 0:
            bad = 1
        passed, failed = passed + ok, failed + bad
        names += [test["name"]] if bad else []
    return passed, failed, names


def of_pytest(path):
    if not path.is_file():
        return 0, 1, ["pytest left no report"]
    passed, failed, names = 0, 0, []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            continue
        bad = case.find("failure") is not None or case.find("error") is not None
        passed, failed = passed + (not bad), failed + bad
        names += [f"{case.get('classname')}.{case.get('name')}"] if bad else []
    return passed, failed, names


def of_lines(path, kind):
    """Of a report with one `ok NAME` or `fail NAME` line each."""
    lines = path.read_text().split("\n") if path.is_file() else [f"fail {kind}s left no report"]
    bad = [line[5:] for line in lines if line.startswith("fail ")]
    return sum(line.startswith("ok ") for line in lines), len(bad), [f"{kind} {name}" for name in bad]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for kind in ("meson", "pytest", "lint", "count"):
        parser.add_argument(f"--{kind}", type=Path, required=True)
    options = parser.parse_args()
    parts = {"unit": of_meson(options.meson), "integration": of_pytest(options.pytest), "lint": of_lines(options.lint, "lint"),
             "count": of_lines(options.count, "count")}
    for name, (passed, failed, names) in parts.items():
        print(f"{name}: {passed} passed, {failed} failed" + (f" ({', '.join(names)})" if names else ""))
    passed = sum(p for p, _, _ in parts.values())
    failed = sum(f for _, f, _ in parts.values())
    if parts["unit"][:2] == (0, 0):
        print("no unit test ran")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
