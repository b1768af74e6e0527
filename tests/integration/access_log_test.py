"""The access log: one JSON line for each request, whatever became of it."""

import json

from harness import chat_body, free_port, reply, stream, wait_for
from harness.manifest_text import routed

ALWAYS = {"ts", "id", "client", "method", "path", "host", "model", "target_model", "objective", "priority", "fairness_id",
          "stream", "code", "end", "reason", "bytes_in", "bytes_out", "chunks", "retries", "t_total", "cfg"}


def test_a_line_for_every_kind_of_end(weir, manifests, upstream, tmp_path):
    script = {"now": reply(body={"usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}})}
    server = upstream(lambda exchange: script["now"](exchange))
    path = tmp_path / "access.json"
    folder = manifests({"all.yaml": routed(server.port)})
    gateway = weir("-f", folder, "--access-log", path, "--first-byte-timeout", "200ms", "--max-body", "1Ki")
    seen = 0

    def line():
        nonlocal seen
        seen += 1
        wait_for(lambda: path.exists() and path.read_text().count("\n") >= seen, "a line")
        return json.loads(path.read_text().splitlines()[seen - 1])

    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    gateway.post("/v1/chat/completions", chat_body(), {"X-Request-Id": "a-1", "traceparent": trace,
                                                        "x-llm-d-inference-fairness-id": "t\xe9nant"})
    good = line()
    assert ALWAYS <= set(good)
    assert (good["id"], good["method"], good["path"], good["host"]) == (
        "a-1", "POST", "/v1/chat/completions", "test.local")
    assert (good["code"], good["end"], good["reason"], good["model"]) == (200, "--", "", "m")
    assert (good["tok_in"], good["tok_out"]) == (5, 3)
    assert (good["route"], good["pool"], good["endpoint_attempts"]) == ("default/llm", "default/llm", [server.address])
    assert (good["trace_id"], good["span_id"]) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert good["decision"]["candidates"] == 1
    times = [good[t] for t in ("t_headers", "t_body", "t_parse", "t_pick", "t_first_byte", "t_last", "t_total")]
    assert times == sorted(times)
    assert "Say hello" not in path.read_text()
    assert gateway.request("OPTIONS", "*").status == 200
    own = line()
    assert (own["method"], own["path"], own["code"], own["end"], own["reason"]) == ("OPTIONS", "*", 200, "--", "")

    def refused(code, reason, end):
        got = line()
        assert (got["code"], got["reason"], got["end"]) == (code, reason, end), got
        assert ALWAYS <= set(got) and got["detail"]
        return got

    gateway.post("/v1/completions", b"{")
    refused(400, "bad-body", "PR")
    gateway.get("/other")
    assert refused(404, "route-not-found", "PR")["path"] == "/other"
    gateway.get("/../x")
    refused(400, "bad-request", "PR")
    gateway.post("/v1/completions", b"x" * 2000)
    assert refused(413, "body-too-large", "PR")["method"] == "POST"

    script["now"] = lambda exchange: exchange.send(b"\x15\x03 no\r\n\r\n")
    gateway.chat()
    refused(502, "bad-upstream", "PH")
    script["now"] = lambda exchange: exchange.peer_gone()
    gateway.chat()
    refused(504, "upstream-timeout", "sH")
    script["now"] = stream(["{}"], end=False)
    gateway.chat(stream=True)
    assert refused(200, "upstream-reset", "SD")["stream"] is True
    script["now"] = lambda exchange: exchange.reset()
    gateway.chat()
    refused(503, "upstream-reset", "SH")

    script["now"] = lambda exchange: exchange.peer_gone()
    with gateway.connect() as connection:
        count = len(server.requests)
        connection.send(b"POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-length: 28\r\n\r\n"
                        b'{"model":"m1","prompt":"xx"}')
        server.wait_requests(count + 1)
    gone = line()
    assert (gone["code"], gone["end"], gone["reason"]) == (499, "CH", "client-gone")


def test_a_refused_connection_is_the_servers(weir, tmp_path):
    path = tmp_path / "access.json"
    gateway = weir("--endpoint", f"http://127.0.0.1:{free_port()}", "--access-log", path)
    gateway.chat()
    wait_for(lambda: path.exists() and path.read_text(), "a line")
    got = json.loads(path.read_text())
    assert (got["code"], got["reason"], got["end"]) == (503, "connect-failed", "SC")
    assert got["endpoint_attempts"]


def test_the_bytes_are_those_of_the_client(weir, manifests, upstream, tmp_path):
    """Bodies as the client sent and got them: of weir's own answers too, and whatever a rewrite made of them."""
    cut = stream(['{"model":"a-longer-name"}'], end=False)
    script = {"now": lambda exchange: reply(body={"model": exchange.request.json()["model"]})(exchange)}
    server = upstream(lambda exchange: script["now"](exchange))
    path = tmp_path / "access.json"
    folder = manifests({"all.yaml": routed(
        server.port,
        "apiVersion: llm-d.ai/v1alpha2\nkind: InferenceModelRewrite\nmetadata: {name: rename}\n"
        "spec: {poolRef: {name: llm}, rules: [{targets: [{modelRewrite: a-longer-name}]}]}\n")})
    gateway = weir("-f", folder, "--access-log", path)
    told = []

    def say(method, target, body=None, headers=()):
        answer = gateway.request(method, target, body, headers)
        told.append((len(json.dumps(body)) if body else 0, len(answer.body)))
        return answer

    json_please = {"Accept": "application/json"}
    assert say("GET", "/other", headers=json_please).status == 404
    assert say("HEAD", "/other", headers=json_please).status == 404
    assert say("GET", "/v1/..\\x").status == 400                 # refused before it was split
    assert say("POST", "/v1/completions", {"model": "m"}).status == 400
    assert say("POST", "/v1/completions", {"model": "m", "prompt": "x"}).json() == {"model": "m"}
    # Cut off before its head could be framed: the request has been forgotten by then.
    script["now"] = lambda exchange: (exchange.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                                                    "content-length: 99\r\n\r\n{"), exchange.close())
    assert say("POST", "/v1/completions", {"model": "m", "prompt": "x"}).status == 502
    script["now"] = cut
    assert b'{"error"' in say("POST", "/v1/completions", {"model": "m", "prompt": "x", "stream": True}).body
    wait_for(lambda: path.exists() and path.read_text().count("\n") == len(told), "the lines")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["bytes_in"], line["bytes_out"]) for line in lines] == told
