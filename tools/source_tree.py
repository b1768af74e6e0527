"""What the lints share: which files there are, and C++ text without comments and literals."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_LITERAL = re.compile(
    r'R"(?P<tag>[^()\\\s]{0,16})\((?P<raw>.*?)\)(?P=tag)"'
    r'|//[^\n]*|/\*.*?\*/'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.S,
)


def files(root, folders, suffixes):
    """The files under `folders` of the tree at `root`, known to git or not yet, as sorted relative paths."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders],
        capture_output=True, text=True)
    if listed.returncode == 0:
        names = set(listed.stdout.split("\n")) - {""}
    else:  # not a checkout (a release archive, a test's folder)
        names = {str(p.relative_to(root)) for f in folders for p in (root / f).rglob("*") if p.is_file()}
    return sorted(Path(n) for n in names if Path(n).suffix in suffixes and (root / n).is_file())


def read(root, path):
    return (Path(root) / path).read_text(encoding="utf-8", errors="replace")


def without_literals(text):
    """C++ text with comments, strings and characters emptied; line numbers stay."""

    def blank(match):
        found = match.group(0)
        newlines = "\n" * found.count("\n")
        if found.startswith("/"):
            return newlines or " "
        return '""' + newlines if '"' in (found[0], found[-1]) else "' '"

    return _LITERAL.sub(blank, text)


def without_comments(text):
    """C++ text without comments; strings (and so the paths of includes) stay, line numbers too."""

    def blank(match):
        found = match.group(0)
        return ("\n" * found.count("\n") or " ") if found.startswith("/") else found

    return _LITERAL.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
