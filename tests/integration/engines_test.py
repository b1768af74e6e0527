"""Golden metrics pages of every engine, read over the wire: what /v1/endpoints says about them."""

import pytest

from harness import reply, wait_for
from harness.endpoints import endpoints, endpoints_file, metrics_page, page, wait_read


# page, engine, queue, running, KV use, block size, blocks, LoRA (active, waiting, slots)
GOLDEN = [
    ("vllm.txt", "vllm", 12, 37, 0.8731, 16, 27896, (["sql", "chat"], ["legal"], 4)),
    ("vllm-next.txt", "vllm", 12, 37, 0.8731, 16, 27896, (["sql", "chat"], [], 4)),
    ("vllm-0.9.txt", "vllm", 12, 37, 0.8731, 16, 27896, None),
    ("vllm-v0.txt", "vllm", 12, 37, 0.8731, 16, 27896, None),
    ("vllm-dp4.txt", "vllm", 16, 55, 0.9, 16, 27896, None),
    ("sglang.txt", "sglang", 2826, 162, 0.28, 64, 5120, None),
    ("sglang-priority-tp4.txt", "sglang", 2826, 162, 0.28, 64, 5120, None),
    ("llamacpp.txt", "llama.cpp", 4, 2, 0.5, 0, 0, None),       # 2 of the 4 slots of /props
    ("llamacpp-kv.txt", "llama.cpp", 4, 2, 0.5, 0, 0, None),
    ("tgi.txt", "tgi", 3, 8, 0.25, 0, 0, None),                 # 4096 of the 16384 tokens of /info
    ("trtllm.txt", "trtllm-serve", 6, 9, 0.41, 32, 6239, None),
    ("triton-trtllm.txt", "triton-tensorrt-llm", 2, 5, 0.4875, 64, 6239, None),
    ("triton.txt", "triton", 4, 77, None, 0, 0, None),
]


def serve_golden(upstream, name, engine):
    server = upstream()
    server.metrics = page(name)
    if engine == "trtllm-serve":  # its /metrics is a JSON list
        server.metrics = '[{"gpuMemUsage": 76665782272, "iter": 154, "numActiveRequests": 2}]'
        server.pages["/prometheus/metrics"] = metrics_page(page(name))
    server.pages["/props"] = reply(200, {"default_generation_settings": {"n_ctx": 2048}, "total_slots": 4})
    server.pages["/info"] = reply(200, {"model_id": "m", "max_batch_total_tokens": 16384})
    return server


@pytest.mark.parametrize("labelled", [True, False], ids=["by label", "recognised"])
def test_the_golden_pages_of_every_engine(weir, upstream, tmp_path, labelled):
    servers = {name: (serve_golden(upstream, name, engine), {"llm-d.ai/engine-type": engine} if labelled else {})
               for name, engine, *_ in GOLDEN}
    gateway = weir("--endpoints-file", endpoints_file(tmp_path, servers))
    wait_for(lambda: all(endpoints(gateway)[n]["scrape"]["engine"] for n, *_ in GOLDEN), "every engine known")
    seen = wait_read(gateway, servers)
    for name, engine, waiting, running, kv, block_size, blocks, lora in GOLDEN:
        signals, scrape = seen[name]["signals"], seen[name]["scrape"]
        assert scrape["engine"] == engine, name
        assert scrape["error"] == "" and scrape["missing"] == [], (name, scrape)
        got = [signals[k] for k in ("waiting", "running", "kvUsage", "blockSize", "blocks")]
        assert got == [waiting, running, kv, block_size, blocks], name
        if lora is None:
            assert signals["lora"] is None, name
        else:
            assert [signals["lora"][k] for k in ("active", "waiting", "maxActive")] == list(lora), name
        capacity = {"llama.cpp": ("slots", 4), "tgi": ("tokens", 16384)}.get(engine)
        assert capacity is None or signals[capacity[0]] == capacity[1], name
        assert signals["stale"] is False and signals["ageSeconds"] < 5, name
