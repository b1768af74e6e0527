"""The answers weir makes itself, byte for byte, and what reaches an endpoint, against the real binary."""

import json

import pytest

from harness import chat_body, free_port, reply, stream

CONNECT_REFUSED = ("upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, "
                   "transport failure reason: delayed connect error: Connection refused")

POOL = """
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: llm}}}}
  targetPorts: [{{number: 8000}}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata:
  name: llm-0
  namespace: {namespace}
  labels: {{app: llm}}
  annotations: {{weir.dev/address: "127.0.0.1:{port}"}}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: llm, namespace: default}}
spec:
  parentRefs: [{{name: gateway}}]
  rules:
  - matches: [{{path: {{type: PathPrefix, value: {path}}}}}]
    backendRefs: [{{group: inference.networking.k8s.io, kind: InferencePool, name: {pool}, namespace: {namespace}}}]
"""
GRANT = """
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: allow, namespace: other}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}]
  to: [{group: inference.networking.k8s.io, kind: InferencePool}]
"""
SHEDDABLE = """
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceObjective
metadata: {name: batch}
spec: {priority: -1, poolRef: {name: llm}}
"""


def documents(*texts):
    return "\n---\n".join(texts)


@pytest.mark.parametrize("body, text, reason", [
    ({"prompt": "x"}, "model not found in request body", "model-not-found"),
    ({"model": 7, "prompt": "x"}, "model not found in request body", "model-not-found"),
    ({"model": "m"}, "prompt not found in request", "prompt-not-found"),
])
def test_a_body_without_what_the_api_needs_is_a_400(weir, upstream, body, text, reason):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    answer = gateway.post("/v1/completions", body)
    assert (answer.status, answer.text) == (400, "inference gateway: BadRequest - " + text)
    assert answer.header("content-type") == "text/plain"
    assert answer.header("x-weir-reason") == reason
    assert answer.header("x-request-id")
    assert [r for r in server.requests if r.method == "POST"] == []


def test_official_clients_get_the_openai_envelope(weir, upstream):
    gateway = weir("--endpoint", upstream(reply()).url)
    answer = gateway.post("/v1/completions", {"prompt": "x"}, {"Accept": "application/json"})
    error = answer.json()["error"]
    assert error == {"message": "inference gateway: BadRequest - model not found in request body",
                     "type": "invalid_request_error", "param": "model", "code": "model-not-found"}


def test_a_malformed_body_names_the_byte(weir, upstream):
    gateway = weir("--endpoint", upstream(reply()).url)
    answer = gateway.post("/v1/completions", b"[1]")
    assert answer.status == 400
    assert answer.text.startswith("inference gateway: BadRequest - Error unmarshaling request body: ")
    assert "at byte 0" in answer.text
    assert answer.header("x-weir-reason") == "bad-body"


def test_a_refused_connection_and_then_no_healthy_upstream(weir):
    gateway = weir("--endpoint", f"http://127.0.0.1:{free_port()}")
    seen = [gateway.chat() for _ in range(4)]
    assert (seen[0].status, seen[0].text) == (503, CONNECT_REFUSED)
    assert seen[0].header("x-weir-reason") == "connect-failed"
    assert seen[0].header("retry-after") == "1"
    assert (seen[3].status, seen[3].text) == (503, "no healthy upstream")
    assert seen[3].header("x-weir-reason") == "no-endpoints"
    assert seen[3].header("x-llm-d-request-dropped-reason") == "rejected-no-endpoints"


def test_an_unknown_path_is_an_empty_404(weir, manifests, upstream):
    server = upstream(reply())
    folder = manifests({"all.yaml": documents(ROUTE.format(path="/v1", pool="llm", namespace="default"),
                                              POOL.format(name="llm", namespace="default"),
                                              POD.format(namespace="default", port=server.port))})
    gateway = weir("-f", folder)
    answer = gateway.get("/other")
    assert (answer.status, answer.body) == (404, b"")
    assert answer.header("x-weir-reason") == "route-not-found"
    assert gateway.chat().status == 200


def test_a_missing_pool_is_a_fault_filter_abort(weir, manifests):
    folder = manifests({"all.yaml": ROUTE.format(path="/", pool="none", namespace="default")})
    answer = weir("-f", folder).chat()
    assert (answer.status, answer.text) == (500, "fault filter abort")
    assert answer.header("x-weir-reason") == "invalid-backend"


def test_a_pool_elsewhere_needs_a_grant(weir, manifests, upstream):
    server = upstream(reply())
    files = {"all.yaml": documents(ROUTE.format(path="/", pool="llm", namespace="other"),
                                   POOL.format(name="llm", namespace="other"),
                                   POD.format(namespace="other", port=server.port))}
    answer = weir("-f", manifests(files, "without")).chat()
    assert (answer.status, answer.text) == (500, "fault filter abort")
    granted = weir("-f", manifests({**files, "grant.yaml": GRANT}, "with"))
    assert granted.chat().status == 200


def test_an_empty_pool_is_no_healthy_upstream_but_sheds_first(weir, manifests):
    folder = manifests({"all.yaml": documents(ROUTE.format(path="/", pool="llm", namespace="default"),
                                              POOL.format(name="llm", namespace="default"), SHEDDABLE)})
    gateway = weir("-f", folder)
    assert gateway.chat().text == "no healthy upstream"
    shed = gateway.chat(headers={"x-gateway-inference-objective": "batch"})
    assert shed.status == 429
    assert shed.text == ("inference gateway: InferencePoolResourceExhausted - system saturated, "
                         "sheddable request dropped")
    assert shed.header("x-weir-reason") == "saturated"
    # A malformed body is a 400 even then.
    assert gateway.post("/v1/completions", b"{", {"x-gateway-inference-objective": "batch"}).status == 400


def test_a_saturated_pool_sheds_only_what_may_be_shed(weir, manifests, sim):
    server = sim()
    server.request("POST", "/sim/metrics", {"waiting": 50})
    folder = manifests({"all.yaml": documents(ROUTE.format(path="/", pool="llm", namespace="default"),
                                              POOL.format(name="llm", namespace="default"),
                                              POD.format(namespace="default", port=server.port), SHEDDABLE)})
    gateway = weir("-f", folder)
    body = chat_body(model="weir-sim", max_tokens=2)
    assert gateway.post("/v1/chat/completions", body, {"x-llm-d-inference-objective": "batch"}).status == 429
    assert gateway.post("/v1/chat/completions", body).status == 200


def test_what_an_endpoint_receives(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url)
    body = b'{"model":"m",  "messages":[{"role":"user","content":"x"}] }'
    answer = gateway.post("/v1//chat/./completions", body,
                          {"X-Request-Id": "id-1", "X-Gateway-Destination-Endpoint": "10.0.0.1:1",
                           "Connection": "keep-alive, x-hop", "X-Hop": "1", "X-Keep": "2",
                           "X-Forwarded-For": "9.9.9.9", "X_Gateway_Inference_Objective": "o"})
    assert answer.status == 200
    assert answer.header("x-request-id") == "id-1"
    seen = [r for r in server.requests if r.method == "POST"][0]
    assert seen.target == "/v1/chat/completions"
    assert seen.body == body
    assert seen.header("x-request-id") == "id-1"
    assert seen.header("x-forwarded-for") == "9.9.9.9, 127.0.0.1"
    assert seen.header("x-forwarded-proto") == "http"
    assert seen.header("via") == "1.1 weir"
    assert seen.header("x-keep") == "2"
    for gone in ("x-hop", "x-gateway-destination-endpoint", "x_gateway_inference_objective", "connection"):
        assert seen.header(gone) is None, gone


def test_what_a_client_receives(weir, upstream):
    kept = {"Server": "vllm", "Date": "then", "ETag": '"a"', "X-Keep": "1", "Via": "1.1 before"}
    dropped = {"Connection": "keep-alive, x-hop", "X-Hop": "1", "Keep-Alive": "timeout=5", "Upgrade": "h2c",
               "X-Request-Id": "theirs", "x-llm-d-request-dropped-reason": "evicted", "x-weir-reason": "saturated",
               "X-Gateway-Destination-Endpoint": "10.0.0.1:1", "X_Weir_Endpoint": "a", "x-went-into-resp-headers": "no"}
    server = upstream(reply(headers={**kept, **dropped}))
    gateway = weir("--endpoint", server.url)
    for ask in (lambda headers: gateway.chat(headers=headers), lambda headers: gateway.get("/v1/x", headers)):
        answer = ask({"X-Request-Id": "mine"})
        for name, value in kept.items():
            assert answer.header(name) == value, name
        for name in dropped.keys() - {"X-Request-Id", "x-went-into-resp-headers"}:
            assert answer.header(name) is None, name
        assert answer.header("x-request-id") == "mine"
        assert answer.header("x-went-into-resp-headers") == "true"
    with gateway.connect() as connection:
        connection.send("GET /v1/x HTTP/1.0\r\n\r\n")
        assert connection.read_answer().status == 200
    assert server.requests[-1].header("via") == "1.0 weir"


def test_a_cut_stream_never_looks_complete(weir, upstream):
    events = [json.dumps({"n": i}) for i in range(3)]
    gateway = weir("--endpoint", upstream(stream(events, end=False)).url)
    answer = gateway.chat(stream=True)
    assert answer.status == 200
    assert not answer.complete
    payloads = answer.events()
    assert payloads[:3] == events
    assert json.loads(payloads[3])["error"]["code"] == "upstream-reset"
    assert "[DONE]" not in answer.text


def test_a_reused_connection_that_dies_is_replayed_once(weir, upstream):
    def die_on_reuse(exchange):
        if exchange.request.method == "POST" and seen.setdefault(exchange.request.connection, 0) == 1:
            return exchange.reset()
        seen[exchange.request.connection] = 1
        return reply()(exchange)

    seen = {}
    gateway = weir("--threads", "1", "--endpoint", upstream(die_on_reuse).url)
    with gateway.connect() as connection:
        for _ in range(4):
            assert connection.request("POST", "/v1/chat/completions", chat_body()).status == 200


def test_garbage_from_an_endpoint_is_a_502(weir, upstream):
    gateway = weir("--endpoint", upstream(lambda exchange: exchange.send(b"\x15\x03\x01 not http\r\n\r\n")).url)
    answer = gateway.chat()
    assert answer.status == 502
    assert answer.text.endswith("reset reason: protocol error")


def test_the_model_name_is_put_back_after_a_rewrite(weir, manifests, upstream):
    rewrite = """
apiVersion: inference.networking.x-k8s.io/v1alpha2
kind: InferenceModelRewrite
metadata: {name: canary}
spec:
  poolRef: {name: llm}
  rules:
  - matches: [{model: {type: Exact, value: fast}}]
    targets: [{modelRewrite: fast-v2}]
"""

    def echo(exchange):
        name = exchange.request.json()["model"]
        reply(body={"model": name, "choices": []})(exchange)

    server = upstream(echo)
    folder = manifests({"all.yaml": documents(ROUTE.format(path="/", pool="llm", namespace="default"),
                                              POOL.format(name="llm", namespace="default"),
                                              POD.format(namespace="default", port=server.port), rewrite)})
    gateway = weir("-f", folder)
    answer = gateway.chat(model="fast")
    assert answer.json()["model"] == "fast"
    assert [r.json()["model"] for r in server.requests if r.method == "POST"] == ["fast-v2"]


def test_trailers_go_to_a_client_that_takes_them(weir, upstream):
    server = upstream(lambda exchange: exchange.send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n"
        "0\r\nX-Sum: 1\r\nContent-Length: 9\r\nX-Weir-Reason: draining\r\nX-Two: b\r\n\r\n"))
    gateway = weir("--endpoint", server.url)

    def end_of(head, version="1.1"):
        with gateway.connect() as connection:
            connection.send(f"GET / HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{head}\r\n")
            seen = connection.read_to_end()
        return b"trailer: X-Sum\r\n" in seen, seen.partition(b"hi")[2]

    for te in ("TE: trailers", "te: gzip;q=0.5, trailers"):
        assert end_of(te + "\r\n") == (True, b"\r\n0\r\nX-Sum: 1\r\nX-Two: b\r\n\r\n")
        assert server.requests[-1].header("te") == "trailers"
    for te in ("", "TE: gzip\r\n"):
        assert end_of(te) == (False, b"\r\n0\r\n\r\n")
        assert server.requests[-1].header("te") is None
    assert end_of("TE: trailers\r\n", "1.0") == (False, b"")
