"""An answer cut at any byte never looks like a whole one, and what came before the cut is exactly what was sent."""

import json

import pytest

from harness import Upstream, WeirProcess, chat_body
from wire import each

EVENTS = [json.dumps({"choices": [{"delta": {"content": f"t{i}"}}]}) for i in range(3)] + ["[DONE]"]
SSE = b"".join(b"data: %s\n\n" % e.encode() for e in EVENTS)
SSE_TYPE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
SSE_HEAD = SSE_TYPE + b"transfer-encoding: chunked\r\n\r\n"
JSON = json.dumps({"choices": [{"message": {"content": "hello"}}], "usage": {"completion_tokens": 1}}).encode()
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def chunks(body, size):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


# Head and the bytes behind it; the last byte of each is the one that makes it whole.
WHOLE = {
    "events, one a chunk": (SSE_HEAD, b"".join(chunks(b"data: %s\n\n" % e.encode(), 9999)[:-5] for e in EVENTS) +
                            b"0\r\n\r\n"),
    "events in chunks of 7": (SSE_HEAD, chunks(SSE, 7)),
    # An event of weir's own would fill up the promised length, or stand in what the client takes for compressed bytes.
    "events with a length": (SSE_TYPE + b"content-length: %d\r\n\r\n" % len(SSE), SSE),
    "events, encoded": (SSE_TYPE + b"content-encoding: br\r\ntransfer-encoding: chunked\r\n\r\n", chunks(SSE, 9999)),
    "sized": (JSON_HEAD + b"content-length: %d\r\n\r\n" % len(JSON), JSON),
    "chunked": (JSON_HEAD + b"transfer-encoding: chunked\r\n\r\n", chunks(JSON, 16)),
}
BODY = {name: JSON if head.startswith(JSON_HEAD) else SSE for name, (head, _) in WHOLE.items()}
TOLD = {"events, one a chunk", "events in chunks of 7"}   # in an event of their own


@pytest.fixture(scope="module")
def cutter(tmp_path_factory):
    """A gateway whose endpoint sends as much of an answer as the request asks for, then a FIN or a RST."""
    def cut(exchange):
        name, at, end = exchange.request.header("x-cut").split("|")
        head, rest = WHOLE[name]
        exchange.send(head + rest[:int(at)])
        if end == "RST":
            exchange.reset()
        elif int(at) < len(rest):
            exchange.close()

    with Upstream(cut) as server:
        gateway = WeirProcess("--endpoint", server.url, "--threads", "1", log=tmp_path_factory.mktemp("cut") / "weir.log")
        gateway.wait_ready()
        yield gateway
        assert gateway.stop() == 0
    assert server.errors == []


@pytest.mark.parametrize("end", ["FIN", "RST"])
@pytest.mark.parametrize("name", WHOLE)
def test_no_cut_looks_like_an_end(cutter, name, end):
    whole = BODY[name]

    def check(_, at):
        answer = cutter.post("/v1/chat/completions", chat_body(stream=True), {"x-cut": f"{name}|{at}|{end}"})
        if answer.status != 200:
            assert (answer.status, end) == (503, "RST")   # the reset overtook the head: nothing was an answer yet
            return
        assert not answer.complete, f"cut at {at}"
        if name not in TOLD:
            assert whole.startswith(answer.body)
            return
        sent, mark, told = answer.body.partition(b'data: {"error"')
        assert whole.startswith(sent)
        if mark:   # one event, and only where an event may begin
            assert not sent or sent.endswith(b"\n\n")
            assert json.loads(b'{"error"' + told)["error"]["code"] == "upstream-reset"
        elif sent.endswith(b"\n\n"):
            raise AssertionError("an event could be said, and was not")

    each({f"at {at}": at for at in range(len(WHOLE[name][1]))}, check, at_once=8)


def test_the_whole_answer_is_whole(cutter):
    for name, (_, rest) in WHOLE.items():
        answer = cutter.post("/v1/chat/completions", chat_body(stream=True), {"x-cut": f"{name}|{len(rest)}|keep"})
        assert (answer.status, answer.complete, answer.body) == (200, True, BODY[name])
