#!/usr/bin/env python3
"""Runs the lints: all of them, or those named. Exit code 1 when one of them finds something."""

import argparse
import importlib
import sys
from pathlib import Path

import source_tree

NAMES = ["layers", "coroutines", "sizes", "words", "tests", "format", "headers"]

# Printed in full, but not failing.
ADVISORY = set()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--root", type=Path, default=source_tree.ROOT)
    parser.add_argument("--report", type=Path, help="also write one `ok NAME` or `fail NAME` line a lint")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no lint {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")

    verdicts = []
    for name in options.names or NAMES:
        findings = importlib.import_module(f"lint_{name}").check(options.root)
        failed = bool(findings) and name not in ADVISORY
        verdicts.append(f"{'fail' if failed else 'ok'} {name}")
        said = f"{len(findings)} findings{'' if failed else ' (advisory)'}" if findings else "ok"
        print(f"lint {name}: {said}", flush=True)
        for line in findings:
            print(f"  {line}", flush=True)
    if options.report:
        options.report.write_text("\n".join(verdicts) + "\n")
    return 1 if any(v.startswith("fail") for v in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
