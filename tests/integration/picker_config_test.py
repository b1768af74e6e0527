"""What `weir check` says about picker configurations that are wrong: the reference's words, at the place of the mistake."""

import json

import pytest

from harness import run_weir

HEAD = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"

# body below HEAD; a part of the message; line:column; the suggestion
MISTAKES = [
    ("plugin: []", 'unknown field "plugin"', "3:1", "plugins"),
    ("Plugins: []", 'unknown field "Plugins"', "3:1", None),
    ("plugins: []\nplugins: []", "appears twice", "4:1", None),
    ("featureGates: [flowControll]", "feature gate 'flowControll' is unknown or unregistered", "3:16", "flowControl"),
    ("featureGates: [flowControl=x]", "x is not a valid value for the feature gate flowControl", "3:16", None),
    ("plugins: [{name: a}]", "plugin 'a' is missing a type", "3:11", None),
    ("plugins: [{type: queue-scorer}, {name: queue-scorer, type: decode-filter}]",
     "duplicate plugin name 'queue-scorer'", "3:40", None),
    ("plugins: [{type: queue-scorr}]", "plugin type 'queue-scorr' is not registered", "3:18", "queue-scorer"),
    ("plugins: [{type: load-aware-scorer, parameters: {thresold: 3}}]",
     "failed to create plugin 'load-aware-scorer' (type: load-aware-scorer): json: unknown field \"thresold\"",
     "3:50", "threshold"),
    ("plugins: [{type: utilization-detector, parameters: {metricsStalenessThreshold: 200}}]",
     'time: invalid duration "200"', "3:80", "200ms"),
    ("plugins: [{name: h, type: disagg-profile-handler, parameters: {deciders: {prefill: h}}}]\n"
     "schedulingProfiles: [{name: decode}]", "plugin 'h' depends on itself", "3:84", None),
    ("plugins: [{type: random-picker}, {type: max-score-picker}]\nschedulingProfiles: [{name: a, plugins: "
     "[{pluginRef: random-picker}, {pluginRef: max-score-picker}]}]",
     "already have a registered picker plugin 'random-picker/random-picker'", "4:82", None),
    ("schedulingProfiles: [{plugins: []}]", "schedulingProfiles[0] is missing a name", "3:22", None),
    ("plugins: [{type: header-profile-handler}]\nschedulingProfiles: [{name: a}, {name: a}]",
     "schedulingProfiles[1] has duplicate name 'a'", "4:40", None),
    ("schedulingProfiles: [{name: a, plugins: [{weight: 2}]}]",
     "schedulingProfiles[a].plugins[0] is missing a 'pluginRef'", "3:42", None),
    ("plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorr}]}]",
     "schedulingProfiles[a] references undefined plugin 'queue-scorr'", "4:54", "queue-scorer"),
    ("schedulingProfiles: [{name: a}, {name: b}]", "no profile handler configured", "1:1", None),
    ("plugins: [{type: single-profile-handler}, {type: header-profile-handler}]",
     "multiple profile handlers found ('single-profile-handler', 'header-profile-handler'); only one is allowed",
     "3:43", None),
    ("plugins: [{type: single-profile-handler}]\nschedulingProfiles: [{name: a}, {name: b}]",
     "SingleProfileHandler cannot support multiple scheduling profiles", "4:33", None),
    ("plugins: [{type: disagg-profile-handler}]\nschedulingProfiles: [{name: prefill}]",
     "needs a scheduling profile named 'decode'", "3:11", None),
    ("flowControl: {saturationDetector: {pluginRef: x}}", "saturation detector references undefined plugin 'x'",
     "3:47", None),
    ("plugins: [{type: queue-scorer}]\nflowControl: {saturationDetector: {pluginRef: queue-scorer}}",
     "plugin 'queue-scorer' is not a fwkfc.SaturationDetector", "4:47", None),
    ("requestHandler: {parsers: [{pluginRef: x}]}", "parser references undefined plugin 'x'", "3:40", None),
    ("requestHandler: {parser: {pluginRef: x}}", 'unknown field "requestHandler.parser"', "3:18", "parsers"),
    ("plugins: [{type: queue-scorer}]\ndataLayer: {sources: [{pluginRef: queue-scorer}]}",
     "the plugin queue-scorer is not a fwkdl.DataSource", "4:35", None),
    ("plugins: [{type: metrics-data-source}]\ndataLayer: {sources: [{pluginRef: metrics-data-source, extractors: "
     "[{pluginRef: y}]}]}", "the plugin y is not registered", "4:81", None),
    ("dataLayer: {injectDefaults: false}\nplugins: [{type: queue-scorer}]", "no default producer found", "4:11", None),
    ("plugins: [{type: prefix-cache-scorer, parameters: {prefixMatchInfoProducerName: mine}}]",
     "no default producer found for missing data key PrefixCacheMatchInfoDataKey/mine", "3:81", None),
    ("plugins: [{type: queue-scorer}]\nschedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer, weight: "
     "heavy}]}]", "weight must be a number, not a string", "4:76", None),
    ("featureGates: [flowControl]\nflowControl: {usageLimitPolicyPluginRef: zz}",
     'failed to load flow control config: plugin "zz" not found', "4:42", None),
    ("featureGates: [flowControl]\nflowControl: {maxBytes: -1}", "must be non-negative, got -1", "4:25", None),
    ("plugins: [{type: multicluster-queue-scorer}]", "no default producer found", "3:18", "queue-scorer"),
]


def check(tmp_path, text):
    path = tmp_path / "picker.yaml"
    path.write_text(text)
    done = run_weir("check", "-f", path, "--format", "json")
    return done, json.loads(done.stdout)["findings"]


@pytest.mark.parametrize("body, message, place, suggestion", MISTAKES, ids=[m[1][:40] for m in MISTAKES])
def test_a_mistake_is_an_error_at_its_place(tmp_path, body, message, place, suggestion):
    done, findings = check(tmp_path, HEAD + body + "\n")
    errors = [f for f in findings if f["severity"] == "error"]
    assert done.returncode == 4, findings
    assert len(errors) == 1, errors
    assert message in errors[0]["message"]
    assert f"{errors[0]['line']}:{errors[0]['column']}" == place
    if suggestion:
        assert errors[0]["suggestion"] == suggestion


@pytest.mark.parametrize("body", [
    "plugins: [{type: max-score-picker, parameters: {maxNumOfEndpoints: 2.0}}]",
    "plugins: [{type: queue-scorer, parameters: {anything: [1]}}]",
    "plugins: [{type: load-aware-scorer, parameters: {THRESHOLD: 4}}]",
    "plugins: [{type: load-aware-scorer, parameters: null}]",
    "featureGates: [flowControl=1, haPopulateNonLeaderDatastore=F]",
    "flowControl: {maxBytes: 1Gi, maxRequests: 1k}",
])
def test_what_the_reference_takes_is_no_error(tmp_path, body):
    _, findings = check(tmp_path, HEAD + body + "\n")
    assert [f for f in findings if f["severity"] == "error"] == []


def test_an_older_configuration_is_told_what_it_is_read_as(tmp_path):
    _, findings = check(tmp_path, HEAD.replace("llm-d.ai", "inference.networking.x-k8s.io") + (
        "plugins:\n- {type: prefix-cache-scorer, parameters: {hashBlockSize: 64, gone: 1}}\n"
        "saturationDetector: {queueDepthThreshold: 9}\n"))
    assert {f["severity"] for f in findings} == {"note"}
    text = "\n".join(f["message"] for f in findings)
    for part in ("index parameters of prefix-cache-scorer", "parameter \"gone\" is not known any more",
                 "thresholds inside `saturationDetector`"):
        assert part in text
