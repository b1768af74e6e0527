"""Fixtures of the tests that run the real binary. Everything they start is stopped at the end of the test, and looked at:
an exit code other than 0, a sanitizer report or a mistake in an upstream's script fails the test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "integration"))

from harness import Upstream, WeirProcess, free_port  # noqa: E402


@pytest.fixture
def weir(tmp_path):
    """weir(*flags, command="serve", ready=True, env=None, admin=True, expect_exit=0) starts the gateway and waits until
    it is ready."""
    started = []

    def start(*arguments, ready=True, expect_exit=0, **how):
        process = WeirProcess(*arguments, log=tmp_path / f"weir-{len(started)}.log", **how)
        started.append((process, expect_exit))
        return process.wait_ready() if ready else process

    yield start
    for process, expected in reversed(started):
        code = process.stop()
        assert expected is None or code == expected, f"exit code {code}:\n{process.log[-2000:]}"


@pytest.fixture
def sim(tmp_path):
    """sim(*flags) starts one simulated model server (`weir sim`) and waits until it is healthy."""
    started = []

    def start(*arguments, ready=True):
        port = free_port()
        process = WeirProcess("--listen", f"127.0.0.1:{port}", *arguments, command="sim", port=port, admin=False,
                              log=tmp_path / f"sim-{len(started)}.log")
        started.append(process)
        return process.wait_ready(path="/health", port=port) if ready else process

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def upstream():
    """upstream(script) starts a scripted model server."""
    started = []

    def start(script=None, **how):
        server = Upstream(script, **how)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
    assert [e for server in started for e in server.errors] == []


@pytest.fixture
def manifests(tmp_path):
    """manifests({"pool.yaml": text, …}) writes files into a folder of the test and returns the folder."""

    def write(files, folder="manifests"):
        for name, text in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / folder

    return write
