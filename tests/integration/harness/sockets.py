"""Ports and waiting."""

import random
import socket
import time

# Below the kernel's range of ephemeral ports, so that no outgoing connection takes one in between.
_ports = random.Random()
_given = set()


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    """A loopback port that nobody has, given out once per run."""
    for _ in range(1000):
        port = _ports.randrange(10240, 32000)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError("no free port")


def free_ports(count):
    return [free_port() for _ in range(count)]


def wait_for(condition, what, seconds=10.0):
    """Waits until `condition()` is true and returns its value; fails by the deadline, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.005)
