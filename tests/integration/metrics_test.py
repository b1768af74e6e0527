"""What `/metrics` says: which counters each kind of end moves, the names, the caps of label values."""

import re
import shutil
import subprocess

import pytest

from harness import Connection, chat_body, reply, stream, wait_for
from harness.manifest_text import SHEDDABLE, routed

USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "prompt_tokens_details": {"cached_tokens": 2}}
FAMILIES = """
llm_d_epp_request_total inference_objective_request_total
llm_d_epp_request_error_total inference_objective_request_error_total
llm_d_epp_request_duration_seconds inference_objective_request_duration_seconds
llm_d_epp_request_size_bytes inference_objective_request_sizes
llm_d_epp_response_size_bytes inference_objective_response_sizes
llm_d_epp_request_input_tokens inference_objective_input_tokens
llm_d_epp_request_output_tokens inference_objective_output_tokens
llm_d_epp_request_cached_tokens inference_objective_prompt_cached_tokens
llm_d_epp_request_running inference_objective_running_requests
llm_d_epp_request_ntpot_seconds inference_objective_normalized_time_per_output_token_seconds
llm_d_epp_request_ttft_seconds llm_d_epp_request_streaming_tpot_seconds llm_d_epp_request_streaming_itl_seconds
llm_d_epp_average_kv_cache_utilization inference_pool_average_kv_cache_utilization
llm_d_epp_average_queue_size inference_pool_average_queue_size
llm_d_epp_average_running_requests inference_pool_average_running_requests
llm_d_epp_std_dev_kv_cache_utilization llm_d_epp_std_dev_queue_size llm_d_epp_std_dev_running_requests
llm_d_epp_ready_endpoints inference_pool_ready_pods
llm_d_epp_per_endpoint_queue_size inference_pool_per_pod_queue_size
llm_d_epp_scheduler_e2e_duration_seconds inference_extension_scheduler_e2e_duration_seconds
llm_d_epp_scheduler_attempts_total inference_extension_scheduler_attempts_total
llm_d_epp_request_processing_duration_seconds llm_d_epp_response_processing_duration_seconds
llm_d_epp_info inference_extension_info
llm_d_epp_model_rewrite_decisions_total inference_extension_model_rewrite_decisions_total
llm_d_epp_datalayer_poll_errors_total llm_d_inference_scheduler_datalayer_poll_errors_total
llm_d_epp_datalayer_extract_errors_total llm_d_inference_scheduler_datalayer_extract_errors_total
llm_d_epp_prefix_indexer_size inference_extension_prefix_indexer_size
""".split()


def samples(gateway):
    """{name{labels}: value} of one scrape."""
    out = {}
    for line in gateway.admin("GET", "/metrics").text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            out[name] = float(value)
    return out


def moved(before, after, pattern):
    """The sum of what changed in the samples whose name and labels match."""
    return sum(v - before.get(k, 0) for k, v in after.items() if re.match(pattern, k))


@pytest.fixture
def served(weir, manifests, upstream):
    def start(script, *flags):
        server = upstream(script)
        folder = manifests({"all.yaml": routed(server.port, SHEDDABLE, path="/")})
        return weir("-f", folder, *flags), server

    return start


def test_every_family_is_declared_from_the_start(served):
    gateway, _ = served(reply())
    declared = set(re.findall(r"^# TYPE (\S+)", gateway.admin("GET", "/metrics").text, re.M))
    assert [name for name in FAMILIES if name not in declared] == []


def test_each_kind_of_end_moves_its_counters(served):
    script = {}
    gateway, server = served(lambda exchange: script["now"](exchange))
    total = r"llm_d_epp_request_total\{"
    errors = r"llm_d_epp_request_error_total\{"

    def run(say, *how, headers=()):
        script["now"] = say
        before = samples(gateway)
        gateway.post(*how, dict(headers))
        return before, samples(gateway)

    before, after = run(reply(body={"usage": USAGE}), "/v1/chat/completions", chat_body())
    m4 = r'fairness_id="default-flow",model_name="m",priority="0",target_model_name="m"\}'
    assert moved(before, after, total + m4) == 1
    assert moved(before, after, r"inference_objective_request_total\{") == 1
    assert moved(before, after, errors) == 0
    for name, value in (("request_input_tokens", 5), ("request_output_tokens", 3), ("request_cached_tokens", 2)):
        assert moved(before, after, rf"llm_d_epp_{name}_sum\{{") == value, name
        assert moved(before, after, rf"llm_d_epp_{name}_count\{{") == 1, name
    for name in ("duration_seconds", "ntpot_seconds"):
        assert moved(before, after, rf"llm_d_epp_request_{name}_count\{{") == 1, name
    assert moved(before, after, r'llm_d_epp_request_ttft_seconds_count\{.*streaming="false"') == 1
    assert moved(before, after, r'llm_d_epp_scheduler_attempts_total\{.*status="success"') == 1
    assert after['llm_d_epp_request_running{' + m4.replace("\\", "")] == 0

    events = ['{"choices":[]}', '{"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}}', "[DONE]"]
    before, after = run(stream(events), "/v1/chat/completions", chat_body(stream=True),
                        headers={"x-llm-d-inference-fairness-id": "tenant"})
    assert moved(before, after, total + 'fairness_id="tenant"') == 1
    assert moved(before, after, r'llm_d_epp_request_ttft_seconds_count\{.*streaming="true"') == 1
    assert moved(before, after, r"llm_d_epp_request_streaming_tpot_seconds_count\{") == 1

    before, after = run(reply(500), "/v1/chat/completions", chat_body())
    assert moved(before, after, errors + 'error_code="ModelServerError"') == 1
    assert moved(before, after, total) == 1

    for body, code in ((b"{", "BadRequest"), (b'{"model":"m"}', "BadRequest"), (b'{"prompt":"x"}', "BadRequest")):
        before, after = run(reply(), "/v1/completions", body)
        assert moved(before, after, errors + f'error_code="{code}"') == 1, body
        assert moved(before, after, r"inference_objective_request_error_total\{") == 1
        assert moved(before, after, total) == 0

    before, after = run(lambda exchange: exchange.send(b"\x15\x03 no\r\n\r\n"), "/v1/chat/completions", chat_body())
    assert moved(before, after, errors) == 1
    assert moved(before, after, r'weir_answers_total\{code="502",reason="bad-upstream"\}') == 1

    # Without a body there is no model: the answer is recorded, the request is not.
    before = samples(gateway)
    script["now"] = reply(body={})
    gateway.get("/v1/models")
    after = samples(gateway)
    empty = r'fairness_id="default-flow",model_name="",priority="0",target_model_name=""\}'
    assert moved(before, after, r"llm_d_epp_request_duration_seconds_count\{" + empty) == 1
    assert moved(before, after, total) == 0
    assert not any(k.startswith('llm_d_epp_request_running{fairness_id="default-flow",model_name=""') for k in after)

    server.set_metrics(waiting=50)
    wait_for(lambda: gateway.chat(headers={"x-llm-d-inference-objective": "batch"}).status == 429, "shedding")
    before, after = run(reply(), "/v1/chat/completions", chat_body(),
                        headers={"x-llm-d-inference-objective": "batch"})
    assert moved(before, after, errors + r'error_code="ResourceExhausted",.*priority="-1"') == 1
    assert moved(before, after, r'weir_answers_total\{code="429",reason="saturated"\}') == 1


def test_label_values_from_requests_are_capped_and_valid(served):
    gateway, _ = served(reply(), "--threads", "1")
    with Connection(("127.0.0.1", gateway.port)) as connection:
        for i in range(1050):
            connection.request("POST", "/v1/completions", {"model": f"m{i}", "prompt": "x"},
                               {"x-llm-d-inference-fairness-id": f"f{i}"})
        connection.send(b"POST /v1/completions HTTP/1.1\r\nhost: a\r\nx-llm-d-inference-fairness-id: \xff\xfe\r\n"
                        b"content-length: 28\r\n\r\n" + b'{"model":"m1","prompt":"xx"}')
        assert connection.read_answer().status == 200
    page = gateway.admin("GET", "/metrics")
    page.body.decode("utf-8")
    models = set(re.findall(r'^llm_d_epp_request_total\{.*?model_name="([^"]*)"', page.text, re.M))
    flows = set(re.findall(r'^llm_d_epp_request_total\{fairness_id="([^"]*)"', page.text, re.M))
    assert (len(models), len(flows)) == (1001, 1001)
    assert "other" in models and "other" in flows


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_promtool_complains_of_nothing_but_the_prefix(served):
    gateway, server = served(reply(body={"usage": USAGE}))
    gateway.chat()
    gateway.get("/v1/models")
    server.set_metrics(waiting=50)
    wait_for(lambda: gateway.chat(headers={"x-llm-d-inference-objective": "batch"}).status == 429, "shedding")
    page = gateway.admin("GET", "/metrics").text
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, timeout=60)
    # promtool takes the `d` of the endpoint picker's prefix `llm_d_` for a unit; names are the picker's.
    prefix = re.compile(r"llm_d_\w+ metric names should not contain abbreviated units")
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if not prefix.fullmatch(line)]
    assert complaints == [""] * len(complaints)
