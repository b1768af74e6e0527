"""The load bench itself: what it counts is what was served, and the table comes out whole."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "asan"))
PROGRAMS = BUILD / "bench" / "load"

sys.path.insert(0, str(ROOT / "bench" / "load"))

import processes  # noqa: E402

pytestmark = pytest.mark.skipif(not (PROGRAMS / "load").exists(), reason="the bench is not built")


@pytest.fixture
def fake(tmp_path):
    port = processes.free_ports(2, first=27000)
    addresses = [f"127.0.0.1:{port + i}" for i in range(2)]
    command = [str(PROGRAMS / "fake"), "--listen", addresses[0], "--ports", "2", "--page", "50000"]
    with processes.Process(command, processes.cores()[0], tmp_path / "log") as process:
        process.wait_ready(addresses[0])
        yield addresses


def load(targets, **flags):
    command = [str(PROGRAMS / "load"), "--seconds", "0.3", "--warmup", "0.1"]
    command += [x for t in targets for x in ("--target", t)]
    command += [x for k, v in flags.items() for x in ("--" + k.replace("_", "-"), str(v))]
    out = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
    assert out[:2] == ["begin", "end"]
    return json.loads(out[2])


def get(address, path):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
        return answer.read().decode()


def test_every_counted_answer_was_served(fake):
    result = load(fake, connections=4, body=220_000, prompts="distinct")
    assert result["errors"] == {}
    assert 0 < result["requests"] <= json.loads(get(fake[0], "/stats"))["requests"]
    assert 0 < result["latency_p50_ms"] <= result["latency_p99_ms"] <= result["latency_max_ms"]


def test_a_fast_stream_arrives_event_by_event_and_whole(fake):
    result = load(fake, connections=2, chunks=100)
    assert result["errors"] == {}
    assert result["requests"] > 0
    # [DONE] is an event too. Of a stream that was under way when counting began, only the rest is counted.
    assert result["events"] >= 101 * (result["requests"] - 2)


def test_a_paced_stream_keeps_its_pace_and_carries_its_stamps(fake):
    result = load(fake, connections=10, chunks=1000, interval_us=20_000, seconds=1, warmup=0.5)
    assert result["errors"] == {}
    assert result["open_streams"] == 10
    assert 350 <= result["events"] <= 550
    assert 0 < result["event_p50_ms"] < 20


def test_the_open_loop_keeps_its_rate(fake):
    result = load(fake, connections=32, rate=200, seconds=2)
    assert result["errors"] == {}
    assert result["backlog"] == 0
    assert 300 <= result["requests"] <= 500


def test_an_unreachable_target_is_an_error_and_not_a_hang():
    result = load([f"127.0.0.1:{processes.free_ports(1, first=28000)}"], connections=1)
    assert result["requests"] == 0
    assert result["errors"]["connect"] > 0


def test_the_metrics_page_has_the_series_a_picker_reads_and_the_wanted_size(fake):
    page = get(fake[1], "/metrics")
    assert 50_000 <= len(page) < 50_500
    for series in ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc", "cache_config_info"):
        assert f"\nvllm:{series}{{" in page


def test_the_table_has_a_row_for_each_peer_and_says_who_is_absent():
    command = [sys.executable, str(ROOT / "bench" / "load" / "run.py"), "--build", str(BUILD), "--repetitions", "1",
               "--seconds", "0.3", "--scenarios", "1k,sse-fast", "--peers", "direct,floor"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line.startswith("|")]
    assert [r[1] for r in rows[2:]] == ["direct", "floor", "direct", "floor"]
    assert {r[-1] for r in rows[2:]} == {"0"}
    assert float(rows[3][2]) > 0
