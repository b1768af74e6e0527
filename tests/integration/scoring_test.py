"""Scores and picks of the real binary, read from the admin API, against numbers worked out by hand."""

import base64
import contextlib
import json
import threading

import pytest

from harness import chat_body, free_port, reply, request, stream, wait_for
from harness.pools import alone, explain, manifests_of, pod

ROLES = ["decode", "decode", "prefill", "encode"]


@pytest.fixture
def served(weir, upstream, manifests):
    """served(pickers, pages, labels) starts scripted servers with these metrics and a gateway over them."""

    def start(pickers, pages, labels=None, flags=()):
        servers = []
        for page in pages:
            server = upstream(reply(200, {"choices": [], "model": "m"}))
            server.set_metrics(**page)
            servers.append(server)
        pods = [pod(f"p{i}", s.port, (labels or [{}] * len(pages))[i]) for i, s in enumerate(servers)]
        folder = manifests({"all.json": manifests_of(pods, pickers)})
        gateway = weir("-f", folder, "--refresh-metrics-interval", "300ms", *flags)
        gateway.servers = servers
        return gateway

    return start


def chat(gateway, pool, content="hi", headers=(), **fields):
    """A chat through one pool; `content` is a text, or whole messages."""
    messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
    body = {"model": "m", "messages": messages, **fields}
    return gateway.post(f"/{pool}/v1/chat/completions", body, headers)


def near(got, want):
    return len(got) == len(want) and all(abs(a - b) < 1e-9 for a, b in zip(got, want))


def test_scorers_give_the_numbers_of_the_reference(served):
    lora = 'vllm:lora_requests_info{max_lora="2",running_lora_adapters="%s",waiting_lora_adapters="%s"} 1.0\n'
    pages = [dict(waiting=0, running=1, kv=0.25, extra=lora % ("a,m", "") + "heat 10\n"),
             dict(waiting=4, running=3, kv=0.5, extra=lora % ("a", "") + "heat 30\n"),
             dict(waiting=10, running=0, kv=0.9, extra=lora % ("a,b", "m"))]
    heat = {"plugins": [
        {"type": "core-metrics-extractor", "parameters": {"engineConfigs": [
            {"name": "vllm", "queuedRequestsSpec": "vllm:num_requests_waiting",
             "runningRequestsSpec": "vllm:num_requests_running", "kvUsageSpec": "vllm:kv_cache_usage_perc",
             "customMetrics": [{"attributeKey": "Heat", "metricSpec": "heat"}]}]}},
        {"type": "endpoint-attribute-scorer", "parameters": {"attributeKey": "Heat", "algorithm": {
            "type": "linear_lower_is_better", "normalization": {"fixedRange": {"min": 0, "max": 40}}}}}]}
    rows = {
        # name: picker, scores by hand
        "queue": (alone("queue-scorer"), [1, 0.6, 0]),  # (10 - q) / 10
        "running": (alone("running-requests-size-scorer"), [2 / 3, 0, 1]),  # (3 - r) / 3
        "kv": (alone("kv-cache-utilization-scorer"), [0.75, 0.5, 0.1]),
        "lora": (alone("lora-affinity-scorer"), [1, 0.8, 0.6]),
        "load": (alone("load-aware-scorer", {"threshold": 8}), [0.5, 0.25, 0]),
        "active": (alone("active-request-scorer"), [1, 1, 1]),
        "tokens": (alone("token-load-scorer", {"queueThresholdTokens": 4}), [0.5, 0.5, 0.5]),  # "userhi": 2 of 4
        "context": (alone("context-length-aware"), [1, 0.3 / 1.998, 0.5]),  # 2 tokens: in 2-2; 998 below 1000-3000; no label
        "team": (alone("header-label-affinity-scorer", {"headerName": "X-Team", "labelKey": "team"}), [0, 1, 0]),
        "latency": (alone("latency-scorer"), [0.58, 0.37, 0.03]),  # ((1-kv) + (10-q)/10 + 0) / 3 in hundredths
        "attribute": (alone("endpoint-attribute-scorer", {"attributeKey": "WaitingQueueSize", "algorithm": {
            "type": "linear_higher_is_better"}}), [0, 0.4, 1]),
        "heat": (heat, [0.75, 0.25, 0]),  # 1 - v / 40; missing scores 0
        "cold": (alone("no-hit-lru-scorer"), [1, 0.5, 0]),
    }
    labels = [{"llm-d.ai/context-length-range": "2-2"}, {"team": "red", "llm-d.ai/context-length-range": "1000-3000"}, {}]
    gateway = served({name: picker for name, (picker, _) in rows.items()}, pages, labels)
    for name, (_, want) in rows.items():
        got = explain(gateway, name, headers={"x-team": "red"}).raw()
        assert near(got, want), f"{name}: {got}, not {want}"


def test_a_decision_is_kept_with_the_scores_it_was_made_on(served):
    picker = {"plugins": [{"type": "queue-scorer"}, {"type": "kv-cache-utilization-scorer"}],
              "schedulingProfiles": [{"name": "p", "plugins": [{"pluginRef": "queue-scorer", "weight": 2.5},
                                                               {"pluginRef": "kv-cache-utilization-scorer"}]}]}
    gateway = served({"a": picker}, [dict(waiting=0, kv=0.9), dict(waiting=5, kv=0.1), dict(waiting=10, kv=0)])
    answer = chat(gateway, "a")
    assert answer.status == 200
    kept = json.loads(gateway.admin("GET", f"/v1/decisions/{answer.header('x-request-id')}").text)
    profile = kept["explanation"]["profiles"][0]
    assert kept["explanation"]["exact"] is True
    # 2.5 * 1 + 0.1, 2.5 * 0.5 + 0.9, 0 + 1
    assert near([t["total"] for t in profile["totals"]], [2.6, 2.15, 1])
    assert near([s["weighted"] for s in profile["scorers"][0]["scores"]], [2.5, 1.25, 0])
    assert profile["picks"] == ["default/p0-rank-0"]


def test_a_decision_that_hung_on_a_header_is_made_again_with_it(served):
    by_header = {"plugins": [{"type": "header-profile-handler"}, {"type": "queue-scorer"},
                             {"type": "kv-cache-utilization-scorer"}],
                 "schedulingProfiles": [{"name": "decode", "plugins": [{"pluginRef": "queue-scorer"}]},
                                        {"name": "prefill", "plugins": [{"pluginRef": "kv-cache-utilization-scorer"}]}]}
    pinned = {"plugins": [{"type": "session-affinity-filter"}, {"type": "queue-scorer"}],
              "schedulingProfiles": [{"name": "p", "plugins": [{"pluginRef": "session-affinity-filter"},
                                                               {"pluginRef": "queue-scorer"}]}]}
    gateway = served({"profile": by_header, "pinned": pinned}, [dict(waiting=0, kv=0.9), dict(waiting=5, kv=0.1)])
    second = base64.b64encode(b"default/p1-rank-0").decode()
    for pool, header in (("profile", ("EPP-Profile", "prefill")), ("pinned", ("x-session-token", second))):
        answer = chat(gateway, pool, headers=dict([header]))
        kept = json.loads(gateway.admin("GET", f"/v1/decisions/{answer.header('x-request-id')}").text)
        told = kept["explanation"]
        assert (kept["endpoint"], told["decision"]["endpoint"], told["exact"]) == (
            "default/p1-rank-0", "default/p1-rank-0", True)


def test_what_a_scorer_learned_since_does_not_change_a_past_decision(served):
    kinds = ["queue-scorer", "kv-cache-utilization-scorer", "running-requests-size-scorer", "load-aware-scorer",
             "prefix-cache-scorer", "no-hit-lru-scorer"]
    picker = {"plugins": [{"type": k} for k in kinds],
              "schedulingProfiles": [{"name": "p", "plugins": [{"pluginRef": k, "weight": 2} for k in kinds]}]}
    gateway = served({"a": picker}, [dict(waiting=0, kv=0.5), dict(waiting=1, kv=0.5), dict(waiting=2, kv=0.5)])
    before = explain(gateway, "a", "first " * 100)
    first = chat(gateway, "a", "first " * 100)
    for other in ("second", "third"):  # they make the LRU another one
        assert chat(gateway, "a", other * 100).status == 200
    kept = json.loads(gateway.admin("GET", f"/v1/decisions/{first.header('x-request-id')}").text)["explanation"]
    assert (kept["exact"], kept["source"]) == (True, "recorded scores")
    assert near([t["total"] for t in kept["profiles"][0]["totals"]], before.totals())
    assert [s["raw"] for s in kept["profiles"][0]["scorers"][5]["scores"]] == before.raw(5) == [1, 0.5, 0]


def test_stages_run_as_their_deciders_say(served):
    picker = {"plugins": [
        {"type": "disagg-profile-handler", "parameters": {"deciders": {"prefill": "pd", "encode": "mm"}}},
        {"name": "pd", "type": "prefix-based-pd-decider", "parameters": {"nonCachedTokens": 16}},
        {"name": "mm", "type": "always-disagg-multimodal-decider"},
        {"type": "decode-filter"}, {"type": "prefill-filter"}, {"type": "encode-filter"}, {"type": "queue-scorer"}],
        "schedulingProfiles": [
            {"name": stage, "plugins": [{"pluginRef": f"{stage}-filter"}, {"pluginRef": "queue-scorer"}]}
            for stage in ("prefill", "decode", "encode")]}
    gateway = served({"pd": picker}, [dict(waiting=1), {}, {}, {}], [{"llm-d.ai/role": r} for r in ROLES])
    picture = [{"role": "user", "content": [{"type": "text", "text": "x"},
                                            {"type": "image_url", "image_url": {"url": "http://a/b.png"}}]}]
    assert explain(gateway, "pd").ran == ["decode"]
    assert explain(gateway, "pd", "x" * 100).ran == ["decode", "prefill"]
    assert explain(gateway, "pd", messages=picture).ran == ["decode", "encode", "prefill"]

    assert chat(gateway, "pd", picture, {"x-prefiller-host-port": "1.2.3.4:5"}).status == 200
    seen = gateway.servers[1].wait_requests()[0]
    assert seen.header("x-prefiller-host-port") == gateway.servers[2].address
    assert seen.header("x-encoder-hosts-ports") == gateway.servers[3].address
    chat(gateway, "pd", "y", {"x-prefiller-host-port": "1.2.3.4:5", "x-encoder-hosts-ports": "1.2.3.4:6"})
    assert gateway.servers[1].wait_requests(2)[1].header("x-prefiller-host-port") is None
    assert gateway.servers[1].requests[1].header("x-encoder-hosts-ports") is None
    for decision in ("encode-prefill-decode", "decode-only"):
        for name in ("llm_d_epp_disagg_decision_total", "llm_d_inference_scheduler_disagg_decision_total"):
            assert gateway.metric(name, decision_type=decision, model_name="m") == 1


def test_images_and_sessions_return_to_their_endpoint(served):
    pickers = {"mm": {"plugins": [{"type": "mm-embeddings-cache-scorer"}]},
               "token": {"plugins": [{"type": "session-affinity-filter"}]},
               "id": {"plugins": [{"type": "session-affinity-scorer", "parameters": {"strategy": "session_id"}}]}}
    gateway = served(pickers, [{}, {}, {}])

    def server_of(answer_of):
        before = [len(s.requests) for s in gateway.servers]
        answer = answer_of()
        assert answer.status == 200
        after = [len(s.requests) for s in gateway.servers]
        return next(i for i, (a, b) in enumerate(zip(before, after)) if b > a), answer

    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a/b.png"}}]}]
    first, _ = server_of(lambda: chat(gateway, "mm", picture))
    assert explain(gateway, "mm", messages=picture).raw() == [1 if i == first else 0 for i in range(3)]

    first, answer = server_of(lambda: chat(gateway, "token"))
    token = answer.header("x-session-token")
    assert base64.b64decode(token).decode() == f"default/p{first}-rank-0"
    assert {server_of(lambda: chat(gateway, "token", headers={"x-session-token": token}))[0]
            for _ in range(6)} == {first}

    assert len({server_of(lambda: chat(gateway, "id", headers={"x-session-id": "s"}))[0] for _ in range(8)}) == 1


def test_prompts_are_known_by_model_salt_tools_and_text(served):
    gateway = served({"prefix": {"plugins": [{"type": "prefix-cache-scorer"}]}}, [{}, {}])
    prompt = "y" * 1276  # "user" before it: 1,280 bytes, five blocks of 64 tokens
    assert chat(gateway, "prefix", prompt).status == 200

    def matched(content=prompt, **fields):
        body = {"model": "m", "messages": [{"role": "user", "content": content}], **fields}
        return max(explain(gateway, "prefix", body=body, path="/v1/chat/completions").raw())

    assert matched() == 1
    assert matched(prompt + "z" * 1280) == 0.5
    assert matched(prompt[:251] + "Z" + prompt[252:]) == 0  # "user" and 252 letters make the first block
    assert matched(prompt[:252] + "Z" + prompt[253:]) == 0.2
    assert near([matched(prompt[:600] + "Z" * 676)], [2 / 5])
    assert matched(model="other") == 0
    assert matched(cache_salt="s") == 0
    assert matched(tools=[{"type": "function", "function": {"name": "f"}}]) == 0
    assert chat(gateway, "prefix", "never seen", {"Prefer": "if-available"}).status == 412
    assert chat(gateway, "prefix", prompt, {"Prefer": "respond-async, IF-AVAILABLE"}).status == 200
    assert gateway.metric("weir_prefix_index_bytes") > 0


def test_a_burst_waits_for_its_window_and_is_assigned_together(served):
    """Four of one prompt, at most two an endpoint; one that waits leaves before the window ends."""
    gateway = served({"burst": {"plugins": [
        {"name": "burst", "type": "burst-prefix-cache-producer", "parameters": {
            "windowDurationMs": 500, "maxPerReplica": 2}},
        {"type": "prefix-cache-scorer", "parameters": {"prefixMatchInfoProducerName": "burst"}}]}}, [{}, {}, {}])
    body = {"model": "m", "messages": [{"role": "user", "content": "x" * 600}]}
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(gateway.connect()) for _ in range(5)]
        for connection in connections:
            connection.send(request("POST", "/burst/v1/chat/completions", body))
        wait_for(lambda: gateway.metric("weir_requests_active") == 5, "all arrived")
        assert [len(s.requests) for s in gateway.servers] == [0, 0, 0]
        connections.pop().close()
        assert {connection.read_answer().status for connection in connections} == {200}
    assert sorted(len(s.requests) for s in gateway.servers) in ([0, 2, 2], [1, 1, 2])


def test_refusals_of_the_picker_say_what_the_reference_says(served):
    pickers = {"filters": alone("by-label", {"label": "no", "validValues": ["x"]}),
               "profile": {"plugins": [{"type": "header-profile-handler"}],
                           "schedulingProfiles": [{"name": "decode"}, {"name": "prefill"}]},
               "screen": {"plugins": [{"type": "disaggregatedset-rollout-screener", "parameters": {
                   "scope": {"labelSelector": {}}, "revisionGating": {"mode": "sum"}}}, {"type": "random-picker"}]}}
    gateway = served(pickers, [{}])
    for name, headers, status, text, dropped in (
            ("filters", {}, 429, "no endpoints available for the given request", "rejected-saturated"),
            ("profile", {"EPP-Profile": "x"}, 429, "failed to find target endpoint: failed to run any scheduler "
             "profile for request ", None),
            ("screen", {}, 503, "screeners eliminated all endpoint candidates", "rejected-no-endpoints")):
        answer = chat(gateway, name, headers=headers)
        assert answer.status == status, name
        assert text in answer.text
        assert answer.header("x-llm-d-request-dropped-reason") == dropped
        told = explain(gateway, name, headers=headers).body
        assert told["status"] == status
        assert text in told["message"]


def test_parsers_say_which_requests_are_read(served):
    def listed(*parsers):
        return {"plugins": [{"type": "queue-scorer"}],
                "requestHandler": {"parsers": [{"pluginRef": f"{p}-parser"} for p in parsers]}}

    gateway = served({"none": listed("passthrough"), "openai": listed("openai"),
                      "both": listed("openai", "passthrough")}, [{}])
    prompt = "inference gateway: BadRequest - prompt not found in request"
    unclaimed = "inference gateway: BadRequest - no parser registered matching path suffix for: /"
    for pool, path, body, status, text in (
            ("none", "v1/completions", {"model": "m"}, 200, None), ("none", "v1/completions", "{", 200, None),
            ("openai", "v1/completions", {"model": "m"}, 400, prompt), ("openai", "v1/messages", {"a": 1}, 400, unclaimed),
            ("openai", "v1/other", "{", 400, unclaimed), ("openai", "v1/other", "", 200, None),
            ("both", "v1/completions", {"model": "m"}, 400, prompt), ("both", "v1/messages", {"a": 1}, 200, None)):
        answer = gateway.post(f"/{pool}/{path}", body)
        assert answer.status == status, (pool, path, answer.text)
        if text:
            want = text + (f"{pool}/{path}" if text is unclaimed else "")
            assert (answer.text, answer.header("x-weir-reason") != "bad-request") == (want, text is prompt)
        if body and body != "{":
            told = explain(gateway, pool, path=f"/{pool}/{path}", body=body).body
            assert (told["status"], told["message"] in answer.text) == (status, True)


def test_the_same_seed_gives_the_same_picks(weir, upstream):
    """Equal endpoints: every pick is a tie."""
    servers = [upstream(reply(200, {"choices": []})) for _ in range(5)]
    endpoints = [w for s in servers for w in ("--endpoint", s.url)]

    def picks(seed):
        gateway = weir(*endpoints, "--seed", seed, "--threads", "1", "--picker-preset", "reference")
        ids = [gateway.chat(f"prompt {i}").header("x-request-id") for i in range(24)]
        kept = [json.loads(gateway.admin("GET", f"/v1/decisions/{i}").text) for i in ids]
        gateway.stop()
        return [(k["endpoint"], k["seed"]) for k in kept]

    first = picks("7")
    assert picks("7") == first
    assert picks("8") != first
    assert len({endpoint for endpoint, _ in first}) > 1


def test_prefill_is_let_go_with_the_first_byte_and_output_at_the_end(served):
    picker = {"plugins": [
        {"type": "disagg-profile-handler", "parameters": {"stageOrder": "prefill-first"}},
        {"type": "inflight-load-producer", "parameters": {"addEstimatedOutputTokens": True, "outputRatio": 2}},
        {"type": "decode-filter"}, {"type": "prefill-filter"}],
        "schedulingProfiles": [{"name": stage, "plugins": [{"pluginRef": f"{stage}-filter"}]}
                               for stage in ("decode", "prefill")]}
    gateway = served({"pd": picker}, [{}, {}], [{"llm-d.ai/role": "decode"}, {"llm-d.ai/role": "prefill"}])
    decode = gateway.servers[0]
    gates = [threading.Event(), threading.Event()]
    decode.scripts = [stream(["{}", "[DONE]"], between=lambda i: gates[i].wait(20))]
    with gateway.connect() as connection:
        body = {"model": "m", "messages": [{"role": "user", "content": "x" * 36}], "stream": True}
        connection.send(request("POST", "/pd/v1/chat/completions", body))
        decode.wait_requests()
        # One uncached block of 64 tokens, and 20 of output for 10 of input, at both.
        wait_for(lambda: in_flight(gateway) == [(1, 84), (1, 84)], "both charged")
        gates[0].set()
        wait_for(lambda: in_flight(gateway) == [(1, 84), (0, 0)], "prefill let go")
        gates[1].set()
        wait_for(lambda: in_flight(gateway) == [(0, 0), (0, 0)], "all let go")


def in_flight(gateway):
    listed = json.loads(gateway.admin("GET", "/v1/endpoints").text)["endpoints"]
    return [(e["inFlight"], e["inFlightTokens"]) for e in listed]


def test_nothing_stays_in_flight_however_a_request_ends(weir, upstream):
    """Each way to end, several times; never below zero on the way, and zero at the end."""
    held = []

    def hold(exchange):  # answers nothing until the other side has gone
        held.append(1)
        exchange.peer_gone(10)

    event = json.dumps({"choices": [{"delta": {"content": "x"}}]})
    scripts = {
        "answer": reply(200, {"choices": []}),
        "stream": stream([event] * 3 + ["[DONE]"]),
        "error": reply(500, {"error": "x"}, reason="Internal Server Error"),
        "garbage": lambda exchange: exchange.send("what is this\r\n\r\n"),
        "reset": lambda exchange: exchange.reset(),
        "close": lambda exchange: exchange.close(),
        "cut": stream([event] * 2, end=False),
        "half": lambda exchange: exchange.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc") or exchange.close(),
        "hold": hold,
    }
    server = upstream(lambda exchange: scripts[exchange.request.json()["messages"][0]["content"]](exchange))
    dead = f"http://127.0.0.1:{free_port()}"
    gateway = weir("--endpoint", server.url, "--endpoint", dead, "--first-byte-timeout", "300ms")
    for name in scripts:
        for asked in ({}, {"stream": True}):
            gateway.chat(name, **asked)
            gateway.chat("answer")  # one failure after the other would eject the server
            assert all(n >= 0 and t >= 0 for n, t in in_flight(gateway)), name
    # The client leaves while it waits, and in the middle of a stream.
    for name in ("hold", "answer", "cut"):
        before = len(server.requests)
        with gateway.connect() as connection:
            connection.send(request("POST", "/v1/chat/completions", chat_body(name, stream=True)))
            wait_for(lambda: len(server.requests) > before, "the request upstream")
    # Refused before and after the pick.
    gateway.post("/v1/chat/completions", b"{", {"content-type": "application/json"})
    gateway.chat("answer", headers={"Prefer": "if-available"})
    wait_for(lambda: in_flight(gateway) == [(0, 0), (0, 0)], "zero in flight", 10)
    assert held
