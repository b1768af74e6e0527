"""Requests go where the scores say."""

from collections import Counter

from harness import chat_body


def served_by(gateway, content, count=1):
    return Counter(gateway.post("/v1/chat/completions", chat_body(content, model="weir-sim", max_tokens=1))
                   .header("x-sim-endpoint") for _ in range(count))


def test_the_less_loaded_endpoint_wins(weir, sim):
    busy, idle = sim(), sim()
    for server, waiting, kv in ((busy, 4, 0.7), (idle, 0, 0.1)):
        server.request("POST", "/sim/metrics", {"waiting": waiting, "kv_usage": kv})
    gateway = weir("--endpoint", busy.url, "--endpoint", idle.url)
    wait = [served_by(gateway, f"short {i}") for i in range(10)]
    assert sum(wait, Counter()) == {f"127.0.0.1:{idle.port}": 10}


def test_a_shared_long_prompt_sticks_to_the_endpoint_that_has_it(weir, sim):
    servers = [sim(), sim(), sim()]
    gateway = weir(*[w for s in servers for w in ("--endpoint", s.url)])
    prompt = "All happy families are alike. " * 200
    first = served_by(gateway, prompt)
    later = served_by(gateway, prompt, 12)
    assert set(later) == set(first)
