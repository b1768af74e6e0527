#!/usr/bin/env python3
"""Writes docs/reference from what a built weir says of itself: `tools/reference.py build/release/weir`.

Nothing in these pages is written by hand; tests/integration/docs_test.py holds them against the binary."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by tools/reference.py from the binary; do not edit. -->\n"
DEPRECATED = "[Deprecated: Use "


def run(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


def row(*cells):
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |\n"


def plain(troff):
    return troff.replace("\\-", "-").replace("\\e", "\\").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")


def command_line(binary):
    """Commands, flags, defaults and variables, out of the manual page."""
    page = run(binary, "man")
    out = f"# Command line\n\n{NOTE}"
    for section in re.split(r"^\.SS ", page.split(".SH COMMANDS\n")[1].split("\n.SH ")[0], flags=re.M)[1:]:
        title, _, rest = section.partition("\n")
        what, *entries = re.split(r"^\.TP\n", rest, flags=re.M)
        out += f"\n## `{plain(title)}`\n\n{plain(what).strip()}\n"
        if entries:
            out += "\n" + row("flag", "default", "variable", "meaning") + "|---|---|---|---|\n"
        for entry in entries:
            names, meaning, *more = plain(entry).strip().split("\n")
            said = dict(line.rstrip(".").split(": ", 1) for line in more)
            code = {key: f"`{said[key]}`" if key in said else "" for key in ("Default", "Environment")}
            out += row(f"`{names}`", code["Default"], code["Environment"], meaning.rstrip("."))
    out += "\n## Exit codes\n\n" + row("code", "meaning") + "|---|---|\n"
    for code, meaning in re.findall(r"^\.TP\n(\d)\n(.*)$", page, re.M):
        out += row(code, plain(meaning))
    return out


def findings(binary):
    """The long text of every finding."""
    out = f"# Findings of `weir check`\n\n{NOTE}"
    for text in re.split(r"^(?=WEIR\d{4}: )", run(binary, "check", "--explain", "all"), flags=re.M)[1:]:
        title, _, body = text.partition("\n")
        code, what = title.split(": ", 1)
        out += f"\n## {code}\n\n**{what}.** {body.strip()}\n"
    return out


def metrics_page(binary):
    """/metrics of a gateway that nobody has asked anything yet: every family is declared from the start."""
    started = [binary, "serve", "--endpoint", "http://127.0.0.1:1", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
               "--log-format", "json"]
    child = subprocess.Popen(started, stderr=subprocess.PIPE, text=True)
    try:
        for line in child.stderr:
            said = json.loads(line)
            if said["msg"] == "started":
                with urllib.request.urlopen(said["admin"] + "metrics", timeout=10) as answer:
                    return answer.read().decode()
    finally:
        child.terminate()
        child.communicate(timeout=30)
    raise SystemExit("weir ended before it had started")


def metrics(binary):
    page = metrics_page(binary)
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M))
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", page, re.M))
    out = f"# Metrics\n\n{NOTE}"
    twins = {}
    for name, text in helps.items():
        if DEPRECATED in text:
            twins.setdefault(text.split(DEPRECATED)[1].split("]")[0], []).append(name)
    for title, mine in (("weir's own", lambda n: n.startswith("weir_")), ("The process", lambda n: n.startswith("process_")),
                        ("The endpoint picker's", lambda n: not n.startswith(("weir_", "process_")))):
        names = sorted(n for n in kinds if mine(n) and DEPRECATED not in helps[n])
        out += f"\n## {title}\n\n" + row("name", "type", "meaning", "deprecated twin") + "|---|---|---|---|\n"
        for name in names:
            meaning = helps[name].replace("[ALPHA] ", "")
            out += row(f"`{name}`", kinds[name], meaning, ", ".join(f"`{t}`" for t in twins.get(name, [])))
    return out


def pages(binary):
    return {"command-line.md": command_line(binary), "findings.md": findings(binary), "metrics.md": metrics(binary)}


def main(binary):
    PAGES.mkdir(exist_ok=True)
    for name, text in pages(binary).items():
        (PAGES / name).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "build/release/weir")
