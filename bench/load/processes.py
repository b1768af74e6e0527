"""Starting, pinning and weighing the programs of the bench."""

import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


def cores():
    """(cores of the load and the endpoints, cores of the proxy): apart where the machine has two."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[:-1], usable[-1:]) if len(usable) > 1 else (usable, usable)


def raise_file_limit(wanted=65536):
    """As many open files as wanted where we may, else as the hard limit allows; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(hard, wanted), hard):
        try:
            return resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        except (ValueError, OSError):
            continue


def free_ports(count, first=20000):
    """The first of `count` free consecutive loopback ports."""
    start = first
    while start + count < 32768:
        taken = next((p for p in range(start, start + count) if not _is_free(p)), None)
        if taken is None:
            return start
        start = taken + 1
    raise RuntimeError(f"no {count} free ports in a row")


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def tree(pid):
    """The process and its descendants."""
    pids, todo = [], [pid]
    while todo:
        pid = todo.pop()
        pids.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            todo += map(int, children.read_text().split())
    return pids


def cpu_us(pid, threads=""):
    """CPU time of a tree so far, user and system, in microseconds; of its threads named so alone, where a name is given."""
    total = 0.0
    for member in tree(pid):
        for thread in Path(f"/proc/{member}/task").iterdir():
            if threads and not (thread / "comm").read_text().startswith(threads):
                continue
            schedstat = thread / "schedstat"
            if schedstat.exists():
                # Nanoseconds; the ticks below are too coarse for a load of some hundred requests a second.
                total += int(schedstat.read_text().split()[0]) / 1e3
            else:
                fields = (thread / "stat").read_text().rpartition(")")[2].split()
                total += (int(fields[11]) + int(fields[12])) * TICK_US
    return total


class Process:
    """A program on given cores, with its own process group, that ends with the `with` block."""

    def __init__(self, command, on, log):
        self.command, self.on, self.log_path = command, on, log

    def __enter__(self):
        self.log = open(self.log_path, "wb")
        pinned = ["taskset", "-c", ",".join(map(str, self.on)), *self.command]
        self.child = subprocess.Popen(pinned, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                      start_new_session=True)
        return self

    def __exit__(self, *_):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.child.poll() is None or sign == signal.SIGKILL:
                try:
                    os.killpg(self.child.pid, sign)
                except ProcessLookupError:
                    break
                try:
                    self.child.wait(timeout=2 if sign == signal.SIGTERM else 10)
                except subprocess.TimeoutExpired:
                    continue
        self.log.close()

    def wait_ready(self, address, seconds=20, pause=0.02):
        """Waits until GET /v1/models is answered with 200."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                break
            if _answers(address):
                return
            time.sleep(pause)
        raise RuntimeError(f"{self.command[0]} does not answer: {Path(self.log_path).read_text()[-500:]}")

    def tree(self):
        """The process and its descendants."""
        return tree(self.child.pid)

    def cpu_us(self, threads=""):
        """CPU time so far of the tree, or of those of its threads whose name begins with `threads`."""
        return cpu_us(self.child.pid, threads)

    def memory_kb(self):
        """{'Rss', 'Pss', 'Anonymous'} of the tree."""
        total = {"Rss": 0, "Pss": 0, "Anonymous": 0}
        for pid in self.tree():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name = line.split(":")[0]
                if name in total:
                    total[name] += int(line.split()[1])
        return total


def _answers(address):
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1) as s:
            s.sendall(b"GET /v1/models HTTP/1.1\r\nHost: bench.local\r\nConnection: close\r\n\r\n")
            return s.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
