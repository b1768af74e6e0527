"""The tree is as clang-format leaves it (`./dev fmt`)."""

import re
import subprocess

import source_tree


def check(root):
    paths = source_tree.files(root, ["src", "include", "tests", "bench"], {".cpp", ".hpp"})
    if not paths:
        return []
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, paths)],
                            cwd=root, capture_output=True, text=True)
    first = {}
    for line in result.stderr.splitlines():
        if match := re.match(r"([^:]+):(\d+):\d+: error:", line):
            first.setdefault(match.group(1), match.group(2))
    return [f"{path}:{line}: not as clang-format leaves it; run ./dev fmt" for path, line in first.items()]
