"""Every header compiles alone. A header is looked at again only when it or something it includes has changed."""

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import source_tree

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++"]


def check(root):
    cache = root / "build" / "headers"
    cache.mkdir(parents=True, exist_ok=True)
    headers = source_tree.files(root, ["src", "include", "tests"], {".hpp"})
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [line for lines in pool.map(lambda h: _compile(root, cache, h), headers) for line in lines]


def _compile(root, cache, header):
    record = cache / (hashlib.sha256(str(header).encode()).hexdigest()[:16] + ".d")
    if _is_fresh(record):
        return []
    depends = record.with_suffix(".new")
    command = [os.environ.get("CXX", "g++").split()[-1], *FLAGS, "-I", "src", "-I", "include", "-I", "tests",
               "-MD", "-MF", str(depends), "-"]
    result = subprocess.run(command, cwd=root, input=f'#include "{header}"\n', capture_output=True, text=True)
    if result.returncode == 0:
        depends.replace(record)
        return []
    depends.unlink(missing_ok=True)
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    return [f"{header}:1: does not compile alone: {(errors or ['?'])[0]}"]


def _is_fresh(record):
    """True when the record of the last success is newer than every file it names."""
    if not record.is_file():
        return False
    names = record.read_text().replace("\\\n", " ").split()[1:]
    root = source_tree.ROOT
    try:
        return all((root / n).stat().st_mtime <= record.stat().st_mtime for n in names if n != "-")
    except FileNotFoundError:
        return False
