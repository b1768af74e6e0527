"""Runs what a page of the documentation tells a reader to type, with free ports in the place of the page's own."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field

from .http import Connection
from .process import REPORT, weir_binary
from .sockets import free_port

PORT = re.compile(r"\b(80[0-9]{2}|99[0-9]{2})\b(?!-)")
BLOCK = re.compile(r"^```(\w+)[ ]*(\S*)\n(.*?)^```$", re.M | re.S)
SERVER = re.compile(r"weir (sim|serve|demo)\b")
# Without these a root user may read every file, which would hide what a page says about permissions.
UNPRIVILEGED = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]


@dataclass
class Section:
    """One `## heading` of a page: its files, and its commands with what they print."""

    title: str
    files: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)   # (command, expected output)


def read_sections(text):
    """The sections of a page. A fenced `yaml NAME` block is a file; in a `console` block lines behind `$ ` are commands,
    the lines below what they print; a `sh` block is one command that prints what it likes, a server in a terminal of
    its own."""
    sections = []
    for part in re.split(r"^## ", text, flags=re.M):
        title, _, body = part.partition("\n")
        section = Section(title.strip())
        for language, name, content in BLOCK.findall(body):
            if name:
                section.files[name] = content
            elif language == "sh":
                command = content.strip()
                own_terminal = " &" if SERVER.match(command) else ""
                section.steps.append((command + own_terminal, "…"))
            elif language == "console":
                for step in re.split(r"^\$ ", content, flags=re.M)[1:]:
                    lines = step.split("\n")
                    count = 1
                    while lines[count - 1].endswith("\\"):
                        count += 1
                    section.steps.append(("\n".join(lines[:count]), "\n".join(lines[count:]).strip()))
        sections.append(section)
    return sections


class Walkthrough:
    """A folder and the servers that were started in it."""

    def __init__(self, folder):
        self.folder, self.servers, self._ports = folder, [], {}
        tools = folder / ".tools"
        tools.mkdir(parents=True)
        (tools / "weir").symlink_to(weir_binary())
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WEIR_", "SD_"))}
        self.admin = self.port("9901")
        self._environment = {**kept, "PATH": f"{tools}:{kept['PATH']}", "WEIR_ADMIN": f"127.0.0.1:{self.admin}"}

    def port(self, written):
        """The port that stands for one of the page's."""
        return self._ports.setdefault(written, str(free_port()))

    def here(self, text):
        return PORT.sub(lambda m: self.port(m.group(1)), text)

    def as_written(self, text):
        for written, used in self._ports.items():
            text = text.replace(used, written)
        return text

    def add_file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(content))

    def add_folder(self, source, name):
        shutil.copytree(source, self.folder / name)
        for path in (self.folder / name).rglob("*"):
            if path.suffix in (".yaml", ".json"):
                path.write_text(self.here(path.read_text()))

    def run(self, command, expected="…", seconds=20):
        """Starts a server, or runs a command until it prints what is expected (`…` stands for anything)."""
        if SERVER.match(command) and command.endswith("&"):
            return self._start(command.removesuffix("&").strip())
        pattern = re.compile(".*".join(re.escape(part) for part in expected.split("…")), re.S)
        deadline = time.monotonic() + seconds
        while True:
            done = subprocess.run([*self._shell(), self.here(command)], cwd=self.folder, env=self._environment,
                                  capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            printed = self.as_written(done.stdout).strip()
            if pattern.fullmatch(printed):
                return printed
            if time.monotonic() > deadline:
                raise AssertionError(f"$ {command}\nprinted:\n{printed}\n{done.stderr}\nexpected:\n{expected}")
            time.sleep(0.02)

    @staticmethod
    def _shell():
        return [*(UNPRIVILEGED if os.geteuid() == 0 else []), "bash", "-c"]

    def _start(self, command):
        log = self.folder / f".server-{len(self.servers)}.log"
        with open(log, "wb") as out:
            child = subprocess.Popen([*self._shell(), "exec " + self.here(command)], cwd=self.folder, stdout=out,
                                     stderr=out, stdin=subprocess.DEVNULL, env=self._environment,
                                     start_new_session=True)
        self.servers.append((child, log))
        words = shlex.split(command)
        ports = [w.rpartition(":")[2] for before, w in zip(words, words[1:]) if before == "--listen"]
        for port in ports or ["9901"]:
            self._await(child, log, int(self.port(port)))

    def _await(self, child, log, port):
        """Until the server listens there. A gateway that is not going to be ready listens as well."""
        deadline = time.monotonic() + 20
        while child.poll() is None:
            try:
                with Connection(("127.0.0.1", port), timeout=2) as connection:
                    connection.request("GET", "/health", headers={"Host": f"127.0.0.1:{port}"})
                return
            except (OSError, AssertionError):
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.01)
        raise AssertionError(f"ended with {child.returncode}:\n{log.read_text()}")

    def stop(self):
        for child, log in reversed(self.servers):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child, log in self.servers:
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                raise AssertionError(f"did not end:\n{log.read_text()}") from None
            assert not REPORT.search(log.read_text(errors="replace")), log.read_text()
