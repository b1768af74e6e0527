"""Clocks that jump or run at another speed: only the time stamps of the log follow them. A fake clock is laid under the
process; the monotonic one stays true unless the test says otherwise."""

import os
import time
from pathlib import Path

import pytest

from harness import wait_for
from harness.process import is_sanitized

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
if not LIBRARY.exists():
    LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)

pytestmark = [
    pytest.mark.skipif(LIBRARY is None, reason="package libfaketime is not installed"),
    pytest.mark.skipif(is_sanitized(), reason="a sanitizer must be the first library in the process"),
]

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(gateway):
    fields = Path(f"/proc/{gateway.child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def signals(gateway):
    return gateway.admin("GET", "/v1/endpoints").json()["endpoints"][0]["signals"]


def test_a_wall_clock_that_jumps_moves_nothing_but_the_log(weir, upstream, tmp_path):
    server = upstream()
    server.set_metrics(waiting=3)
    clock, log = tmp_path / "clock", tmp_path / "access.log"
    clock.write_text("+0\n")
    gateway = weir("--endpoint", server.url, "--access-log", log, "--request-timeout", "5s", env={
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
    wait_for(lambda: signals(gateway)["waiting"] == 3, "a scrape")
    for jump in ("+1d", "-365d", "+20y", "+0"):
        clock.write_text(jump + "\n")
        scrapes = server.scrapes
        for i in range(10):  # the pace, the ages and the deadlines stay
            answer = gateway.chat(f"{jump} {i}")
            assert answer.status == 200, (jump, answer.status, answer.body)
            assert not signals(gateway)["stale"] and signals(gateway)["ageSeconds"] < 5, jump
        wait_for(lambda: server.scrapes > scrapes + 5, f"scrapes after {jump}")
    year = str(time.gmtime().tm_year + 20)
    wait_for(lambda: year in log.read_text() or str(int(year) - 1) in log.read_text(), "the clock was really moved")
    assert gateway.admin("GET", "/v1/endpoints").json()["endpoints"][0]["state"] == "ready"


@pytest.mark.parametrize("speed", ["x10", "x0.1"])
def test_a_clock_of_another_speed_makes_no_busy_loop(weir, upstream, speed):
    server = upstream()
    gateway = weir("--endpoint", server.url, "--threads", "1", env={
        "LD_PRELOAD": str(LIBRARY), "FAKETIME": f"+0 {speed}", "FAKETIME_NO_CACHE": "1"})
    assert gateway.chat("x").status == 200
    before, began = cpu_seconds(gateway), time.monotonic()
    time.sleep(2)
    assert (cpu_seconds(gateway) - before) / (time.monotonic() - began) < 0.5
    assert gateway.chat("y").status == 200
