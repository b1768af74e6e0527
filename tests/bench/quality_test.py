"""The policy bench: the same seed gives the same bytes, whatever is replayed."""

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "asan"))
QUALITY = BUILD / "bench" / "quality" / "quality"

pytestmark = pytest.mark.skipif(not QUALITY.exists(), reason="the bench is not built")


def quality(*flags):
    out = subprocess.run([str(QUALITY), *flags], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    return out.stdout


def rows(text):
    """The table's lines by policy, each as a list of its numbers."""
    out = {}
    for line in text.splitlines():
        cells = line.replace("|", " ").split()
        if len(cells) == 15 and cells[0] != "policy":
            out[cells[0]] = [float(c) for c in cells[1:14]]
    return out


def test_same_seed_same_bytes():
    flags = ["--workload", "multi-turn", "--seconds", "10", "--rate", "5"]
    first = quality(*flags)
    assert first == quality(*flags)
    assert first != quality(*flags, "--seed", "2")
    assert set(rows(first)) == {
        "random", "round-robin", "least-requests", "reference", "reference-affinity", "weir",
    }


def test_trace_file_plain_and_packed(tmp_path):
    lines = []
    for i in range(60):
        request = {"timestamp": i * 100, "input_length": 1300, "output_length": 20, "hash_ids": [i % 3, 100 + i % 3, 1000 + i]}
        lines.append(json.dumps(request))
    plain = tmp_path / "trace.jsonl"
    plain.write_text("\n".join(lines) + "\n")
    packed = tmp_path / "trace.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    flags = ["--rate", "1", "--endpoints", "4"]
    one, two = quality("--trace", str(plain), *flags), quality("--trace", str(packed), *flags)
    assert one.splitlines()[2:] == two.splitlines()[2:]
    assert "60 requests in 6 s, 4 endpoints" in one
    table = rows(one)
    hit = 10  # column
    assert table["weir"][hit] > table["random"][hit]


def test_slow_and_degrading_endpoints():
    flags = ["--workload", "documents", "--seconds", "20", "--rate", "4", "--policy", "weir"]
    median, worst = 4, 6  # latency columns
    even = rows(quality(*flags))["weir"]
    assert rows(quality(*flags, "--slowdowns", "2,2,2,2,2,2,2,2"))["weir"][median] > 1.5 * even[median]
    assert rows(quality(*flags, "--degrade", "0:50:0"))["weir"][worst] > 5 * even[worst]


def test_wrong_flags_say_what_is_wrong(tmp_path):
    for flags, word in ([], "nothing to replay"), (["--workload", "x"], "unknown x"), (["--policy", "x"], "unknown x"):
        out = subprocess.run([str(QUALITY), *flags], capture_output=True, text=True, timeout=20)
        assert out.returncode == 2 and word in out.stderr


def test_seeds_give_means_and_deviations():
    flags = ["--workload", "bursts", "--seconds", "10", "--rate", "6", "--policy", "weir"]
    one, two = (rows(quality(*flags, "--seed", seed))["weir"] for seed in ("4", "5"))
    both = quality(*flags, "--seed", "4", "--seeds", "2")
    mean = rows(both)["weir"]
    ttft90 = 2  # column
    assert abs(mean[ttft90] - (one[ttft90] + two[ttft90]) / 2) < 0.002
    spread = [float(c) for line in both.splitlines() if line.startswith("  +-") for c in line.replace("|", " ").split()[1:]]
    assert abs(spread[ttft90] - abs(one[ttft90] - two[ttft90]) / 2**0.5) < 0.002


def test_bounds_are_ahead():
    out = quality("--workload", "documents", "--seconds", "20", "--rate", "6", "--policy", "bounds", "--policy", "random")
    table = rows(out)
    ttft90, good = 2, 7  # columns
    assert table["one-server"][ttft90] < table["clairvoyant"][ttft90] < table["random"][ttft90]
    assert table["one-server-short-first"][good] >= table["random"][good]


def test_a_knee_is_where_nine_in_ten_are_good():
    flags = ["--workload", "bursts", "--seconds", "10", "--endpoints", "2", "--policy", "least-requests"]
    out = quality(*flags, "--knee", "--knee-of", "least-requests", "--at", "0.8,1.5")
    sparse, dense = (float(line.replace("|", " ").split()[8]) for line in out.splitlines() if line.startswith("least-requests"))
    assert sparse >= 90 > dense
    assert "1.000 +- 0.000 of least-requests" in out


@pytest.mark.parametrize("load", [("tenants", "15", "48", "3"), ("tenants", "15", "55", "3"), ("bursts", "30", "15", "4")],
                         ids=lambda load: f"{load[0]} at {load[2]}")
def test_the_default_policy_is_not_behind(load):
    """Small loads around the knee of reference-affinity, which weir is ahead of there (docs/policies.md has the whole
    comparison): a change of the formula that gives its lead up shows here. Virtual time and seeds: no noise."""
    workload, seconds, rate, seeds = load
    table = rows(quality("--workload", workload, "--endpoints", "4", "--seconds", seconds, "--rate", rate, "--seeds", seeds,
                         "--policy", "weir", "--policy", "reference-affinity", "--policy", "least-requests"))
    ttft90, good_share = 2, 7  # columns
    weir, affinity = table["weir"], table["reference-affinity"]
    assert weir[good_share] >= max(affinity[good_share], table["least-requests"][good_share]), table
    if affinity[good_share] < 85:  # beyond its knee
        assert weir[good_share] >= affinity[good_share] + 8, table
    else:
        assert weir[ttft90] <= affinity[ttft90], table
