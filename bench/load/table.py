"""The Markdown tables of the bench."""

from statistics import median

from figures import differences, middle, number, present, ratios, spread

HEADINGS = ["load", "peer", "CPU µs per request or chunk", "of it scraping", "× HAProxy", "× floor", "units/s",
            "busy: proxy / load", "p50 ms", "p99 ms", "added p50", "added p99", "TTFT added p50", "TTFT added p99",
            "RSS MB", "heap KB each", "PSS KB each", "errors"]


def markdown(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows])


def succeeded(runs):
    """The runs of one row that were measured."""
    return [r for r in runs if r and "failed" not in r]


def row(scenario, peer, results):
    """One line: `results` are the runs of this scenario, a list for each peer."""
    taken = results[peer]
    runs = succeeded(taken)
    if not runs:
        why = next((r["failed"] for r in taken if r), "not measured")
        return [scenario.title, peer, why] + [""] * (len(HEADINGS) - 3)

    def added(name, digits=3):
        if peer == "direct" or (name.startswith("ttft") and not scenario.streamed):
            return ""
        over = differences(taken, results.get("direct", []), name)
        return number(median(over), digits) if over else ""

    errors, kinds = mistakes(runs)
    apart = [c - w for c, w in zip(present(runs, "cpu_us"), present(runs, "carrying_us"))]
    held = scenario.unit in ("stream", "connection")
    rate = median([r["count"] / r["seconds"] for r in runs])
    busy = " / ".join("" if (v := middle(runs, n)) is None else f"{v:.0%}" for n in ("proxy_busy", "load_busy"))
    against = [ratios(taken, results.get(other, [])) for other in ("haproxy", "floor")]
    return [scenario.title, peer, spread(present(runs, "cpu_us"), 2),
            number(median(apart), 2) if apart and median(apart) > 0 else "",
            *(number(median(r), 2) if r else "" for r in against),
            f"{runs[0]['count']:,} open" if held else number(rate, 0), busy,
            number(middle(runs, "latency_p50_ms"), 3), number(middle(runs, "latency_p99_ms"), 3),
            added("latency_p50_ms"), added("latency_p99_ms"), added("ttft_p50_ms"), added("ttft_p99_ms"),
            number(middle(runs, "rss_mb"), 1), number(middle(runs, "heap_kb"), 1), number(middle(runs, "pss_kb"), 1),
            f"{errors} ({', '.join(kinds)})" if kinds else str(errors)]


def mistakes(runs):
    """(how many, of which kinds): failed requests, and arrivals that never got a connection."""
    kinds = sorted({k for r in runs for k in r["errors"]} | {"backlog" for r in runs if r["backlog"]})
    return sum(sum(r["errors"].values()) + r["backlog"] for r in runs), kinds


def load_bound(scenario, peer, runs):
    """Whether it was the load's core that was full, and not the proxy's: then the rate says nothing of the proxy."""
    proxy, load = middle(succeeded(runs), "proxy_busy"), middle(succeeded(runs), "load_busy")
    closed = "rate" not in scenario.load and scenario.unit in ("request", "chunk") and "interval-us" not in scenario.load
    return closed and peer != "direct" and proxy is not None and proxy < 0.9 and load > 0.9
