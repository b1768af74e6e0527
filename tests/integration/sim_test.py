"""`weir sim` from outside: several servers in one process, limits, faults that stand until they are cleared, and what a
gateway with weir's own picker makes of it."""

from concurrent.futures import ThreadPoolExecutor

from harness import Connection, free_port, wait_for


def call(port, method, path, body=None):
    with Connection(("127.0.0.1", port), timeout=20) as connection:
        return connection.request(method, path, body=body)


def complete(port, prompt="Hello", **more):
    return call(port, "POST", "/v1/completions", {"model": "weir-sim", "prompt": prompt, "max_tokens": 4, **more})


def test_servers_of_one_process_are_apart(sim):
    second = free_port()
    first = sim("--listen", f"127.0.0.1:{second}", "--fast").port
    prompt = "A weir is a low dam that regulates a river. " * 20
    for port in (first, second):
        assert complete(port, prompt).header("x-sim-endpoint") == f"127.0.0.1:{port}"
    cached = [complete(first, prompt).json()["usage"]["prompt_tokens_details"]["cached_tokens"] for _ in range(2)]
    assert cached[0] > 0
    call(first, "POST", "/sim/reset")
    again = [complete(port, prompt).json()["usage"]["prompt_tokens_details"]["cached_tokens"] for port in (first, second)]
    assert again[0] == 0 and again[1] > 0


def test_running_and_queue_limits(sim):
    port = sim("--max-num-seqs", "2", "--max-queue", "3", "--inter-token-time", "20ms").port
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: complete(port, max_tokens=40).status, range(8)))
    assert sorted(statuses) == [200] * 5 + [503] * 3


def test_standing_faults_count_down_and_clear(sim):
    port = sim("--fast").port
    assert call(port, "POST", "/sim/faults", {"status": 500, "count": 2}).status == 200
    assert [complete(port).status for _ in range(3)] == [500, 500, 200]
    assert call(port, "POST", "/sim/faults", {"health": 503, "metrics": "garbage"}).status == 200
    assert call(port, "GET", "/health").status == 503
    assert b"vllm:kv_cache_usage_perc" not in call(port, "GET", "/metrics").body
    assert call(port, "DELETE", "/sim/faults").status == 200
    assert call(port, "GET", "/health").status == 200
    assert b"vllm:kv_cache_usage_perc" in call(port, "GET", "/metrics").body
    assert call(port, "POST", "/sim/faults", {"no-such": 1}).status == 400


def test_the_default_picker_returns_to_the_cache_and_spares_who_is_slow(sim, weir):
    servers = [sim("--prefill-time-per-token", "50us").port for _ in range(2)]
    gateway = weir(*(f for p in servers for f in ("--endpoint", f"http://127.0.0.1:{p}")), "--expose-routing")

    def where(prompt):
        answer = gateway.request("POST", "/v1/completions", body={
            "model": "weir-sim", "prompt": prompt, "max_tokens": 2, "stream": True})
        assert answer.status == 200
        return answer.header("x-weir-endpoint")

    prompt = "The keeper opens the gates when the river is high. " * 40
    assert len({where(prompt) for _ in range(6)}) == 1

    # An endpoint with a queue that others filled gets nothing new.
    call(servers[0], "POST", "/sim/metrics", {"waiting": 50, "running": 50})
    other = f"127.0.0.1:{servers[1]}"
    number = iter(range(10**6))
    wait_for(lambda: all(where(f"{next(number)} new " * 50) == other for _ in range(4)), "picks beside the queue")
