"""Every answer weir makes itself, as text and as an envelope: status, text, reason words, retry-after, type, param, code."""

import pytest

from harness import Connection, chat_body, free_port, reply
from harness.manifest_text import SHEDDABLE, documents, pool, route

JSON = {"Accept": "application/json"}
GATEWAY = "inference gateway: "
CHAT = "/v1/chat/completions"
UPSTREAM = "upstream connect error or disconnect/reset before headers. reset reason: "
REFUSED = UPSTREAM + ("remote connection failure, transport failure reason: delayed connect error: "
                      "Connection refused")


def check(ask, status, text, reason, kind, *, param=None, dropped=None, retry=None):
    """`ask(headers)` twice, as curl and as an official client would."""
    plain = ask({})
    shown = (plain.status, plain.text, plain.header("x-weir-reason"), plain.header("x-llm-d-request-dropped-reason"),
             plain.header("retry-after"))
    assert shown == (status, text, reason, dropped, retry)
    assert plain.header("content-type") == ("text/plain" if text else None)
    assert plain.header("x-request-id")
    wrapped = ask(JSON)
    error = wrapped.json()["error"]
    assert wrapped.header("content-type") == "application/json"
    assert (wrapped.status, error["type"], error["param"], error["code"]) == (status, kind, param, reason)
    assert error["message"] == text or not text
    assert set(error) == {"message", "type", "param", "code"}
    assert wrapped.header("x-weir-reason") == reason


def test_bodies(weir, upstream):
    server = upstream(reply())
    gateway = weir("--endpoint", server.url, "--max-body", "1Ki")

    def ask(path, body, **more):
        return lambda headers: gateway.post(path, body, {**headers, **more})

    bad = GATEWAY + "BadRequest - "
    for path, body, text, reason, param in (
            ("/v1/completions", b'{"prompt":"x"}', "model not found in request body", "model-not-found", "model"),
            ("/v1/completions", b'{"model":7,"prompt":"x"}', "model not found in request body", "model-not-found", "model"),
            ("/v1/completions", b'{"model":"m"}', "prompt not found in request", "prompt-not-found", "prompt"),
            ("/v1/embeddings", b'{"model":"m"}', "prompt not found in request", "prompt-not-found", "prompt"),
            ("/v1/responses", b'{"model":"m"}', "prompt not found in request", "prompt-not-found", "prompt"),
            (CHAT, b'{"model":"m","messages":[]}', "messages is empty", "bad-request", "messages"),
            ("/v1/completions", b'{"model":"m","prompt":7}', "prompt is not a string", "bad-request", "prompt"),
            ("/v1/completions", b'[1]', "Error unmarshaling request body: not a JSON object, at byte 0", "bad-body", None),
            ("/v1/completions", b'{"model":"a","model":"b"}',
             'Error unmarshaling request body: duplicate key "model", at byte 13', "bad-body", None),
            ("/v1/completions", b'{"model":"\xff"}', "Error unmarshaling request body: invalid UTF-8, at byte 10",
             "bad-body", None),
            ("/v1/completions", b'{"model":"m","x":' + b"[" * 128 + b"]" * 128 + b"}",
             "Error unmarshaling request body: nested deeper than 128, at byte 144", "bad-body", None),
            ("/v1/completions", b'{"model":"m","prompt":"x"}{}',
             "Error unmarshaling request body: bytes behind the JSON object, at byte 26", "bad-body", None),
            ("/generate", b'{"input_ids":[]}', "invalid generate request: input_ids cannot be empty", "bad-request",
             "input_ids")):
        check(ask(path, body), 400, bad + text, reason, "invalid_request_error", param=param)
    check(ask(CHAT, b"x" * 2000), 413, "request body larger than 1024 bytes (--max-body)", "body-too-large",
          "invalid_request_error")
    encoded = gateway.post(CHAT, b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"})
    assert (encoded.status, encoded.json()["error"]["code"]) == (415, "unsupported-encoding")
    assert [r for r in server.requests if r.method == "POST"] == []
    # What is none of weir's business passes.
    for path, body, headers in ((CHAT, b"", {}), ("/v1/rerank", b"not json", {}), ("/v1/audio/transcriptions", b"--x",
                                {"Content-Type": "multipart/form-data; boundary=x"}),
                                ("/generate", b'{"text":"x"}', {}), (CHAT, b'{"model":"m","messages":[{}],"x":nope}', {})):
        assert gateway.post(path, body, headers).status == 200, path
    assert gateway.request("GET", CHAT, b"{").status == 400


def test_heads(weir):
    gateway = weir("--endpoint", f"http://127.0.0.1:{free_port()}", "--max-head", "2Ki", "--max-target", "1Ki",
                   "--max-fields", "10", "--head-timeout", "1s")

    def ask(first, rest):
        def send(headers):
            with Connection(("127.0.0.1", gateway.port)) as connection:
                connection.send(first + b"\r\nhost: a\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in headers.items())
                                + rest)
                return connection.read_answer()
        return send

    get = b"GET / HTTP/1.1"
    invalid = "invalid_request_error"
    for first, rest, status, text, reason in (
            (get, b"x: " + b"a" * 3000, 431, "request head larger than 2048 bytes (--max-head)", "head-too-large"),
            (get, b"".join(b"x%d: 1\r\n" % i for i in range(12)) + b"\r\n", 431, "more than 10 fields (--max-fields)",
             "head-too-large"),
            (b"GET /" + b"a" * 1200 + b" HTTP/1.1", b"\r\n", 414, "request target longer than 1024 bytes (--max-target)",
             "target-too-long"),
            (get, b"", 408, "request head not complete in time (--head-timeout)", "request-timeout"),
            (get, b"host: b\r\n\r\n", 400, "malformed request: more than one Host", "bad-request"),
            (b"get / HTTP/1.1", b"\r\n", 400, "malformed request: methods are upper case", "bad-request")):
        check(ask(first, rest), status, text, reason, invalid)

    # What shapes the answer may stand behind the fault.
    for before, status in ((b"bad name: 1\r\n", 400), (b"".join(b"x%d: 1\r\n" % i for i in range(12)), 431)):
        late = ask(get, before + b"accept: application/json\r\nx-request-id: late\r\n\r\n")({})
        assert (late.status, late.header("x-request-id")) == (status, "late")
        assert late.json()["error"]["type"] == invalid


def test_routes_and_pools(weir, manifests):
    gateway = weir("-f", manifests({"all.yaml": documents(route(), pool(), SHEDDABLE)}))
    batch = {"x-llm-d-inference-objective": "batch"}
    check(lambda headers: gateway.get("/other", headers), 404, "", "route-not-found", "not_found_error")
    assert "HTTPRoute default/llm" in gateway.get("/other", JSON).json()["error"]["message"]
    check(lambda headers: gateway.post(CHAT, chat_body(), headers), 503, "no healthy upstream", "no-endpoints",
          "service_unavailable", dropped="rejected-no-endpoints", retry="1")
    check(lambda headers: gateway.get("/v1/models", headers), 503, "no healthy upstream", "no-endpoints",
          "service_unavailable", dropped="rejected-no-endpoints", retry="1")
    check(lambda headers: gateway.post(CHAT, chat_body(), {**headers, **batch}), 429,
          GATEWAY + "InferencePoolResourceExhausted - system saturated, sheddable request dropped", "saturated",
          "rate_limit_error", dropped="rejected-saturated", retry="1")
    assert gateway.post(CHAT, b"{", batch).status == 400
    missing = weir("-f", manifests({"all.yaml": route("/", "none")}, "missing"))
    check(lambda headers: missing.post(CHAT, chat_body(), headers), 500, "fault filter abort", "invalid-backend",
          "server_error")


@pytest.mark.parametrize("script, status, text, reason, kind, retry", [
    (lambda exchange: exchange.peer_gone(), 504, "upstream request timeout", "upstream-timeout", "server_error", None),
    (lambda exchange: exchange.reset(), 503, UPSTREAM + "remote reset", "upstream-reset", "service_unavailable", "1"),
    (lambda exchange: exchange.close(), 503, UPSTREAM + "connection termination", "upstream-reset", "service_unavailable",
     "1"),
    (lambda exchange: (exchange.send("HTTP/1.1 200"), exchange.close()), 502, UPSTREAM + "protocol error", "bad-upstream",
     "server_error", None),
    (lambda exchange: exchange.send(b"no http\r\n\r\n"), 502, UPSTREAM + "protocol error", "bad-upstream", "server_error",
     None),
])
def test_endpoints(weir, upstream, script, status, text, reason, kind, retry):
    gateway = weir("--endpoint", upstream(script).url, "--first-byte-timeout", "300ms")
    check(lambda headers: gateway.post(CHAT, chat_body(), headers), status, text, reason, kind, retry=retry)


def test_routing_is_exposed_on_refusals_too(weir, upstream):
    server = upstream(lambda exchange: exchange.close())
    gateway = weir("--endpoint", server.url, "--expose-routing")
    asked = gateway.post(CHAT, chat_body(), {"X-Request-Id": "r-1"})
    assert (asked.status, asked.header("x-weir-endpoint"), asked.header("x-weir-request")) == (503, server.address, "r-1")
    refused = gateway.post(CHAT, b"{", {"X-Request-Id": "r-2"})
    assert (refused.status, refused.header("x-weir-endpoint"), refused.header("x-weir-request")) == (400, None, "r-2")


def test_three_refused_connections_and_then_no_healthy_upstream(weir):
    gateway = weir("--endpoint", f"http://127.0.0.1:{free_port()}")

    def ask(headers):
        return gateway.post(CHAT, chat_body(), headers)

    check(ask, 503, REFUSED, "connect-failed", "service_unavailable", retry="1")
    assert ask({}).text == REFUSED
    check(ask, 503, "no healthy upstream", "no-endpoints", "service_unavailable", dropped="rejected-no-endpoints", retry="1")


def test_anthropic_envelopes(weir, upstream):
    gateway = weir("--endpoint", upstream(reply()).url)
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        answer = gateway.post(path, {"model": "m"}, {**JSON, "X-Request-Id": "a-1"})
        assert answer.json() == {"type": "error", "request_id": "a-1",
                                 "error": {"type": "invalid_request_error",
                                           "message": GATEWAY + "BadRequest - prompt not found in request"}}
        assert answer.header("x-weir-reason") == "prompt-not-found"


def test_who_gets_json(weir, upstream):
    gateway = weir("--endpoint", upstream(reply()).url)
    for accept, is_json in (("application/json", True), ("application/json, text/plain", False), ("*/*", False),
                            ("text/plain", False), ("application/*", False), ("Application/JSON; charset=utf-8", True),
                            ("application/json;q=0", False), ("text/event-stream, application/json;q=0.9", True)):
        answer = gateway.post(CHAT, b"{", {"Accept": accept})
        assert (answer.header("content-type") == "application/json") is is_json, accept
    # Fields of one name are one list.
    for lines, is_json in ((b"Accept: */*\r\nAccept: application/json\r\n", True),
                           (b"Accept: application/json\r\nAccept: text/plain\r\n", False)):
        for head in (b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n",
                     b"POST /v1/chat/completions HTTP/1.1\r\nHost: a b\r\nContent-Length: 1\r\n"):
            with gateway.connect() as connection:
                connection.send(head + lines + b"\r\n{")
                answer = connection.read_answer()
            assert (answer.status, answer.header("content-type") == "application/json") == (400, is_json), lines


def test_the_error_format_can_be_forced(weir, upstream):
    for form, is_json in (("json", True), ("text", False)):
        gateway = weir("--endpoint", upstream(reply()).url, "--error-format", form)
        for headers in ({}, JSON):
            assert (gateway.post(CHAT, b"{", headers).body[:1] == b"{") is is_json
