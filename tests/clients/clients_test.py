"""The official OpenAI and Anthropic clients against weir: what they read, and which error they raise."""

import json

import pytest

from harness import reply, stream
from harness.manifest_text import SHEDDABLE, documents, pool, route, routed

pytestmark = pytest.mark.timeout(300)  # the first of them installs the clients

NO_MODEL = "inference gateway: BadRequest - model not found in request body"
SHED = "inference gateway: InferencePoolResourceExhausted - system saturated, sheddable request dropped"


@pytest.fixture
def served(weir, manifests):
    """served(server): a gateway whose route takes /v1 and whose objective `batch` may be shed."""

    def start(server, *flags):
        folder = manifests({"all.yaml": routed(server.port, SHEDDABLE)})
        return weir("-f", folder, *flags)

    return start


def error_of(outcome):
    return outcome.get("error"), outcome.get("status_code"), outcome.get("code"), outcome.get("param"), outcome.get("type")


def test_openai_python_reads_every_kind_of_answer(served, sim, python_calls):
    gateway = served(sim())
    got = python_calls("openai", gateway.url, "chat", "stream", "completion", "token_ids", "embeddings", "responses",
                       "responses_stream", "models")
    values = {name: outcome.get("value") for name, outcome in got.items()}
    assert (values["chat"], values["completion"], values["token_ids"]) == (4, 3, "text_completion"), got
    assert (values["embeddings"], values["models"]) == (2, ["weir-sim"])
    assert values["responses"] in ("completed", "incomplete")
    assert values["stream"]["tokens"] == 4 and values["stream"]["text"]
    events = values["responses_stream"]
    assert events[0] == "response.created" and events[-1] in ("response.completed", "response.incomplete")


def test_openai_python_reaches_what_is_no_generation(served, sim, python_calls):
    got = python_calls("openai", served(sim()).url, "model", "tokenize", "rerank", "transcription", "image")
    values = {name: outcome.get("value") for name, outcome in got.items()}
    assert (values["model"], values["tokenize"], values["rerank"]) == ("weir-sim", 2, [0, 1, 2]), got
    assert "weir" in values["transcription"] and values["image"], got


def test_openai_python_raises_the_right_errors(served, sim, python_calls):
    server = sim()
    server.request("POST", "/sim/metrics", {"waiting": 50})
    gateway = served(server, "--max-body", "16Ki")
    got = python_calls("openai", gateway.url, "no_model", "no_messages", "no_route", "too_large", "batch")
    assert {name: error_of(outcome) for name, outcome in got.items()} == {
        "no_model": ("BadRequestError", 400, "model-not-found", "model", "invalid_request_error"),
        "no_messages": ("BadRequestError", 400, "bad-request", "messages", "invalid_request_error"),
        "no_route": ("NotFoundError", 404, "route-not-found", None, "not_found_error"),
        "too_large": (got["too_large"]["error"], 413, "body-too-large", None, "invalid_request_error"),
        "batch": ("RateLimitError", 429, "saturated", None, "rate_limit_error"),
    }
    assert NO_MODEL in got["no_model"]["message"] and SHED in got["batch"]["message"]
    assert all(outcome["request_id"] for outcome in got.values())


def test_openai_python_sees_a_pool_without_endpoints(weir, manifests, python_calls):
    folder = manifests({"all.yaml": documents(route(), pool())})
    got = python_calls("openai", weir("-f", folder).url, "chat")["chat"]
    assert error_of(got) == ("InternalServerError", 503, "no-endpoints", None, "service_unavailable")


TOOL_CALL = {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [
    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]}}]}


def piece(**call):
    return json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **call}]}}]})


def test_openai_python_puts_tool_calls_together(served, upstream, python_calls):
    events = [piece(id="c1", function={"name": "weather", "arguments": ""}),
              piece(function={"arguments": "{\"city\":"}), piece(function={"arguments": "\"Oslo\"}"}), "[DONE]"]
    server = upstream(lambda exchange: (stream(events) if exchange.request.json().get("stream")
                                        else reply(body=TOOL_CALL))(exchange))
    got = python_calls("openai", served(server).url, "tools", "tools_stream")
    assert got["tools"]["value"] == "weather", got
    assert got["tools_stream"]["value"] == {"0": ["weather", "{\"city\":\"Oslo\"}"]}
    assert server.requests[-1].json()["tools"]


def test_openai_python_raises_when_a_stream_breaks_off(served, upstream, python_calls):
    event = json.dumps({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
    got = python_calls("openai", served(upstream(stream([event], end=False))).url, "stream")["stream"]
    assert (got["error"], got["code"]) == ("APIError", "upstream-reset"), got


def test_anthropic_python_reads_answers_and_raises_the_right_errors(served, sim, python_calls):
    server = sim()
    server.request("POST", "/sim/metrics", {"waiting": 50})
    gateway = served(server)
    got = python_calls("anthropic", gateway.url, "message", "stream", "count", "no_model", "no_messages", "batch")
    assert got["message"]["value"] == 4 and got["count"]["value"] > 0, got
    assert got["stream"]["value"]["tokens"] == 4 and got["stream"]["value"]["text"]
    for name, error, status, kind in (("no_model", "BadRequestError", 400, "invalid_request_error"),
                                      ("no_messages", "BadRequestError", 400, "invalid_request_error"),
                                      ("batch", "RateLimitError", 429, "rate_limit_error")):
        told = got[name]
        assert (told["error"], told["status_code"], told["body"]["error"]["type"]) == (error, status, kind)
        assert told["body"]["type"] == "error" and told["body"]["request_id"]
    assert got["batch"]["body"]["error"]["message"] == SHED


def test_openai_javascript_reads_answers_and_raises_the_right_errors(served, sim, node_calls):
    server = sim()
    gateway = served(server)
    got = node_calls(gateway.url, "chat", "stream", "embeddings", "responses", "no_model", "no_messages")
    assert (got["chat"]["value"], got["embeddings"]["value"]) == (4, 2), got
    assert got["stream"]["value"] and got["responses"]["value"] in ("completed", "incomplete")
    assert error_of(got["no_model"]) == ("BadRequestError", 400, "model-not-found", "model", "invalid_request_error")
    assert error_of(got["no_messages"]) == ("BadRequestError", 400, "bad-request", "messages", "invalid_request_error")
    assert got["no_model"]["request_id"]
