"""What the loads of the matrix say about the promises: each function takes the results and gives verdicts."""

from statistics import median

from figures import differences, middle, number, present, ratios, slope, spread
from table import mistakes, succeeded
from verdict import Verdict

# (promise, what, scenario, most times HAProxy's CPU, times the floor's that would be splendid)
CPU_BARS = [
    ("small", "1 KB chat, 32 connections", "1k", 1.0, 1.25),
    ("large", "220 KB chat, all prompts distinct", "220k-distinct", 1.25, None),
    ("large", "220 KB chat, shared prompts", "220k", 1.1, None),
    ("chunk", "SSE as fast as possible", "sse-fast", 1.0, None),
    ("chunk", "SSE, 500 streams × 50/s", "sse-500x50", 1.0, 1.15),
    ("chunk", "SSE, 2,000 streams × 10/s", "sse-2000x10", 1.0, None),
    ("chunk", "SSE, 9,000 streams × 2/s", "sse-9000x2", 1.0, None),
    ("beyond", "16 KB chat", "16k", 1.0, None),
]
MEMORY_BARS = {"heap_kb": ("heap", 4.0), "pss_kb": ("PSS", 6.0)}


def verdicts(results):
    """All that can be said of the scenarios that were measured: {scenario: {peer: [figures]}}."""
    found = []
    for judge in (_cpu, _nginx_too, _large_rate, _half_load, _light_load, _first_event, _thousand, _memory,
                  _idle_connections, _slow_reader, _failures):
        found += judge(results)
    return found


def _cpu(results):
    for promise, what, scenario, bar, splendid in CPU_BARS:
        peers = results.get(scenario, {})
        over = ratios(peers.get("weir", []), peers.get("haproxy", []))
        if not over:
            continue
        floor = ratios(peers.get("weir", []), peers.get("floor", []))
        said = f"{spread(over, 2)} × HAProxy"
        if floor:
            said += f"; {median(floor):.2f} × floor" + (f" (moonshot {splendid})" if splendid else "")
        yield Verdict(promise, what, f"≤ {bar} × HAProxy", said, median(over) <= bar)


def _nginx_too(results):
    """Issue 4 wants the better of HAProxy and nginx beaten at 500 streams."""
    peers = results.get("sse-500x50", {})
    over = ratios(peers.get("weir", []), peers.get("nginx", []))
    if over:
        yield Verdict("chunk", "the same beside nginx", "≤ 1.0 × nginx", f"{spread(over, 2)} × nginx", median(over) <= 1.0)


def _large_rate(results):
    for scenario in ("220k-distinct", "220k"):
        runs = succeeded(results.get(scenario, {}).get("weir", []))
        if cpu := middle(runs, "cpu_us"):
            rate, served = 1e6 / cpu, median([r["count"] / r["seconds"] for r in runs])
            yield Verdict("large", f"a core's requests/s, {scenario}", "≥ 10,000",
                          f"{rate:,.0f} by CPU; {served:,.0f} served", rate >= 10_000)


def _added(results, scenario, peer, name):
    """The median over the repetitions of a time minus the direct one's, or None."""
    peers = results.get(scenario, {})
    over = differences(peers.get(peer, []), peers.get("direct", []), name)
    return median(over) if over else None


def _half_load(results):
    for scenario, what in (("open-1k-half", "1 KB"), ("open-16k-half", "16 KB"), ("open-220k-half-distinct", "220 KB")):
        for share in ("p50", "p99"):
            mine, theirs = (_added(results, scenario, peer, f"latency_{share}_ms") for peer in ("weir", "haproxy"))
            if mine is None or theirs is None:
                continue
            yield Verdict("added", f"{what} at half of HAProxy's rate, {share}", "≤ HAProxy's",
                          f"{mine:.3f} ms, HAProxy {theirs:.3f}", mine <= theirs)
            if scenario.startswith("open-220k") and share == "p99":
                yield Verdict("large", "220 KB at half load, added p99", "< 2 ms", f"{mine:.3f} ms", mine < 2)


def _light_load(results):
    mine, direct = (middle(results.get("open-1k-500-64c", {}).get(p, []), "latency_p50_ms") for p in ("weir", "direct"))
    if mine is not None:
        yield Verdict("beyond", "1 KB, open loop 500/s, p50", "≤ 0.17 ms", f"{mine:.3f} ms, direct {number(direct, 3)}",
                      mine <= 0.17)


def _first_event(results):
    for share, bar in (("p50", 0.2), ("p99", 2.0)):
        added = _added(results, "sse-500x50", "weir", f"ttft_{share}_ms")
        if added is not None:
            theirs = _added(results, "sse-500x50", "haproxy", f"ttft_{share}_ms")
            yield Verdict("ttft", f"500 streams × 50/s, {share}", f"≤ {bar} ms",
                          f"{added:.3f} ms, HAProxy {number(theirs, 3)}", added <= bar)


def _thousand(results):
    """Of the threads that carry requests: what scraping costs is a row of its own."""
    few, many = (results.get(s, {}).get("weir", []) for s in ("1k", "1k-1000e"))
    over = ratios(many, few, "carrying_us")
    if over:
        all_of_it = ratios(many, few)
        yield Verdict("thousand", "1 KB, CPU beside 4 endpoints, scraping apart", "≤ 2 ×",
                      f"{spread(over, 2)} × ({median(all_of_it):.2f} × with scraping)", median(over) <= 2)


def _memory(results):
    for name, (title, bar) in MEMORY_BARS.items():
        points = {}
        for count, scenario in ((2000, "idle-2000"), (9000, "idle-9000")):
            mine, theirs = (middle(succeeded(results.get(scenario, {}).get(p, [])), name) for p in ("weir", "haproxy"))
            if mine is None:
                continue
            points[count] = (count, mine * count)
            yield Verdict("memory", f"{count:,} idle streams, {title}", f"≤ {bar:g} KB",
                          f"{mine:.2f} KB, HAProxy {number(theirs, 2)}", mine <= bar)
        if len(points) == 2:
            each = slope(points[2000], points[9000])
            whole = (points[2000][1] + each * 48_000) / 1024
            yield Verdict("memory", f"50,000 idle streams, {title}, extrapolated", f"≤ {bar:g} KB",
                          f"{each:.2f} KB each by the slope, {whole:,.0f} MB in all", each <= bar)


def _failures(results):
    runs = [r for peers in results.values() for r in succeeded(peers.get("weir", []))]
    if runs:
        failed, served = sum(sum(r["errors"].values()) for r in runs), sum(r["requests"] for r in runs)
        yield Verdict("beyond", "failed requests in all of weir's loads", "0", f"{failed} beside {served:,}", failed == 0)


def _idle_connections(results):
    runs = succeeded(results.get("keep-alive-2000", {}).get("weir", []))
    if runs:
        errors, kinds = mistakes(runs)
        theirs = middle(succeeded(results["keep-alive-2000"].get("haproxy", [])), "heap_kb")
        opened = min(r["count"] for r in runs)
        yield Verdict("beyond", "2,000 idle keep-alive connections", "all stay open",
                      f"{opened:,} open, {errors} errors{' '.join(['', *kinds])}; "
                      f"{number(middle(runs, 'heap_kb'), 2)} KB heap each, HAProxy {number(theirs, 2)}",
                      opened == 2000 and not errors)


def _slow_reader(results):
    runs = succeeded(results.get("slow-readers", {}).get("weir", []))
    if held := present(runs, "heap_kb"):
        theirs = middle(succeeded(results["slow-readers"].get("haproxy", [])), "heap_kb")
        yield Verdict("slow", "100 streams nobody reads, heap", "≤ 64 KB each",
                      f"{median(held):.1f} KB, HAProxy {number(theirs, 1)}", median(held) <= 64)
