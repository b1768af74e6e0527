"""The real binary: started on free ports, awaited, talked to, stopped, and its log read for sanitizer reports."""

import os
import re
import signal
import subprocess
from pathlib import Path

from .http import Connection, chat_body
from .sockets import free_port, wait_for

ROOT = Path(__file__).resolve().parents[3]
REPORT = re.compile(r"ERROR: (?:Address|Leak|Thread)Sanitizer|runtime error:")


def weir_binary():
    """$WEIR_BIN, else the first build there is."""
    if given := os.environ.get("WEIR_BIN"):
        return given
    for folder in ("asan", "release", "dev"):
        if (path := ROOT / "build" / folder / "weir").exists():
            return str(path)
    raise RuntimeError("no weir binary: ./dev build, or set WEIR_BIN")


def is_sanitized():
    """Is the binary built with AddressSanitizer? It must be the first library of a process, and its companion that
    checks for undefined behaviour opens a pipe now and then and takes a failure for a finding."""
    return b"__asan_init" in Path(weir_binary()).read_bytes()


def _environment(more=None):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "SD_"))}
    return {**kept, **(more or {})}


def run_weir(*arguments, stdin=None, timeout=30, env=None, cwd=None):
    """A command that ends by itself: `run_weir("check", "-f", path)`. Has returncode, stdout and stderr as text."""
    done = subprocess.run([weir_binary(), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=timeout, env=_environment(env), cwd=cwd)
    assert not REPORT.search(done.stderr), done.stderr
    return done


class WeirProcess:
    """`weir COMMAND …` while it runs. `port` is the data port, `admin_port` the admin one (None: off)."""

    def __init__(self, *arguments, command="serve", log, env=None, port=None, admin=True, cwd=None):
        self.port = port or free_port()
        self.admin_port = free_port() if admin else None
        words = [weir_binary(), command, *map(str, arguments)]
        if command in ("serve", "demo"):
            words += ["--listen", f"127.0.0.1:{self.port}"] if "--listen" not in words else []
            words += ["--admin", f"127.0.0.1:{self.admin_port}" if admin else "off"]
        self.command, self.log_path = words, Path(log)
        self._stopped = False
        with open(log, "wb") as out:
            self.child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=_environment(env), cwd=cwd, start_new_session=True)

    @property
    def log(self):
        """What it has written so far, to stdout and stderr."""
        return self.log_path.read_text(errors="replace")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self, seconds=20.0, path="/readyz", port=None):
        """Waits for 200 on `path` of the admin port (of `port`, if given)."""
        port = port or self.admin_port or self.port

        def answers():
            assert self.child.poll() is None, f"{self.command} ended with {self.child.returncode}:\n{self.log[-2000:]}"
            try:
                with Connection(("127.0.0.1", port), timeout=2) as connection:
                    return connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}"}).status == 200
            except (OSError, AssertionError):
                return False

        try:
            wait_for(answers, f"200 on {path}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-2000:]}") from None
        return self

    def wait_log(self, text, seconds=10.0):
        """The log, once it contains `text`."""
        try:
            wait_for(lambda: text in self.log, f"{text!r} in the log", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-2000:]}") from None
        return self.log

    def connect(self, timeout=10.0):
        """A fresh raw connection to the data port."""
        return Connection(("127.0.0.1", self.port), timeout)

    def request(self, method, target, body=None, headers=(), **how):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.request(method, target, body, headers, **how)

    def get(self, target, headers=(), **how):
        return self.request("GET", target, None, headers, **how)

    def post(self, target, body, headers=(), **how):
        return self.request("POST", target, body, headers, **how)

    def chat(self, content="Say hello.", headers=(), **fields):
        """POST /v1/chat/completions with one user message."""
        return self.post("/v1/chat/completions", chat_body(content, **fields), headers)

    def admin(self, method, target, body=None, headers=()):
        """One request to the admin port."""
        with Connection(("127.0.0.1", self.admin_port)) as connection:
            return connection.request(method, target, body, {"Host": f"127.0.0.1:{self.admin_port}", **dict(headers)})

    def metric(self, name, **labels):
        """The sum of the samples of that name whose labels include these, or None."""
        total = None
        for line in self.admin("GET", "/metrics").text.splitlines():
            match = re.match(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
            if not match or match.group(1) != name:
                continue
            have = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2) or ""))
            if all(have.get(k) == v for k, v in labels.items()):
                total = (total or 0) + float(match.group(3))
        return total

    def signal(self, number):
        os.kill(self.child.pid, number)

    def wait_exit(self, seconds=10.0):
        """Its exit code."""
        return self.child.wait(timeout=seconds)

    def stop(self, seconds=15.0):
        """SIGTERM, then the exit code; one that does not end in time is killed and counts as a failure."""
        if self._stopped:
            return self.child.returncode
        self._stopped = True
        if self.child.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.child.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait(timeout=10)
                raise AssertionError(f"did not end {seconds:g} s after SIGTERM:\n{self.log[-2000:]}") from None
        assert not REPORT.search(self.log), self.log[-8000:]
        return self.child.returncode
