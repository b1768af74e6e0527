"""A metrics page that lies, stalls, or is no metrics page never steers traffic, and never looks fresh."""

import gzip
import json
import re
import threading
import time
from collections import Counter

import pytest

from harness import reply, wait_for
from harness.endpoints import endpoints, endpoints_file, metrics_page, page, wait_read

VLLM = ('vllm:num_requests_waiting{model_name="m"} 0\nvllm:num_requests_running{model_name="m"} 1\n'
        'vllm:kv_cache_usage_perc{model_name="m"} 0.1\n')


def errors(gateway):
    return gateway.admin("GET", "/v1/endpoints").json()["scraping"]["errors"]


def only(gateway):
    return gateway.admin("GET", "/v1/endpoints").json()["endpoints"][0]


def endless(exchange):
    exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
    line = b"# " + b"x" * 65534
    while True:
        exchange.send(b"10000\r\n" + line + b"\r\n")


def dripping(exchange):
    exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100000\r\n\r\n")
    for byte in VLLM:
        exchange.send(byte)
        if exchange.peer_gone(0.3):
            return


def cut(exchange):
    exchange.send(f"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5000\r\n\r\n{VLLM}")
    exchange.close()


# what the page does, the kind of error it counts as
UNUSABLE = [
    ("status 404", reply(404, ""), "status"),
    ("status 500", reply(500, VLLM, {"content-type": "text/plain"}), "status"),
    ("status 401", reply(401, "{}"), "status"),
    ("HTML", reply(200, "<html><body>hello</body></html>", {"content-type": "text/html"}), "not_metrics"),
    ("JSON", reply(200, [{"iter": 1}]), "not_metrics"),
    ("empty", reply(200, "", {"content-type": "text/plain"}), "no_family"),
    ("other metrics", metrics_page("go_goroutines 12\nprocess_cpu_seconds_total 3.5\n"), "no_family"),
    ("redirect", reply(302, "", {"location": "http://127.0.0.1:1/metrics"}), "redirect"),
    ("never answers", lambda exchange: exchange.peer_gone(5), "timeout"),
    ("one byte at a time", dripping, "timeout"),
    ("endless", endless, "too_large"),
    ("cut off", cut, "truncated"),
    ("half a line, OpenMetrics", reply(200, VLLM, {"content-type": "application/openmetrics-text; version=1.0.0"}),
     "truncated"),
    ("gzip bomb", metrics_page(gzip.compress(b"# " + b"\0" * (64 << 20)), **{"content-encoding": "gzip"}), "too_large"),
    ("broken gzip", metrics_page(gzip.compress(VLLM.encode())[:-9], **{"content-encoding": "gzip"}), "truncated"),
    ("no gzip", metrics_page(VLLM, **{"content-encoding": "gzip"}), "encoding"),
    ("brotli", metrics_page(VLLM, **{"content-encoding": "br"}), "encoding"),
    ("no HTTP", lambda exchange: (exchange.send("SSH-2.0-OpenSSH_9.2\r\n\r\n"), exchange.close()), "protocol"),
    ("reset", lambda exchange: exchange.reset(), "closed"),
]


def test_a_page_that_cannot_be_used_is_an_error_of_its_kind_and_its_data_age(weir, upstream, tmp_path):
    """One server a fault: read well first, then faulty."""
    servers = {name: (upstream(), {}) for name, _, _ in UNUSABLE}
    for server, _ in servers.values():
        server.set_metrics(waiting=3, running=2, kv=0.5)
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, servers))
    before = wait_read(gateway, servers)
    for name, script, _ in UNUSABLE:
        servers[name][0].pages["/metrics"] = script
    for name, _, kind in UNUSABLE:
        wait_for(lambda: endpoints(gateway)[name]["scrape"]["error"], f"an error for {name}")
        assert errors(gateway).get(kind, 0) > 0, (name, kind, endpoints(gateway)[name]["scrape"], errors(gateway))
    wait_for(lambda: all(e["signals"]["stale"] for e in endpoints(gateway).values()), "all stale", 15)
    after = endpoints(gateway)
    for name, _, _ in UNUSABLE:
        assert after[name]["signals"]["waiting"] == 3 and after[name]["signals"]["kvUsage"] == 0.5, name
        assert after[name]["signals"]["ageSeconds"] > 0.2 and after[name]["state"] == "ready", name
        assert before[name]["scrape"]["error"] == "", name
    assert gateway.metric("weir_scrape_errors_total", kind="timeout") > 0
    assert gateway.metric("llm_d_epp_datalayer_poll_errors_total") > 0
    assert gateway.chat("still served").status == 200
    # And back.
    for name, (server, _) in servers.items():
        del server.pages["/metrics"]
    wait_for(lambda: not any(e["signals"]["stale"] for e in endpoints(gateway).values()), "all fresh again", 15)


# what is on the page instead of the good queue line (3), and what the queue is then
SAMPLES = [
    ("NaN", "vllm:num_requests_waiting NaN\n", 3), ("+Inf", "vllm:num_requests_waiting +Inf\n", 3),
    ("-Inf", "vllm:num_requests_waiting -Inf\n", 3), ("negative", "vllm:num_requests_waiting -1\n", 3),
    ("absurd", "vllm:num_requests_waiting 1e308\n", 3), ("hexadecimal", "vllm:num_requests_waiting 0x1p3\n", 3),
    ("no value", "vllm:num_requests_waiting \n", 3), ("words", "vllm:num_requests_waiting many\n", 3),
    ("broken labels", 'vllm:num_requests_waiting{model_name="m 9\n', 3),
    ("a line of 100 kB", 'vllm:num_requests_waiting{model_name="' + "m" * 100_000 + '"} 9\n', 3),
]
# the same number in other words
SPELLINGS = [
    ("CRLF", VLLM.replace("waiting{model_name=\"m\"} 0", "waiting 7").replace("\n", "\r\n"), 7),
    ("a timestamp", VLLM.replace('waiting{model_name="m"} 0', "waiting 7 1700000000000"), 7),
    ("an exemplar", VLLM.replace('waiting{model_name="m"} 0', 'waiting 7 # {trace_id="a"} 1 1.0'), 7),
    ("a comment of 1 MB", "# HELP x " + "y" * 1_000_000 + "\n" + VLLM.replace('waiting{model_name="m"} 0', "waiting 7"), 7),
    ("OpenMetrics", VLLM.replace('waiting{model_name="m"} 0', "waiting 7.0") + "# EOF\n", 7),
    ("duplicates", VLLM.replace('waiting{model_name="m"} 0', "waiting 7") + "vllm:num_requests_waiting 99\n", 7),
    ("the newest", VLLM.replace('waiting{model_name="m"} 0', "waiting 9 1000\nvllm:num_requests_waiting 7 2000"), 7),
    ("spaces", VLLM.replace('vllm:num_requests_waiting{model_name="m"} 0', '  vllm:num_requests_waiting { model_name = "m" , }  7.9  '), 7),
    ("escapes", VLLM.replace('waiting{model_name="m"} 0', 'waiting{model_name="a\\"}\\\\ 5\\n"} 7'), 7),
    ("no last line feed", VLLM.replace('waiting{model_name="m"} 0', "waiting 1") .rstrip("\n"), 1),
    ("gzip", gzip.compress(VLLM.replace('waiting{model_name="m"} 0', "waiting 7").encode()), 7),
    ("KV above 1", VLLM.replace('waiting{model_name="m"} 0', "waiting 7").replace("0.1", "1.7"), 7),
]


def test_samples_that_say_nothing_keep_the_last_good_value(weir, upstream, tmp_path):
    servers = {name: (upstream(), {}) for name, _, _ in SAMPLES}
    for server, _ in servers.values():
        server.set_metrics(waiting=3, running=2, kv=0.5)
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, servers))
    wait_read(gateway, servers)
    for name, line, _ in SAMPLES:
        server = servers[name][0]
        server.metrics = re.sub(r"vllm:num_requests_waiting.*\n", lambda _: line, server.metrics).replace("} 2\n", "} 6\n")
    wait_for(lambda: all(e["signals"]["running"] == 6 for e in endpoints(gateway).values()), "the new pages")
    for name, _, waiting in SAMPLES:
        assert endpoints(gateway)[name]["signals"]["waiting"] == waiting, name
    # The queue is not fresh because the rest of the page is.
    wait_for(lambda: all(e["signals"]["stale"] for e in endpoints(gateway).values()), "all stale")
    assert gateway.metric("weir_scrape_samples_ignored_total") >= len(SAMPLES)
    assert gateway.metric("llm_d_epp_datalayer_extract_errors_total") > 0


def test_a_number_counts_however_it_is_written(weir, upstream, tmp_path):
    servers = {name: (upstream(), {}) for name, _, _ in SPELLINGS}
    for name, text, _ in SPELLINGS:
        more = {"content-encoding": "gzip"} if name == "gzip" else {}
        if name == "OpenMetrics":
            more = {"content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8"}
        servers[name][0].pages["/metrics"] = metrics_page(text, **more)
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, servers))
    seen = wait_read(gateway, servers)
    for name, _, waiting in SPELLINGS:
        signals = seen[name]["signals"]
        assert signals["waiting"] == waiting and signals["running"] == 1, (name, signals)
        assert signals["kvUsage"] == (1 if name == "KV above 1" else 0.1), name
        assert not signals["stale"], name
    assert seen["KV above 1"]["scrape"]["kvClamped"] is True
    gateway.wait_log("KV cache usage above 1")


def test_a_renamed_family_is_named_with_the_nearest_one_and_once_in_the_log(weir, upstream):
    server = upstream()
    server.metrics = page("vllm.txt").replace("vllm:kv_cache_usage_perc", "vllm:kv_cache_usage_percent")
    gateway = weir("--endpoint", server.url)
    missing = wait_for(lambda: only(gateway)["scrape"]["missing"], "the missing family")
    assert missing == [{"signal": "kv_usage", "family": "vllm:kv_cache_usage_perc", "nearest": "vllm:kv_cache_usage_percent"}]
    assert only(gateway)["signals"]["kvUsage"] is None and only(gateway)["signals"]["waiting"] == 12
    scraped = server.scrapes
    wait_for(lambda: server.scrapes > scraped + 10, "more scrapes")
    assert gateway.log.count("vllm:kv_cache_usage_percent") == 1
    server.metrics = page("vllm.txt")
    wait_for(lambda: only(gateway)["scrape"]["missing"] == [], "nothing missing any more")


def test_a_number_that_never_changes_under_load_is_called_frozen(weir, upstream):
    server = upstream()
    server.set_metrics(waiting=3)
    gateway = weir("--endpoint", server.url)

    def frozen():
        gateway.chat("hello")
        return only(gateway)["scrape"]["frozen"]

    wait_for(frozen, "frozen", 30)
    gateway.wait_log("metrics do not change although requests come and go")
    server.set_metrics(waiting=4)
    wait_for(lambda: not only(gateway)["scrape"]["frozen"], "thawed")


def test_connections_are_reused_and_the_scrapes_are_spread(weir, upstream):
    servers = [upstream() for _ in range(8)]
    times = {s.port: [] for s in servers}

    def scripted(server):
        def answer(exchange):
            times[server.port].append(time.monotonic())
            return metrics_page(VLLM)(exchange)
        return answer

    for server in servers:
        server.pages["/metrics"] = scripted(server)
    gateway = weir(*[w for s in servers for w in ("--endpoint", s.url)], "--refresh-metrics-interval", "100ms")
    stop = threading.Event()

    def traffic():  # an idle pool is looked at less often
        while not stop.is_set():
            gateway.chat("x")

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        wait_for(lambda: all(len(t) >= 12 for t in times.values()), "scrapes", 30)
    finally:
        stop.set()
        thread.join()
    for server in servers:
        gaps = [b - a for a, b in zip(times[server.port], times[server.port][1:])]
        assert min(gaps) > 0.05, gaps   # never sooner than the interval, within the jitter and the machine's own
        # one for scrapes, and those for requests
        assert server.page_hits["/metrics"] > 10 and server.connections <= 4


def test_a_server_that_closes_each_time_or_speaks_http_1_0_is_read(weir, upstream, tmp_path):
    closing, old = upstream(), upstream()
    closing.pages["/metrics"] = lambda e: (metrics_page(VLLM)(e), e.close())
    old.pages["/metrics"] = lambda e: (e.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + VLLM), e.close())
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, {"closing": (closing, {}), "old": (old, {})}))
    wait_for(lambda: closing.page_hits["/metrics"] > 20 and old.page_hits["/metrics"] > 20, "twenty scrapes each")
    for name, endpoint in endpoints(gateway).items():
        assert endpoint["scrape"]["error"] == "" and endpoint["scrape"]["failed"] == 0, name


def test_the_configuration_says_what_to_read_and_where(weir, upstream, tmp_path):
    """engineConfigs, another path and port, a label key of one's own, a custom engine and a disabled signal."""
    apart = upstream()
    apart.pages["/stats"] = metrics_page('my_requests{state="queued"} 4\nmy_requests{state="running"} 9\nmy_cache 0.25\n'
                                         'my_cfg{bs="32",n="100"} 1\nvllm:num_requests_waiting 77\n')
    served = upstream()
    served.metrics = None
    config = tmp_path / "picker.yaml"
    config.write_text(json.dumps({
        "apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
        "plugins": [
            {"type": "metrics-data-source", "parameters": {"path": "/stats", "port": apart.port}},
            {"type": "core-metrics-extractor", "parameters": {
                "engineLabelKey": "engine", "engineConfigs": [
                    {"name": "mine", "queuedRequestsSpec": "my_requests{state=queued}",
                     "runningRequestsSpec": 'my_requests{ state = "running" }', "kvUsageSpec": "my_cache",
                     "cacheInfoSpec": "my_cfg", "cacheBlockSizeLabelName": "bs", "cacheNumBlocksLabelName": "n"},
                    {"name": "vllm", "queuedRequestsSpec": "vllm:num_requests_waiting"}]}},
            {"type": "queue-scorer"}],
        "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "queue-scorer"}]}],
        "dataLayer": {"sources": [{"pluginRef": "metrics-data-source",
                                   "extractors": [{"pluginRef": "core-metrics-extractor"}]}]}}))
    gateway = weir("--config-file", config, "--endpoints-file", endpoints_file(
        tmp_path, {"mine": (served, {"engine": "mine"}), "plain": (served, {})}))
    seen = wait_read(gateway, ["mine", "plain"])
    mine, plain = seen["mine"], seen["plain"]
    assert mine["scrape"]["url"] == f"http://127.0.0.1:{apart.port}/stats"
    assert [mine["signals"][k] for k in ("waiting", "running", "kvUsage", "blockSize", "blocks")] == [4, 9, 0.25, 32, 100]
    # The entry replaces the built-in vLLM as a whole: what it leaves out is off, and not missing.
    assert plain["scrape"]["engine"] == "vllm" and plain["scrape"]["missing"] == []
    assert [plain["signals"][k] for k in ("waiting", "running", "kvUsage")] == [77, None, None]


def test_gpu_telemetry_is_read_beside_the_endpoints(weir, upstream, tmp_path):
    """One exporter for the node: its series name the Pods. It is asked for text, as any exporter is."""
    exporter, busy, calm = upstream(), upstream(reply(200, {"by": "busy"})), upstream(reply(200, {"by": "calm"}))
    shown = metrics_page('DCGM_FI_DEV_GPU_UTIL{gpu="0",pod="busy"} 40\n'
                         'DCGM_FI_DEV_GPU_UTIL{gpu="1",pod="busy"} 97\n'
                         'DCGM_FI_DEV_GPU_UTIL{gpu="2",pod="calm"} 25\n')
    exporter.pages["/gpus"] = lambda e: (shown if e.request.header("accept").startswith("text/plain")
                                         else reply(406, ""))(e)
    config = tmp_path / "picker.yaml"
    config.write_text(json.dumps({
        "apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
        "plugins": [
            {"type": "dcgm-data-source", "parameters": {"path": "/gpus", "port": exporter.port, "interval": "100ms"}},
            {"type": "dcgm-extractor"}, {"type": "random-picker"},
            {"type": "endpoint-attribute-filter", "parameters": {
                "attribute": "GPUUtilization", "producer": "dcgm-extractor", "fallbackOnEmpty": True,
                "algorithm": {"type": "threshold", "threshold": {"operator": "LessThanOrEqual", "value": 0.9}}}}],
        "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "endpoint-attribute-filter"},
                                                               {"pluginRef": "random-picker"}]}],
        "dataLayer": {"sources": [{"pluginRef": "dcgm-data-source", "extractors": [{"pluginRef": "dcgm-extractor"}]}]}}))
    gateway = weir("--config-file", config, "--endpoints-file",
                   endpoints_file(tmp_path, {"busy": (busy, {}), "calm": (calm, {})}))
    key = "GPUUtilization/dcgm-extractor"
    wait_for(lambda: [endpoints(gateway)[n]["signals"]["attributes"].get(key) for n in ("busy", "calm")] == [0.97, 0.25],
             "the busiest GPU of each")
    assert {gateway.chat(f"{i}").json()["by"] for i in range(12)} == {"calm"}
    exporter.stop()  # what it said last stays
    assert endpoints(gateway)["busy"]["signals"]["attributes"][key] == 0.97


def test_an_interval_below_the_least_is_raised_and_said(weir, upstream):
    gateway = weir("--endpoint", upstream().url, "--refresh-metrics-interval", "10ms")
    assert gateway.admin("GET", "/v1/endpoints").json()["scraping"]["intervalMs"] == 50
    gateway.wait_log("--refresh-metrics-interval is taken for the shortest that is possible")


def test_no_metrics_source_means_no_scrape(weir, upstream, tmp_path):
    server = upstream()
    config = tmp_path / "picker.yaml"
    config.write_text(json.dumps({
        "apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig", "plugins": [{"type": "random-picker"}],
        "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "random-picker"}]}],
        "dataLayer": {"injectDefaults": False}}))
    gateway = weir("--config-file", config, "--endpoint", server.url)
    assert gateway.chat("x").status == 200
    assert server.scrapes == 0 and only(gateway)["scrape"]["url"] == ""


def test_ten_thousand_adapters_are_a_bounded_set(weir, upstream):
    server = upstream()
    many = ",".join(f"adapter-{i}" for i in range(10_000))
    server.set_metrics(extra=f'vllm:lora_requests_info{{max_lora="4",running_lora_adapters="{many[:60_000]}",'
                             f'waiting_lora_adapters=",, a ,,b\\"c"}} 1.7e9\n')
    gateway = weir("--endpoint", server.url)
    lora = wait_for(lambda: only(gateway)["signals"]["lora"], "adapters")
    assert len(lora["active"]) == 1024 and lora["active"][0] == "adapter-0"
    assert lora["waiting"] == ["a", 'b"c'] and lora["maxActive"] == 4


# --- who is picked -----------------------------------------------------------------------------------------------------

GOOD = dict(waiting=1, running=1, kv=0.2)


def shares(gateway, servers, count):
    before = [len(s.requests) for s in servers]
    with gateway.connect() as connection:
        for i in range(count):
            assert connection.request("POST", "/v1/chat/completions", {
                "model": "m", "messages": [{"role": "user", "content": f"{time.monotonic_ns()} {i}"}]}).status == 200
    return [(len(s.requests) - b) / count for s, b in zip(servers, before)]


def test_a_bad_metric_moves_no_more_than_a_missing_one(weir, upstream):
    """M-cases of the fault catalogue: whatever the last endpoint's page says, it gets the share it has without it."""
    servers = [upstream() for _ in range(4)]
    gateway = weir(*[w for s in servers for w in ("--endpoint", s.url)], "--seed", "7", "--threads", "1",
                   "--picker-preset", "reference")
    last = servers[-1]

    def settle(page_of_last):
        """Good pages everywhere, then the last one's: a server that was never read would be another case."""
        last.pages.clear()
        for server in servers:
            server.set_metrics(**GOOD)
        wait_for(lambda: all(e["signals"]["waiting"] == 1 and e["signals"]["ageSeconds"] < 0.2
                             for e in endpoints(gateway).values()), "good pages")
        page_of_last(last)
        age = wait_for(lambda: only_last(gateway)["ageSeconds"] > 1.2 and only_last(gateway), "the data old")
        assert age["waiting"] in (1, None)

    def only_last(gateway):
        return gateway.admin("GET", "/v1/endpoints").json()["endpoints"][-1]["signals"]

    def without(server):
        server.metrics = re.sub(r"vllm:num_requests_waiting.*\n", "", server.metrics)

    settle(without)
    expected = shares(gateway, servers, 60)
    assert expected[-1] <= 0.05   # its data is old: it looks fully loaded while others are known
    samples = dict((name, line) for name, line, _ in SAMPLES)
    scripts = dict((name, script) for name, script, _ in UNUSABLE)
    for name in ("NaN", "absurd", "broken labels", "status 500", "HTML"):
        def spoil(server):
            if name in samples:
                server.metrics = re.sub(r"vllm:num_requests_waiting.*\n", lambda _: samples[name], server.metrics)
            else:
                server.pages["/metrics"] = scripts[name]
        settle(spoil)
        assert abs(shares(gateway, servers, 60)[-1] - expected[-1]) <= 0.05, name
    # All of them bad: every endpoint is served, by what weir has under way itself.
    for server in servers:
        server.pages["/metrics"] = reply(500, "")
    wait_for(lambda: all(e["signals"]["ageSeconds"] > 1.2 for e in endpoints(gateway).values()), "all old")
    assert all(share > 0.05 for share in shares(gateway, servers, 120))


@pytest.mark.parametrize("preset", ["reference", "weir"])
def test_all_that_can_be_wrong_with_a_page_draws_no_traffic_while_others_are_known(weir, upstream, tmp_path, preset):
    """Every M-case at once, beside four servers that are well: these keep the shares they have without the bad ones."""
    good = {f"good-{i}": (upstream(), {}) for i in range(4)}
    bad = {name: (upstream(), {}) for name, *_ in [*SAMPLES, *UNUSABLE]}
    for server, _ in [*good.values(), *bad.values()]:
        server.set_metrics(**GOOD)
    never = upstream()
    never.metrics = None
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, {**good, **bad, "never": (never, {})}), "--seed", "7",
                   "--threads", "1", "--picker-preset", preset)
    wait_read(gateway, [*good, *bad])
    bad["never"] = (never, {})
    for name, line, _ in SAMPLES:
        server = bad[name][0]
        server.metrics = re.sub(r"vllm:num_requests_waiting.*\n", lambda _: line, server.metrics)
    for name, script, _ in UNUSABLE:
        bad[name][0].pages["/metrics"] = script
    wait_for(lambda: all(endpoints(gateway)[name]["signals"]["ageSeconds"] > 1.2 for name in bad if name != "never"),
             "the bad ones old", 20)
    found = shares(gateway, [server for server, _ in [*good.values(), *bad.values()]], 400)
    assert all(abs(share - 0.25) <= 0.05 for share in found[:4]), found[:4]
    assert sum(found[4:]) <= 0.05, dict(zip(bad, found[4:]))


def test_pages_that_say_the_same_in_other_words_change_no_share(weir, upstream, tmp_path):
    """Queue, running and cache of every server are equal: each has its fair share, whatever its page looks like."""
    servers = {name: (upstream(), {}) for name, _, waiting in SPELLINGS if name != "KV above 1" and waiting == 7}
    for name, text, _ in SPELLINGS:
        if name not in servers:
            continue
        more = {"content-encoding": "gzip"} if name == "gzip" else {}
        if name == "OpenMetrics":
            more = {"content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8"}
        servers[name][0].pages["/metrics"] = metrics_page(text, **more)
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, servers), "--seed", "7", "--threads", "1",
                   "--picker-preset", "reference")
    wait_read(gateway, servers)
    found = shares(gateway, [server for server, _ in servers.values()], 600)
    assert all(abs(share - 1 / len(servers)) <= 0.05 for share in found), dict(zip(servers, found))


def test_a_thousand_endpoints_are_scraped_within_the_budget(weir, sim, tmp_path):
    """The period grows for all alike, and no endpoint looks stale or saturated for it."""
    one = sim("--fast", "--compact-metrics").port
    path = tmp_path / "thousand.json"
    path.write_text(json.dumps({"endpoints": [{"name": f"e{i}", "address": "127.0.0.1", "port": str(one)}
                                              for i in range(1000)]}))
    gateway = weir("--endpoints-file", path, "--scrape-cpu", "0.05")

    def scraping():
        assert gateway.chat("keeps the pool awake", model="weir-sim").status == 200
        return gateway.admin("GET", "/v1/endpoints").json()["scraping"]

    assert wait_for(lambda: scraping()["limited"], "the limit", 30)
    wait_for(lambda: scraping()["scrapes"] > 3000, "each scraped three times and more", 60)
    pace = scraping()
    assert pace["periodMs"] > 50 and pace["cpuWanted"] > pace["cpuLimit"] == 0.05
    seen = gateway.admin("GET", "/v1/endpoints").json()["endpoints"]
    assert len(seen) == 1000 and not any(e["signals"]["stale"] for e in seen)
    assert gateway.log.count("less often than asked for") == 1


def test_a_page_of_an_endpoint_that_is_paused_is_old_when_weir_wakes(weir, upstream):
    """Weir itself stands still for a while; on waking nothing is fresh, and the scrapes come one by one."""
    import signal
    servers = [upstream() for _ in range(3)]
    gateway = weir(*[w for s in servers for w in ("--endpoint", s.url)], "--threads", "1")
    wait_for(lambda: all(s.scrapes > 3 for s in servers), "scrapes")
    gateway.signal(signal.SIGSTOP)
    time.sleep(1.5)
    before = [s.scrapes for s in servers]
    gateway.signal(signal.SIGCONT)
    wait_for(lambda: all(s.scrapes > b for s, b in zip(servers, before)), "scraped again")
    assert max(s.scrapes - b for s, b in zip(servers, before)) < 10
    assert Counter(e["state"] for e in endpoints(gateway).values()) == {"ready": 3}
