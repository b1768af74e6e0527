"""A real llama-server for the tests: found, or the test is skipped and says why."""

import os
import platform
import subprocess
from pathlib import Path

import pytest

from harness import Connection, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
FETCH = ROOT / "tools" / "get_llama_server.sh"


def find_root():
    """The folder the packages of llama-server are unpacked in."""
    return Path(os.environ.get("WEIR_LLAMA_ROOT", ROOT / "build" / "engines" / "llama"))


def command(root):
    """What starts the server with the libraries that came with it; None where it cannot run."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    loader, server = root / "usr/lib64/ld-linux-x86-64.so.2", root / "usr/bin/llama-server"
    if platform.machine() != "x86_64" or not loader.exists() or not server.exists():
        return None
    paths = ":".join(str(p) for p in (libraries, libraries / "llama"))
    return [str(loader), "--library-path", paths, str(server)]


def backend(root):
    """The CPU backend this machine can run."""
    flags = set(Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split())
    kind = "haswell" if {"avx2", "fma", "f16c", "bmi2"} <= flags else "x64"
    return root / f"usr/lib/x86_64-linux-gnu/ggml/backends0/libggml-cpu-{kind}.so"


def require():
    """Skips the module, saying why, where there is no llama-server that starts."""
    root = find_root()
    words = command(root) or command(_fetch(root))
    if words is None:
        pytest.skip(f"no llama-server under {root}, and {FETCH.name} could not fetch it", allow_module_level=True)
    tried = subprocess.run([*words, "--version"], capture_output=True, timeout=60, env=_environment(root))
    if tried.returncode != 0:
        pytest.skip(f"llama-server does not start here: {tried.stderr[-200:]!r}", allow_module_level=True)


def _fetch(root):
    """Gets it once, from Debian's mirror; a machine without one goes without these tests."""
    try:
        subprocess.run([FETCH, root], capture_output=True, timeout=180)
    except (OSError, subprocess.TimeoutExpired):
        pass
    return root


def _environment(root):
    return {**os.environ, "GGML_BACKEND_PATH": str(backend(root))}


class LlamaServer:
    """One replica."""

    def __init__(self, model, log, *flags, port=None, name="tiny"):
        root = find_root()
        self.port = port or free_port()
        self.address, self.url = f"127.0.0.1:{self.port}", f"http://127.0.0.1:{self.port}"
        words = [*command(root), "-m", str(model), "--host", "127.0.0.1", "--port", str(self.port), "-c", "8192",
                 "-np", "4", "-t", "1", "--metrics", "--slots", "-a", name, "--cache-ram", "0", "--no-ui",
                 *map(str, flags)]
        with open(log, "wb") as out:
            self.child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=_environment(root), start_new_session=True)
        self.log = Path(log)

    def get(self, target):
        with Connection(("127.0.0.1", self.port), timeout=5) as connection:
            return connection.request("GET", target)

    def health(self):
        """The status of /health; 0 while the port is closed."""
        try:
            return self.get("/health").status
        except (OSError, AssertionError):
            return 0

    def metric(self, name):
        line = next(line for line in self.get("/metrics").text.splitlines() if line.startswith(f"llamacpp:{name} "))
        return float(line.split()[1])

    def wait_loaded(self, seconds=30):
        wait_for(lambda: self.health() == 200, f"a loaded model at {self.address}", seconds)
        return self

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(10)
