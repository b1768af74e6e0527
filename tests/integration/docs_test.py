"""What the documentation names is there: files, finding codes, metrics, flags."""

import re
import subprocess
import sys

import pytest

from harness import run_weir, weir_binary
from harness.process import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import reference  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md")),
         *sorted((ROOT / "examples").glob("*/README.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_references_are_what_the_binary_says():
    for name, text in reference.pages(weir_binary()).items():
        assert (ROOT / "docs" / "reference" / name).read_text() == text, f"run tools/reference.py: {name} is old"


def test_codes_metrics_and_flags_exist(weir, upstream):
    text = "\n".join(page.read_text() for page in PAGES)
    for code in sorted(set(re.findall(r"\bWEIR\d{4}\b", text))):
        assert run_weir("check", "--explain", code).returncode == 0, code
    gateway = weir("--endpoint", upstream().url)
    assert gateway.chat().status == 200
    page = gateway.admin("GET", "/metrics").text
    families = set(re.findall(r"^# TYPE (\w+)", page, re.M))
    named = set(re.findall(r"`(weir_\w+)`|grep '\^(weir_\w+)'", text))
    for metric in sorted({a or b for a, b in named}):
        assert metric in families, metric
    commands = "".join(run_weir(command, "--help").stdout for command in ("serve", "check", "explain", "sim", "demo"))
    for flag in sorted(set(re.findall(r"(?:\bweir [a-z]+ [^`\n]*?|`)(--[a-z][a-z-]+)", text))):
        assert flag in commands, flag


def test_curl_lines_do_what_they_are_there_for(weir, sim):
    """Those of docs/*.md that ask the admin API or a simulated server; the troubleshooting page has a test of its own."""
    server = sim()
    gateway = weir("--endpoint", server.url)
    places = {"http://127.0.0.1:9901": f"http://127.0.0.1:{gateway.admin_port}", "localhost:8000": server.url}
    lines = [line.strip() for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "troubleshooting.md"
             for line in re.findall(r"^ *curl .*$", page.read_text(), re.M)]
    assert len(lines) >= 5
    for line in lines:
        command = line.replace("curl ", "curl -sS --fail-with-body ", 1)
        for written, meant in places.items():
            command = command.replace(written, meant)
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, (line, done.stdout + done.stderr)


def test_configurations_on_the_pages_are_right(tmp_path):
    pages = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "troubleshooting.md"]
    blocks = [(page.name, block) for page in pages for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.S)]
    assert len(blocks) >= 3
    for name, block in blocks:
        path = tmp_path / name
        path.write_text(block)
        how = (["--endpoints-file", path] if block.startswith("endpoints:")
               else ["--config-file", path, "--endpoint", "http://127.0.0.1:1"])
        done = run_weir("check", "--strict", *how)
        assert done.returncode == 0, (name, done.stdout)
