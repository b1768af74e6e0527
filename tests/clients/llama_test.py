"""weir before a real engine: two replicas of llama-server with a random-weight model.

Skipped, and saying so, where llama-server cannot be had: tools/get_llama_server.sh fetches it at first use.
"""

import json
import random

import pytest

import gguf
import llama
from harness import wait_for

llama.require()

WORDS = "the cat sat down near an old mill and looked for the miller who had gone to town with flour".split()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return gguf.write_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture
def replicas(model, tmp_path):
    started = [llama.LlamaServer(model, tmp_path / f"llama-{i}.log") for i in range(2)]
    try:
        yield [server.wait_loaded() for server in started]
    finally:
        for server in started:
            server.stop()


def endpoints(gateway):
    return gateway.admin("GET", "/v1/endpoints").json()["endpoints"]


def two(replicas):
    return [word for server in replicas for word in ("--endpoint", server.url)]


def text(rng, words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def test_its_metrics_are_read(weir, replicas):
    gateway = weir(*two(replicas))
    assert gateway.chat("hello", model="tiny", max_tokens=8).status == 200
    wait_for(lambda: all(e["signals"].get("slots") == 4 for e in endpoints(gateway)), "the slots of /props")
    for endpoint in endpoints(gateway):
        assert endpoint["scrape"]["engine"] == "llama.cpp"
        assert endpoint["scrape"]["error"] == "" and endpoint["scrape"]["missing"] == []
        assert endpoint["signals"]["waiting"] == 0 and endpoint["signals"]["stale"] is False
    # A long answer shows as a running request and a busy slot.
    with gateway.connect() as connection:
        connection.send(_stream_request("count for a long while", 4000))
        connection.read_head()
        wait_for(lambda: any(e["signals"]["running"] == 1 and e["signals"]["kvUsage"] == 0.25
                             for e in endpoints(gateway)), "a running request at /v1/endpoints")


def _stream_request(content, tokens):
    body = json.dumps({"model": "tiny", "stream": True, "max_tokens": tokens, "ignore_eos": True,
                       "messages": [{"role": "user", "content": content}]})
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: test.local\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")


def cached_share(gateway, conversations, turns, rng):
    """Runs multi-turn chats, interleaved; the share of prompt tokens that the replicas had cached, first turns left out."""
    cached = prompt = 0
    chats = [[{"role": "user", "content": text(rng, 150)}] for _ in range(conversations)]
    for turn in range(turns):
        for messages in rng.sample(chats, len(chats)):
            answer = gateway.post("/v1/chat/completions", {"model": "tiny", "max_tokens": 8, "messages": messages})
            assert answer.status == 200, answer.text
            usage = answer.json()["usage"]
            if turn:
                prompt += usage["prompt_tokens"]
                cached += usage["prompt_tokens_details"]["cached_tokens"]
            messages.append({"role": "assistant", "content": answer.json()["choices"][0]["message"]["content"]})
            messages.append({"role": "user", "content": text(rng, 20)})
    return cached / prompt


def test_prefix_affinity_raises_the_cached_tokens(weir, replicas, tmp_path):
    """Six conversations share the eight slots of two replicas; a turn that goes to the other one starts from nothing."""
    blind = tmp_path / "random.json"
    blind.write_text(json.dumps({
        "apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig", "plugins": [{"type": "random-picker"}],
        "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "random-picker"}]}]}))
    aware = cached_share(weir(*two(replicas), "--seed", "1", "--picker-preset", "reference"), 6, 4, random.Random(5))
    random_picks = cached_share(weir(*two(replicas), "--config-file", blind, "--seed", "1"), 6, 4, random.Random(6))
    assert aware > 0.7
    assert aware > random_picks + 0.1, (aware, random_picks)


def test_a_client_that_leaves_frees_its_slot(weir, replicas):
    gateway = weir(*two(replicas))
    connection = gateway.connect()
    connection.send(_stream_request("write me a book", 100000))
    connection.read_head()
    wait_for(lambda: sum(s.metric("requests_processing") for s in replicas) == 1, "the request under way")
    connection.close()
    wait_for(lambda: sum(s.metric("requests_processing") for s in replicas) == 0, "the slot free again")
    wait_for(lambda: all(e["inFlight"] == 0 for e in endpoints(gateway)), "nothing in flight")


def test_a_replica_that_loads_gets_no_request_until_it_is_done(weir, replicas, tmp_path):
    """Its port is open and answers 503 while it reads a large vocabulary."""
    gateway = weir("--endpoint", replicas[0].url)
    slow = gguf.write_slow_model(tmp_path / "slow.gguf")
    loading = llama.LlamaServer(slow, tmp_path / "loading.log", "--no-warmup")
    try:
        wait_for(lambda: loading.health() == 503, "the port open", 30)
        gateway.admin("POST", "/v1/endpoints", {"action": "add", "address": loading.address, "name": "late"})

        def late():
            return next(e for e in endpoints(gateway) if e["name"] == "late")

        wait_for(lambda: late()["state"] == "loading", "loading", 30)
        assert "503" in late()["reason"]
        for i in range(10):
            assert gateway.chat(f"hello {i}", model="tiny", max_tokens=2).status == 200
        wait_for(lambda: late()["state"] == "ready", "loaded", 60)
    finally:
        loading.stop()
