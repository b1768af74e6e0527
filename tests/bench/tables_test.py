"""What the bench makes of its measurements: figures, plan, verdicts and the block of Markdown. No time is claimed."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "load"))

import figures  # noqa: E402
import install  # noqa: E402
import promises  # noqa: E402
import run  # noqa: E402
import table  # noqa: E402
from peers import PEERS, Setting  # noqa: E402
from rows import ROWS  # noqa: E402
from scenarios import DEFAULT, FULL, QUICK, SCENARIOS  # noqa: E402
from verdict import PROMISES, Verdict, ordered  # noqa: E402

BY_NAME = {s.name: s for s in SCENARIOS}


def measured(cpu, **more):
    """Figures as a measurement gives them."""
    return {"cpu_us": cpu, "carrying_us": cpu, "count": 1000, "requests": 1000, "seconds": 1.0, "errors": {}, "backlog": 0,
            "proxy_busy": 0.95, "load_busy": 0.5, "latency_p50_ms": cpu / 10, "latency_p99_ms": cpu / 5, "rss_mb": 20.0,
            **more}


def verdict_of(results, what):
    found = [v for v in promises.verdicts(results) if v.what == what]
    assert len(found) == 1, [v.what for v in promises.verdicts(results)]
    return found[0]


@pytest.mark.parametrize("values, digits, text", [
    ([], 2, ""),
    ([None, 1.5], 1, "1.5"),
    ([1.0, 3.0, 2.0], 1, "2.0 (1.0 to 3.0)"),
    ([1.001, 1.002], 2, "1.00"),
    ([1000.0, 3000.0], 0, "2,000 (1,000 to 3,000)"),
])
def test_a_spread_is_the_median_with_its_ends(values, digits, text):
    assert figures.spread(values, digits) == text


def test_ratios_and_differences_pair_the_runs_of_a_repetition():
    mine = [measured(10.0), {"failed": "x"}, measured(30.0), measured(99.0)]
    theirs = [measured(20.0), measured(1.0), measured(10.0)]
    assert figures.ratios(mine, theirs) == [0.5, 3.0]
    assert figures.differences(mine, theirs, "latency_p50_ms") == [-1.0, 2.0]
    assert figures.ratios([], theirs) == []


def test_slope_and_quantile():
    assert figures.slope((2000, 10_000), (9000, 45_000)) == 5
    assert figures.quantile(range(100), 0.99) == 99
    assert figures.quantile([7], 0.5) == 7


def test_the_full_matrix_has_every_combination_once():
    names = [s.name for s in SCENARIOS]
    assert len(names) == len(set(names))
    for endpoints in (4, 100, 1000):
        for body in (1024, 16 * 1024, 220_000):
            for connections in (32, 256, 2000):
                fitting = [s for s in SCENARIOS if s.endpoints == endpoints and s.load.get("body") == body
                           and s.load["connections"] == connections and s.load.get("prompts") != "distinct"]
                kinds = {("rate" in s.load, s.streamed) for s in fitting if not s.load.get("interval-us")}
                assert kinds >= {(False, False), (True, False), (False, True)}, (endpoints, body, connections)
            paces = {(s.load["connections"], s.load["interval-us"]) for s in SCENARIOS
                     if s.load.get("interval-us") and s.endpoints == endpoints and s.load.get("body") == body}
            assert paces >= {(500, 20_000), (2000, 100_000), (9000, 500_000)}


def test_each_level_holds_the_one_before():
    counts = [sum(s.level <= level for s in SCENARIOS) for level in (QUICK, DEFAULT, FULL)]
    assert counts[0] < counts[1] < counts[2]


def test_the_peers_take_turns_within_a_repetition():
    options = run.arguments(["--repetitions", "2"])
    loads, rows = run.chosen(options)
    steps = [(s.name, p) for s, p, _ in run.plan(loads, options)]
    half = [(n, p) for n, p in steps if not BY_NAME[n].repetitions]
    assert half[:len(half) // 2] == half[len(half) // 2:]
    assert ("1k", "litellm") in steps and ("16k", "litellm") not in steps
    assert rows == ROWS
    quick = run.arguments(["--quick"])
    assert not {p for _, p, _ in run.plan(run.chosen(quick)[0], quick)} & {"envoy", "smg", "vllm-router", "litellm"}


def test_rows_and_loads_are_chosen_by_name_and_pattern():
    assert [s.name for s in run.chosen(run.arguments(["--scenarios", "idle-*"]))[0]] == ["idle-2000", "idle-9000"]
    loads, rows = run.chosen(run.arguments(["--rows", "start,re*"]))
    assert loads == [] and [r.name for r in rows] == ["reloads", "start"]
    with pytest.raises(SystemExit):
        run.chosen(run.arguments(["--scenarios", "nothing"]))
    with pytest.raises(SystemExit):
        run.arguments(["--peers", "squid"])


@pytest.mark.parametrize("scenario, what, mine, theirs, met", [
    ("1k", "1 KB chat, 32 connections", 12.0, 12.0, True),
    ("1k", "1 KB chat, 32 connections", 12.1, 12.0, False),
    ("220k-distinct", "220 KB chat, all prompts distinct", 90.0, 80.0, True),
    ("220k-distinct", "220 KB chat, all prompts distinct", 101.0, 80.0, False),
    ("220k", "220 KB chat, shared prompts", 89.0, 80.0, False),
    ("sse-9000x2", "SSE, 9,000 streams × 2/s", 5.0, 6.0, True),
])
def test_cpu_is_held_to_haproxys(scenario, what, mine, theirs, met):
    results = {scenario: {"haproxy": [measured(theirs)], "weir": [measured(mine)], "floor": [measured(6.0)]}}
    verdict = verdict_of(results, what)
    assert verdict.met is met
    assert f"{mine / theirs:.2f} × HAProxy" in verdict.measured and f"{mine / 6:.2f} × floor" in verdict.measured


def test_a_thousand_endpoints_are_judged_without_scraping():
    results = {"1k": {"weir": [measured(13.0, carrying_us=12.0)]},
               "1k-1000e": {"weir": [measured(40.0, carrying_us=23.0)]}}
    verdict = verdict_of(results, "1 KB, CPU beside 4 endpoints, scraping apart")
    assert verdict.met and "3.08 × with scraping" in verdict.measured


def test_memory_is_taken_as_it_is_and_by_its_slope():
    def streams(count, each):
        return [{"heap_kb": each, "pss_kb": each + 1, "count": count, "requests": 0, "errors": {}, "backlog": 0}]

    results = {"idle-2000": {"weir": streams(2000, 4.5)}, "idle-9000": {"weir": streams(9000, 3.5)}}
    assert not verdict_of(results, "2,000 idle streams, heap").met
    assert verdict_of(results, "9,000 idle streams, PSS").met
    slope = verdict_of(results, "50,000 idle streams, heap, extrapolated")
    assert slope.met and "3.21 KB each by the slope" in slope.measured


def test_half_load_is_judged_beside_haproxy_over_direct():
    results = {"open-1k-half": {"direct": [measured(1.0)], "haproxy": [measured(3.0)], "weir": [measured(2.5)]}}
    verdict = verdict_of(results, "1 KB at half of HAProxy's rate, p50")
    assert verdict.met and verdict.measured == "0.150 ms, HAProxy 0.200"


def test_failed_requests_are_a_gap():
    results = {"1k": {"weir": [measured(1.0, errors={"status 503": 2})]}}
    assert not verdict_of(results, "failed requests in all of weir's loads").met


def test_a_row_of_the_table():
    results = {"direct": [measured(0.0)], "haproxy": [measured(20.0)], "nginx": [{"failed": "absent: not installed"}],
               "weir": [measured(10.0, carrying_us=9.0, errors={"not HTTP": 1}), measured(10.0, carrying_us=9.0)]}
    cells = dict(zip(table.HEADINGS, table.row(BY_NAME["1k"], "weir", results)))
    assert cells["CPU µs per request or chunk"] == "10.00" and cells["of it scraping"] == "1.00"
    assert cells["× HAProxy"] == "0.50" and cells["× floor"] == ""
    assert cells["added p50"] == "1.000" and cells["TTFT added p50"] == ""
    assert cells["busy: proxy / load"] == "95% / 50%" and cells["errors"] == "1 (not HTTP)"
    absent = table.row(BY_NAME["1k"], "nginx", results)
    assert absent[2] == "absent: not installed" and len(absent) == len(table.HEADINGS)


def test_a_full_core_of_the_load_is_said():
    assert table.load_bound(BY_NAME["1k"], "floor", [measured(9.0, proxy_busy=0.7, load_busy=0.99)])
    assert not table.load_bound(BY_NAME["1k"], "floor", [measured(9.0, proxy_busy=0.97, load_busy=0.99)])
    assert not table.load_bound(BY_NAME["open-1k-half"], "weir", [measured(9.0, proxy_busy=0.5, load_busy=0.95)])


def test_verdicts_come_in_the_order_of_the_contract_and_none_is_left_out():
    found = ordered([Verdict("start", "x", "", "", True), Verdict("small", "y", "", "", False)])
    assert [v.promise for v in found] == [k for k in PROMISES if k != "beyond"]
    assert {v.word for v in found} == {"met", "**gap**", "not judged"}
    assert len(ordered(found[:1], everything=False)) == 1


def test_the_block_replaces_what_stands_between_its_marks():
    page = f"before\n{run.BEGIN}\nold\n{run.END}\nafter\n"
    assert run.replaced(page, "new") == f"before\n{run.BEGIN}\nnew\n{run.END}\nafter\n"
    with pytest.raises(ValueError):
        run.replaced("no marks", "new")
    assert run.replaced((ROOT / "docs" / "performance.md").read_text(), "new").count("\nnew\n") == 1


def test_a_load_beyond_the_descriptor_limit_says_so(monkeypatch):
    monkeypatch.setattr(run.resource, "getrlimit", lambda _: (10_000, 10_000))
    assert run.reachable(BY_NAME["sse-9000x2"]) == "needs 18,200 open files, the limit is 10,000"
    assert run.reachable(BY_NAME["1k"]) == ""


@pytest.mark.parametrize("name", ["haproxy", "nginx", "envoy", "litellm"])
def test_each_configuration_is_filled_in(name, tmp_path):
    setting = Setting(tmp_path, tmp_path, "127.0.0.1:20000", ["127.0.0.1:20001", "127.0.0.1:20002"])
    PEERS[name].arguments(setting)
    text = next(p for p in tmp_path.iterdir() if p.suffix in (".cfg", ".conf", ".yaml")).read_text()
    for said in ("20001", "20002"):
        assert said in text
    for place in ("{servers}", "{listen}", "{listen_port}", "{files}", "{connections}"):
        assert place not in text


def test_a_package_that_cannot_be_installed_says_why(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise install.subprocess.CalledProcessError(1, "pip", stderr="x\nERROR: No matching distribution found for y\n")

    monkeypatch.setattr(install.venv, "create", lambda *_, **__: None)
    monkeypatch.setattr(install.subprocess, "run", fail)
    assert install.ensure("y==1", tmp_path / "y") == "not installed: No matching distribution found for y"
