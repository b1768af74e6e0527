"""Every source that decides has a test file; every test file is registered and named after its source."""

import re
from pathlib import Path

import source_tree

SHELLS = "tools/shells.txt"
SUITE = re.compile(r'TEST_SUITE(?:_BEGIN)?\s*\(\s*"([^"]+)"')


def shells(root):
    """path -> reason, of the sources that only move bytes and are covered by integration tests."""
    out = {}
    for line in (root / SHELLS).read_text().splitlines() if (root / SHELLS).is_file() else []:
        path, _, reason = line.partition(" ")
        if path and not path.startswith("#"):
            out[path] = reason.strip()
    return out


def check(root):
    findings = []
    allowed = shells(root)
    tests = source_tree.files(root, ["tests"], {".cpp"})
    by_module = {(p.parts[1], p.stem) for p in tests if len(p.parts) > 2}
    sources = source_tree.files(root, ["src"], {".cpp"})
    missing = [p for p in sources if str(p) not in allowed and (p.parts[1], f"{p.stem}_test") not in by_module]
    findings += [f"{p}:1: no tests/{p.parts[1]}/{p.stem}_test.cpp" for p in missing]
    for path, reason in allowed.items():
        if not (root / path).is_file():
            findings.append(f"{SHELLS}:1: {path} does not exist")
        elif not reason:
            findings.append(f"{SHELLS}:1: {path} has no reason beside it")
    for path in tests:
        if path.stem.endswith("_test") and len(path.parts) > 2:
            findings += _registered_and_named(root, path)
    return findings


def _registered_and_named(root, path):
    out = []
    registers = [root / folder / "meson.build" for folder in Path(path).parents if str(folder) != "."]
    if not any(m.is_file() and path.name in m.read_text() for m in registers):
        out.append(f"{path}:1: no meson.build above it names it, so it never runs")
    names = SUITE.findall(source_tree.read(root, path))
    if not names:
        out.append(f"{path}:1: no TEST_SUITE")
    expected = path.parts[1] + "/"
    out += [f'{path}:1: TEST_SUITE "{name}" does not begin with "{expected}"'
            for name in names if not name.startswith(expected)]
    return out
