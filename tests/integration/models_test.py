"""Which model an endpoint is asked for, and which name the client reads in the answer."""

import json

import pytest

from harness import reply, stream, wait_for
from harness.manifest_text import routed

EXACT = """
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceModelRewrite
metadata: {name: canary}
spec:
  poolRef: {name: llm}
  rules:
  - matches: [{model: {type: Exact, value: fast}}]
    targets: [{modelRewrite: fast-v2}]
"""
GENERIC = """
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceModelRewrite
metadata: {name: any}
spec:
  poolRef: {name: llm}
  rules: [{targets: [{modelRewrite: house}]}]
"""
MODELS = """
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceModel
metadata: {name: standard}
spec: {modelName: standard, criticality: Standard, poolRef: {name: llm}, targetModels: [{name: standard-v1}]}
---
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceModel
metadata: {name: critical}
spec: {modelName: critical, criticality: Critical, poolRef: {name: llm}}
"""


@pytest.fixture
def served(weir, manifests, upstream):
    """served(script, *documents): a gateway before one scripted endpoint, and that endpoint."""

    def start(script, *more):
        server = upstream(script)
        folder = manifests({"all.yaml": routed(server.port, *more, path="/")})
        return weir("-f", folder), server

    return start


def test_what_supplies_a_model_that_the_client_left_out(served):
    gateway, server = served(reply(), EXACT)
    header = {"x-llm-d-model-name-rewrite": "chosen"}
    older = {"x-gateway-model-name-rewrite": "chosen"}
    rows = [
        ("/v1/completions", b'{"prompt":"x"}', header, b'{"model":"chosen","prompt":"x"}'),
        ("/v1/completions", b'{"model":7,"prompt":"x"}', older, b'{"model":"chosen","prompt":"x"}'),
        ("/v1/completions", b'{ "mod\\u0065l" : "f\\u0061st", "prompt":"fast"}', header,
         b'{ "mod\\u0065l" : "fast-v2", "prompt":"fast"}'),
        ("/v1/completions", b'{"x":{"model":"fast"},"model":"other","prompt":"x"}', {},
         b'{"x":{"model":"fast"},"model":"other","prompt":"x"}'),
        # An API that asks for no model gets none put in; one that is there counts.
        ("/generate", b'{"text":"x"}', header, b'{"text":"x"}'),
        ("/unknown", b'{"a":1}', header, b'{"a":1}'),
        ("/unknown", b'{"model":"fast"}', {}, b'{"model":"fast-v2"}'),
    ]
    for path, body, headers, expected in rows:
        answer = gateway.post(path, body, headers)
        assert answer.status == 200, (path, body, answer.text)
        assert server.requests[-1].body == expected


def test_of_a_repeated_control_header_the_last_counts_and_the_newer_name_goes_first(served):
    gateway, server = served(reply())
    body = b'{"prompt":"x"}'
    for fields, expected in ((("x-llm-d-model-name-rewrite: a", "X-LLM-D-Model-Name-Rewrite: b"), "b"),
                             (("x-gateway-model-name-rewrite: b", "x-gateway-model-name-rewrite: a"), "a"),
                             (("x-gateway-model-name-rewrite: b", "x-llm-d-model-name-rewrite: a"), "a")):
        with gateway.connect() as connection:
            head = "\r\n".join(("POST /v1/completions HTTP/1.1", "host: a", f"content-length: {len(body)}", *fields))
            connection.send(head.encode() + b"\r\n\r\n" + body)
            assert connection.read_answer().status == 200
        assert server.requests[-1].json()["model"] == expected, fields
    with gateway.connect() as connection:   # present, though empty: the older name is not asked
        connection.send("POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 14\r\n"
                        "x-llm-d-model-name-rewrite:\r\nx-gateway-model-name-rewrite: b\r\n\r\n" + body.decode())
        assert connection.read_answer().header("x-weir-reason") == "model-not-found"


def test_a_rule_without_matches_is_for_every_model_and_an_exact_one_wins(served):
    gateway, server = served(reply(), GENERIC, EXACT)
    for body, expected in ((b'{"prompt":"x"}', "house"), (b'{"model":"z","prompt":"x"}', "house"),
                           (b'{"model":"fast","prompt":"x"}', "fast-v2")):
        assert gateway.post("/v1/completions", body, {"x-llm-d-model-name-rewrite": "ignored"}).status == 200
        assert server.requests[-1].json()["model"] == expected
    missing = gateway.post("/v1/completions", b"{}")
    assert missing.header("x-weir-reason") == "prompt-not-found"


def test_names_that_do_harm_where_names_are_shown_are_refused(served):
    gateway, server = served(reply())
    for name in ("a\r\nx: y", "a\0", "m" * 257):
        answer = gateway.post("/v1/completions", {"model": name, "prompt": "x"}, {"Accept": "application/json"})
        assert (answer.status, answer.json()["error"]["param"]) == (400, "model"), name
    assert gateway.post("/v1/completions", {"model": "m" * 256, "prompt": "x"}).status == 200
    assert len([r for r in server.requests if r.method == "POST"]) == 1


def test_an_answer_too_long_to_hold_carries_the_clients_name_too(served):
    vectors = "0.125," * 300_000
    body = b'{"object":"list","data":[{"model":"fast-v2","v":"' + vectors.encode() + b'"}],"model":"fast-v2"}'
    gateway, _ = served(reply(body=body), EXACT)
    answer = gateway.post("/v1/embeddings", {"model": "fast", "input": "x"})
    assert answer.header("transfer-encoding") == "chunked"
    assert answer.body == body.replace(b'],"model":"fast-v2"', b'],"model":"fast"')


def test_an_answer_that_does_not_say_what_it_is_is_read_as_what_was_asked_for(served):
    def untyped(exchange):
        if b"stream" in exchange.request.body:
            exchange.send(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ndata: {"model":"fast-v2"}\n\n')
        elif b"image" in exchange.request.body:
            exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\x89PNG")
        else:
            exchange.send(b'HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{"model":"fast-v2"}')
        exchange.close()

    gateway, _ = served(untyped, EXACT)
    assert gateway.chat(model="fast").json() == {"model": "fast"}
    assert gateway.chat(model="fast", stream=True).events() == ['{"model":"fast"}']
    assert gateway.chat(model="fast", user="image").body == b"\x89PNG"


def test_a_stream_cut_inside_an_event_ends_with_one_error_event(served):
    def cut(exchange):
        exchange.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        event = b'data: {"model":"fast-v2"}\n\ndata: {"mod'
        exchange.send(b"%x\r\n%s\r\n" % (len(event), event))
        exchange.close()

    gateway, _ = served(cut, EXACT)
    answer = gateway.chat(model="fast", stream=True)
    first, last = answer.events()
    assert (json.loads(first), json.loads(last)["error"]["code"]) == ({"model": "fast"}, "upstream-reset")
    assert not answer.complete


def test_streams_of_the_responses_api_carry_the_clients_name(served):
    events = ['{"type":"response.created","response":{"id":"r","model":"fast-v2"}}']
    gateway, _ = served(stream(events), EXACT)
    answer = gateway.post("/v1/responses", {"model": "fast", "input": "x", "stream": True})
    assert json.loads(answer.events()[0])["response"]["model"] == "fast"


def test_inference_models_choose_targets_and_what_may_be_shed(served):
    gateway, server = served(reply(), MODELS)
    assert gateway.chat(model="standard").status == 200
    assert server.requests[-1].json()["model"] == "standard-v1"
    server.set_metrics(waiting=50)
    scrapes = server.scrapes
    server_saw = len(server.requests)
    wait_for(lambda: server.scrapes > scrapes + 2, "scrapes")
    assert [gateway.chat(model=m).status for m in ("standard", "critical", "m")] == [429, 200, 200]
    assert len(server.requests) == server_saw + 2
