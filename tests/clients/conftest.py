"""The official clients, installed beside the build at first use. Where no package registry answers, their tests are
skipped and say so."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "clients"


def _run(words, cwd=None):
    """None, or the last line of what went wrong."""
    try:
        done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=240)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip().splitlines()
    return None if done.returncode == 0 else (said[-1] if said else f"exit code {done.returncode}")


def _install(folder, wanted, commands):
    """Runs the commands unless the folder already has what `wanted` (a file) asks for."""
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted.read_text():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for words in commands:
        if problem := _run(words, folder):
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"official clients: `{' '.join(map(str, words[:4]))}` failed: {problem}")
    stamp.write_text(wanted.read_text())


def _outcomes(words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def python_calls():
    """python_calls("openai", url, name…) runs those calls of python_calls.py; {name: what came of it}."""
    folder = FOLDER / "python"
    wanted = HERE / "requirements.txt"
    python = folder / "bin" / "python"
    _install(folder, wanted, [[sys.executable, "-m", "venv", folder],
                              [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted]])
    return lambda client, url, *names: _outcomes([python, HERE / "python_calls.py", client, url, *names])


@pytest.fixture(scope="session")
def node_calls():
    """node_calls(url, name…), the same with the JavaScript client."""
    if shutil.which("npm") is None:
        pytest.skip("official clients: npm is not installed")
    folder = FOLDER / "node"
    wanted = HERE / "package.json"
    script = HERE / "node_calls.mjs"
    _install(folder, wanted, [["cp", wanted, folder],
                              ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]])
    shutil.copy(script, folder)
    return lambda url, *names: _outcomes(["node", folder / script.name, url, *names])
