"""Pools whose servers hold different models: the list clients get, and where requests go."""

import json
from collections import Counter

from harness import free_port, reply, wait_for


def card(name, **more):
    return {"id": name, "object": "model", "created": 1, "owned_by": "vllm", **more}


def model_list(*names):
    return reply(200, {"object": "list", "data": [card(n) for n in names]})


def server_of(upstream, *names, label=True):
    """A scripted server that lists these models; its page shows the first of them."""
    server = upstream(reply(200, {"served_by": names[0]}))
    server.pages["/v1/models"] = model_list(*names)
    page = f'{{model_name="{names[0]}"}}' if label else ""
    server.metrics = (f"vllm:num_requests_waiting{page} 0\nvllm:num_requests_running{page} 0\n"
                      f"vllm:kv_cache_usage_perc{page} 0\n")
    return server


def ids(answer):
    assert answer.status == 200 and answer.header("content-type") == "application/json"
    body = answer.json()
    assert body["object"] == "list"
    return [m["id"] for m in body["data"]]


def served_by(gateway, model, count=12):
    return Counter(gateway.chat(f"{model} {i}", model=model).json()["served_by"] for i in range(count))


def test_the_list_is_the_union_over_the_endpoints_and_cached(weir, upstream):
    one, two = server_of(upstream, "base", "sql"), server_of(upstream, "base", "chat")
    dead = f"http://127.0.0.1:{free_port()}"
    gateway = weir("--endpoint", one.url, "--endpoint", two.url, "--endpoint", dead)
    answer = gateway.get("/v1/models")
    assert sorted(ids(answer)) == ["base", "chat", "sql"]
    assert answer.header("x-request-id")
    for _ in range(20):
        assert sorted(ids(gateway.get("/v1/models"))) == ["base", "chat", "sql"]
    assert one.page_hits["/v1/models"] == two.page_hits["/v1/models"] == 1
    two.stop()  # what it listed is known
    assert sorted(ids(gateway.get("/v1/models"))) == ["base", "chat", "sql"]
    head = gateway.request("HEAD", "/v1/models")
    assert head.status == 200 and head.body == b""


def test_servers_that_list_the_same_answer_for_themselves(weir, upstream):
    one, two = server_of(upstream, "base"), server_of(upstream, "base")
    gateway = weir("--endpoint", one.url, "--endpoint", two.url)
    for _ in range(20):
        assert ids(gateway.get("/v1/models", headers={"authorization": "Bearer mine"})) == ["base"]
    assert one.page_hits["/v1/models"] + two.page_hits["/v1/models"] == 22  # one look at each


def test_a_slow_server_holds_the_list_up_for_a_second_at_most(weir, upstream):
    fast, slow = server_of(upstream, "base"), server_of(upstream, "late")
    slow.pages["/v1/models"] = lambda exchange: exchange.peer_gone(10)
    gateway = weir("--endpoint", fast.url, "--endpoint", slow.url)
    assert ids(gateway.get("/v1/models")) == ["base"]


def test_a_client_that_leaves_while_the_lists_are_asked_for_costs_nothing(weir, upstream):
    fast, slow = server_of(upstream, "base"), server_of(upstream, "late")
    slow.pages["/v1/models"] = lambda exchange: exchange.peer_gone(10)
    gateway = weir("--endpoint", fast.url, "--endpoint", slow.url, "--threads", "1")
    with gateway.connect() as connection:
        connection.send("GET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_for(lambda: slow.page_hits["/v1/models"], "the question")
    wait_for(lambda: gateway.metric("weir_requests_active") == 0, "the request gone")
    assert ids(gateway.get("/v1/models")) == ["base"]


def test_requests_go_to_the_endpoints_that_hold_their_model(weir, upstream):
    one, two = server_of(upstream, "base", "sql"), server_of(upstream, "other", "chat")
    gateway = weir("--endpoint", one.url, "--endpoint", two.url)
    for server in (one, two):  # pages that name different models are reason enough to ask
        wait_for(lambda: server.page_hits["/v1/models"], "the question")
    wait_for(lambda: set(served_by(gateway, "chat", 4)) == {"other"}, "the list in force")
    for model, where in (("base", "base"), ("sql", "base"), ("other", "other"), ("chat", "other")):
        assert set(served_by(gateway, model)) == {where}, model
    assert len(served_by(gateway, "unheard-of", 40)) == 2  # no list has it: any server may
    explained = gateway.admin("POST", "/v1/explain", {"model": "sql", "prompt": "x"})
    assert explained.status == 200 and str(one.port) in explained.text
    assert str(two.port) not in explained.json()["text"]
    two.stop()
    for _ in range(4):
        answer = gateway.chat(model="chat")
    assert answer.status == 503 and answer.text == "no healthy upstream"
    assert gateway.chat(model="base").status == 200


def test_one_model_is_looked_up_in_all_lists(weir, upstream):
    one, two = server_of(upstream, "org/base:7b", "sql"), server_of(upstream, "chat")
    for server in (one, two):
        server.pages["/v1/models/unheard-of"] = reply(404, {"error": {"message": "no such model"}})
    gateway = weir("--endpoint", one.url, "--endpoint", two.url)
    for path, name in (("org/base:7b", "org/base:7b"), ("org%2Fbase%3A7b", "org/base:7b"), ("sql", "sql"), ("chat", "chat")):
        for _ in range(4):
            answer = gateway.get(f"/v1/models/{path}")
            assert (answer.status, answer.json()["id"]) == (200, name), answer.text
    assert not one.requests and not two.requests
    # A name no list has is the servers' own affair.
    answer = gateway.get("/v1/models/unheard-of")
    assert (answer.status, answer.json()["error"]["message"]) == (404, "no such model")


def test_an_alias_is_a_name_of_the_model(weir, upstream):
    """llama.cpp lists further names of its model beside the first."""
    one, two = (server_of(upstream, name, label=False) for name in ("first", "second"))
    one.pages["/v1/models"] = reply(200, {"object": "list", "data": [card("first", aliases=["small", "org/one"])]})
    gateway = weir("--endpoint", one.url, "--endpoint", two.url)
    assert ids(gateway.get("/v1/models")) == ["first", "second"]
    for model in ("small", "org/one", "first"):
        assert set(served_by(gateway, model)) == {"first"}, model
    assert gateway.get("/v1/models/org/one").json()["id"] == "first"


def test_a_404_of_a_server_is_reason_to_look_at_the_lists(weir, upstream):
    one, two = (server_of(upstream, *names, label=False) for names in (("base", "sql"), ("base", "chat")))
    two.scripts = [reply(404, {"error": {"message": "no such model", "code": 404}})]
    gateway = weir("--endpoint", one.url, "--endpoint", two.url)
    assert one.page_hits["/v1/models"] == 0

    def settled():
        return all(gateway.chat(f"q {i}", model="sql").status == 200 for i in range(8))

    wait_for(settled, "requests for the adapter all at its server")


def test_a_models_data_source_asks_where_and_as_often_as_it_says(weir, upstream, tmp_path):
    config = tmp_path / "picker.yaml"
    config.write_text(json.dumps({
        "apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
        "plugins": [{"type": "models-data-source", "parameters": {"path": "/served", "interval": "100ms"}},
                    {"type": "models-data-extractor"}, {"type": "queue-scorer"}],
        "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "queue-scorer"}]}],
        "dataLayer": {"sources": [{"pluginRef": "models-data-source",
                                   "extractors": [{"pluginRef": "models-data-extractor"}]}]}}))
    one, two = (server_of(upstream, *names, label=False) for names in (("base", "sql"), ("base", "chat")))
    for server, names in ((one, ("base", "sql")), (two, ("base", "chat"))):
        server.pages["/served"] = model_list(*names)
    gateway = weir("--endpoint", one.url, "--endpoint", two.url, "--config-file", config)
    wait_for(lambda: one.page_hits["/served"] > 2 and two.page_hits["/served"] > 2, "asked again and again")
    assert set(served_by(gateway, "chat")) == {"base"} and len(two.requests) == 12
    assert sorted(ids(gateway.get("/v1/models"))) == ["base", "chat", "sql"]
    shown = gateway.admin("GET", "/v1/endpoints").json()["endpoints"]
    assert [e["models"] for e in shown] == [["base", "sql"], ["base", "chat"]]
    # An adapter that is loaded later is seen.
    one.pages["/served"] = model_list("base", "sql", "chat")
    wait_for(lambda: gateway.chat("x", model="chat") and len(one.requests) > 0, "the adapter's second home")


def test_an_answer_of_weirs_own_is_logged_like_any_other(weir, upstream, tmp_path):
    one, two = server_of(upstream, "base"), server_of(upstream, "chat")
    log = tmp_path / "access.log"
    gateway = weir("--endpoint", one.url, "--endpoint", two.url, "--v", "2", "--access-log", log)
    for _ in range(2):
        assert sorted(ids(gateway.get("/v1/models"))) == ["base", "chat"]
    wait_for(lambda: log.read_text().count("/v1/models") == 2, "a line each")
