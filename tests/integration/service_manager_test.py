"""docs/service.md: its unit is run as systemd would run it, with a socket that stands in for the manager's."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness import free_port, reply, weir_binary
from harness.process import ROOT
from harness.manifest_text import routed


@pytest.fixture
def manager():
    """The manager's end, on an abstract name as a container's has."""
    name = f"weir-test-{os.getpid()}-{time.monotonic_ns()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0" + name)
        end.settimeout(20)
        yield end


def unit():
    """The text of the unit, and its lines by name."""
    text = re.search(r"```ini\n(.*?)```", (ROOT / "docs" / "service.md").read_text(), re.S).group(1)
    lines = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        lines.setdefault(name, []).append(value)
    return text, lines


def words(line, folder, **variables):
    line = line.replace("/usr/local/bin/weir", weir_binary()).replace("/etc/weir", str(folder))
    return [variables.get(word.lstrip("$"), word) if word.startswith("$") else word for word in shlex.split(line)]


def message(manager):
    return dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())


def test_the_unit_of_the_page_runs_reloads_and_stops(manager, manifests, upstream, tmp_path):
    server = upstream(reply())
    folder = manifests({"all.yaml": routed(server.port)})
    _, service = unit()
    assert service["Type"] == ["notify"]
    port, admin = free_port(), free_port()
    environment = {**os.environ, "NOTIFY_SOCKET": "@" + manager.getsockname()[1:].decode(), "WEIR_LISTEN": f"127.0.0.1:{port}",
                   "WEIR_ADMIN": f"127.0.0.1:{admin}", "WEIR_NO_WATCH": "true"}
    with open(tmp_path / "log", "wb") as log:
        main = subprocess.Popen(words(service["ExecStart"][0], folder), env=environment, stdout=log, stderr=log)
    try:
        assert message(manager) == {"READY": "1", "STATUS": "serving"}
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass

        check, hang_up = (words(line, folder, MAINPID=str(main.pid)) for line in service["ExecReload"])

        def reload():
            asked = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            # The shell's own kill: procps, whose /bin/kill it is, need not be there.
            subprocess.run(["sh", "-c", shlex.join(hang_up).replace("/bin/kill", "kill")], check=True)
            begun = message(manager)
            assert begun["RELOADING"] == "1"
            assert int(begun["MONOTONIC_USEC"]) >= asked
            return message(manager)

        assert subprocess.run(check, env=environment, capture_output=True).returncode == 0
        assert reload() == {"READY": "1", "STATUS": "serving"}
        (folder / "all.yaml").write_text("kind: [")
        broken = subprocess.run(check, env=environment, capture_output=True, text=True)
        assert str(broken.returncode) in service["RestartPreventExitStatus"][0].split()
        assert reload() == {"READY": "1", "STATUS": "not reloaded: 1 error; the running configuration stays in force"}
        main.send_signal(signal.SIGTERM)
        assert message(manager) == {"STOPPING": "1"}
        assert main.wait(timeout=15) == 0
    finally:
        if main.poll() is None:
            main.kill()
            main.wait()


def test_systemd_reads_the_unit_of_the_page(tmp_path):
    tool = shutil.which("systemd-analyze")
    if tool is None or not shutil.which("/bin/kill"):
        pytest.skip("systemd-analyze, or what the unit calls, is not installed")
    text, _ = unit()
    path = tmp_path / "weir.service"
    path.write_text(text.replace("/usr/local/bin/weir", weir_binary()))
    done = subprocess.run([tool, "verify", "--recursive-errors=no", path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
