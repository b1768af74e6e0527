"""The metrics that plugins bring along: there from the start, moved by one request, back at rest when it has ended."""

import json
import re

from harness import chat_body, reply, wait_for

PICKER = """
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
featureGates: [flowControl]
plugins:
- type: queue-scorer
- type: prefix-cache-scorer
- type: latency-scorer
- type: mm-embeddings-cache-scorer
- type: program-aware-fairness
- {name: pd, type: always-disagg-pd-decider}
- {type: disagg-profile-handler, parameters: {deciders: {prefill: pd}}}
- type: disaggregatedset-rollout-screener
  parameters: {scope: {labelSelector: {}}, revisionGating: {mode: disabled}}
flowControl:
  enableEviction: true
  priorityBands: [{priority: 0, fairnessPolicyRef: program-aware-fairness}]
schedulingProfiles:
- name: decode
  plugins: [{pluginRef: queue-scorer}, {pluginRef: latency-scorer}, {pluginRef: mm-embeddings-cache-scorer}]
- {name: prefill, plugins: [{pluginRef: prefix-cache-scorer}]}
"""
FAMILIES = """
plugin_duration_seconds:histogram plugin_data_scope_violations_total:counter
inflight_requests:gauge inflight_tokens:gauge
prefix_indexer_size:gauge prefix_indexer_hit_ratio:histogram prefix_indexer_hit_bytes:histogram
encoder_cache_queries_total:counter encoder_cache_hits_total:counter encoder_cache_hit_ratio:histogram
disagg_decision_total:counter
disaggregatedset_strict_header_no_match_total:counter disaggregatedset_revision_gating_share:gauge
program_aware_jains_fairness_index:gauge
flow_control_request_queue_duration_seconds:histogram flow_control_request_enqueue_duration_seconds:histogram
flow_control_dispatch_cycle_duration_seconds:histogram flow_control_queue_size:gauge flow_control_queue_bytes:gauge
flow_control_pool_saturation:gauge flow_control_stale_endpoints:gauge flow_control_requests_total:counter
flow_control_capacity_utilization_requests:gauge flow_control_capacity_utilization_bytes:gauge
flow_control_revocations_issued_total:counter flow_control_revocations_total:counter flow_control_reclaim_target:gauge
flow_control_pending_reclaim:gauge flow_control_revocation_confirmation_seconds:histogram
""".split()
TWINS = """
inference_extension_plugin_duration_seconds llm_d_inference_scheduler_disagg_decision_total
inference_extension_flow_control_queue_size inference_extension_flow_control_request_queue_duration_seconds
""".split()


def test_the_families_of_plugins(weir, upstream):
    server = upstream(reply(200, {"choices": [], "model": "m"}))
    gateway = weir("--endpoint", server.url, "--config-text", PICKER)

    def page():
        return gateway.admin("GET", "/metrics").text

    types = dict(re.findall(r"^# TYPE (\S+) (\S+)", page(), re.M))
    for name, kind in (f.split(":") for f in FAMILIES):
        assert types.get("llm_d_epp_" + name) == kind, name
    assert [name for name in TWINS if name not in types] == []

    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a/b.png"}}]}]
    for _ in range(12):  # predictions want some answers first
        body = json.dumps({**chat_body("x"), "messages": picture}).encode()
        assert gateway.post("/v1/chat/completions", body, {"x-slo-ttft-ms": "0.0001"}).status == 200
    load = r'%s\{endpoint_name="[^"]+",fairness_id="default-flow",namespace="default",priority="0",' \
           r'producer_name="inflight-load-producer"\} 0$'
    plugin = r'plugin_name="predicted-latency-producer",plugin_type="predicted-latency-producer",target_model_name="m"'
    expected = [
        load % "inflight_requests", load % "inflight_tokens",
        r'plugin_duration_seconds_count\{extension_point="Scorer",plugin_name="queue-scorer",plugin_type="queue-scorer"\} 12$',
        r'encoder_cache_queries_total\{modality="image",plugin_name="mm-embeddings-cache-producer",.*\} 12$',
        r'encoder_cache_hits_total\{modality="image",.*pod="[^"]+"\} 11$',
        r'disagg_decision_total\{decision_type="prefill-decode",.*\} 12$',
        r'request_predicted_ttft_seconds_count\{model_name="m",' + plugin + r'\} [1-9]',
        r'request_ttft_prediction_duration_seconds_count\{model_name="m",' + plugin + r'\} [1-9]',
        r'request_slo_violation_total\{model_name="m",' + plugin + r',type="ttft"\} 12$',
        r'inference_request_metric\{model_name="m",' + plugin + r',type="predicted_ttft"\} ',
        r'program_aware_avg_wait_time_milliseconds\{program_id="default-flow"\} ',
    ]
    # The last request is accounted for a moment after its answer.
    wait_for(lambda: all(re.search("^llm_d_epp_" + e, page(), re.M) for e in expected), "the numbers of 12 requests")
    assert 'inference_objective_request_ttft_seconds_count{model_name="m",target_model_name="m"} 12' in page()
