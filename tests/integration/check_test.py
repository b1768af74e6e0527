"""weir check: what it prints, in which shape, and how it ends, against the real binary."""

import json
import os
import sys
from pathlib import Path

import pytest

from harness import is_sanitized, run_weir, weir_binary
from harness.manifest_text import documents

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "load"))
import extremes  # noqa: E402

GATEWAY = """apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: weir
  listeners: [{name: http, port: 8080, protocol: HTTP}]
"""
ROUTE = """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gw}]
  rules: [{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: p}]}]
"""
POOL = """apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: p}
spec:
  selector: {matchLabels: {app: llm}}
  targetPorts: [{number: 8000}]
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: llm}, annotations: {weir.dev/address: 127.0.0.1}}
"""
PICKER = """apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins: [{type: queue-scorr}]
"""
COMPLETE = documents(GATEWAY, ROUTE, POOL, POD)


def check(text, *flags):
    return run_weir("check", "-f", "-", *flags, stdin=text)


def findings(text, *flags):
    return json.loads(check(text, "--format", "json", *flags).stdout)["findings"]


def test_a_complete_set_is_clean_and_its_conditions_are_printed():
    done = check(COMPLETE, "--strict")
    assert done.returncode == 0
    assert done.stderr == "0 errors, 0 warnings\n"
    assert done.stdout.startswith("Gateway default/gw\n  Accepted=True  Accepted\n")
    assert "HTTPRoute default/r\n  default/gw: Accepted=True  Accepted\n" in done.stdout


def test_a_finding_in_text():
    done = check(COMPLETE.replace("name: p}]", "name: pp}]"))
    assert done.returncode == 0
    assert done.stdout.startswith("""\
warning[WEIR0301]: no file defines InferencePool default/pp
  --> <stdin>:14:90
   |
12 | spec:
13 |   parentRefs: [{name: gw}]
14 |   rules: [{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: pp}]}]
   |                                                                                          ^^
   |
 help: did you mean `p`?
   |
14 |   rules: [{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: p}]}]
   |
 note: the client sees 500 `fault filter abort` for this share of the traffic
 docs: weir check --explain WEIR0301

""")
    assert "ResolvedRefs=False  BackendNotFound  no file defines InferencePool default/pp" in done.stdout
    assert done.stderr == "0 errors, 2 warnings\n"


def test_a_finding_in_json_and_for_github():
    text = COMPLETE.replace("targetPorts", "targetPort")
    done = check(text, "--format", "json")
    assert done.returncode == 4
    report = json.loads(done.stdout)
    assert len(report["findings"]) == 1
    assert {k: report["findings"][0][k] for k in ("code", "severity", "file", "line", "column", "suggestion")} == {
        "code": "WEIR0205", "severity": "error", "file": "<stdin>", "line": 22, "column": 3,
        "suggestion": "targetPorts"}
    offset, end = (report["findings"][0][k] for k in ("offset", "endOffset"))
    assert text[offset:end] == "targetPort"
    assert report["status"]["kind"] == "List"
    assert {i["kind"] for i in report["status"]["items"]} == {"Gateway", "HTTPRoute", "InferencePool"}
    done = check(text, "--format", "github")
    assert done.returncode == 4
    assert done.stdout.startswith("::error file=<stdin>,line=22,col=3::WEIR0205: unknown field \"targetPort\"")


def test_one_pass_finds_the_mistakes_of_all_files(tmp_path):
    broken = tmp_path / "a.yaml"
    broken.write_text(GATEWAY.replace("port: 8080", "port: 80800") + "---\nkind: [\n---\n" + POD.replace("a,", "A,"))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Pod"}))
    (tmp_path / "c.yml").write_text(documents(POOL.replace("number", "nummer"), PICKER))
    (tmp_path / ".hidden.yaml").write_text("[")
    (tmp_path / "notes.txt").write_text("[")
    done = run_weir("check", "-f", tmp_path, "--format", "json")
    assert done.returncode == 4
    found = [(f["file"][len(str(tmp_path)) + 1:], f["line"], f["code"])
             for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"]
    assert sorted(found) == [("a.yaml", 6, "WEIR0208"), ("a.yaml", 8, "WEIR0101"), ("a.yaml", 12, "WEIR0215"),
                             ("c.yml", 6, "WEIR0205"), ("c.yml", 11, "WEIR0404"), ("sub/b.json", 1, "WEIR0204")]


def test_exit_codes(tmp_path):
    missing_pool = documents(GATEWAY, ROUTE)
    cases = {
        0: [(COMPLETE, []), (missing_pool, [])],
        2: [(COMPLETE, ["--no-such-flag"]), (COMPLETE, ["--format", "xml"]), (COMPLETE, ["--explain", "WEIR9999"])],
        3: [(missing_pool, ["--strict"])],
        4: [(COMPLETE, ["-f", tmp_path / "none"]), (documents(COMPLETE, ROUTE + "x: 1\n"), []), (PICKER, ["--strict"])],
        5: [(POOL, []), ("", []), (POD, ["--strict"])],
    }
    for code, ways in cases.items():
        for text, flags in ways:
            assert check(text, *flags).returncode == code, (code, flags)
    assert run_weir("check").returncode == 2


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"), reason="root reads everything")
def test_what_may_not_be_read_is_the_guides_sentence(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "a.yaml").write_text(POOL)
    locked.chmod(0)
    try:
        done = run_weir_as_nobody(tmp_path, "check", "-f", locked)
    finally:
        locked.chmod(0o700)
    assert done.returncode == 4
    assert (f"failed to list InferencePool, InferenceObjective, Pod: {locked} is forbidden (permission denied)"
            in done.stdout)


def run_weir_as_nobody(folder, *arguments):
    """A run without root's right to read everything."""
    import subprocess

    words = [weir_binary(), *map(str, arguments)]
    if os.geteuid() == 0:
        for path in (folder, *folder.parents):
            if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
                path.chmod(path.stat().st_mode | 0o011)
        words = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *words]
    return subprocess.run(words, capture_output=True, text=True, timeout=30)


def test_kinds_that_are_not_read_are_listed_once():
    other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
    done = check(documents(COMPLETE, other), "--strict")
    assert done.returncode == 0
    assert done.stderr.count("Deployment default/d") == 1


def test_a_picker_configuration_that_is_nearly_one_is_said_wherever_it_stands():
    wrong = {"llm-d.ai/v2 EndpointPickerConfig": ("WEIR0203", "llm-d.ai/v1alpha1"),
             "llm-d.ai/v1alpha1 EndpointPickerConfg": ("WEIR0202", "EndpointPickerConfig"),
             "example.com/v1 EndpointPickerConfig": ("WEIR0203", "llm-d.ai/v1alpha1")}
    pool = POOL + "  endpointPickerRef: {name: epp, port: {number: 9002}}\n"
    for head, wanted in wrong.items():
        version, kind = head.split()
        document = f"apiVersion: {version}\nkind: {kind}\nplugins: []\n"
        inside = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: epp}\ndata:\n  picker.yaml: |\n" + "".join(
            f"    {line}\n" for line in document.splitlines())
        for text in (document, inside):
            found = [f for f in findings(documents(GATEWAY, ROUTE, pool, POD, text)) if f["severity"] == "warning"]
            assert [(f["code"], f["suggestion"]) for f in found] == [wanted], text


def test_a_picker_configuration_that_pools_share_is_reported_once():
    picker = PICKER.replace("kind: EndpointPickerConfig\n", "kind: EndpointPickerConfig\nmetadata: {name: epp}\n")
    pool = POOL + "  endpointPickerRef: {name: epp, port: {number: 9002}}\n"
    text = documents(GATEWAY, ROUTE, pool, pool.replace("name: p}", "name: q}"), POD, picker)
    assert [f["code"] for f in findings(text) if f["severity"] == "error"] == ["WEIR0404"]
    served = run_weir("serve", "-f", "-", "--admin", "off", stdin=text)
    assert served.returncode == 4 and served.stderr.count("error[WEIR0404]") == 1


# What is written wrong in a complete set, and what weir takes it for.
MEANT = [
    ("backendRefs: [{group", "backends: [{group", "backendRefs"),
    ("[{group: inf", "[{apiGroup: inf", "group"),
    ("{number: 8000}", "{port: 8000}", "number"),
    ("name: p}]}]", "name: p}], timeouts: {request: 5min}}]", "5m"),
    ("name: p}]}]", "name: p}], timeouts: {request: 5S}}]", "5s"),
    ("name: p}]}]", "name: p}], timeouts: {request: 1d}}]", "24h"),
    ("name: p}]}]", "name: p}], timeouts: {request: 1.5h}}]", "1h30m"),
    ("name: p}]}]", "name: p}], matches: [{path: /v1}]}]", "{value: /v1}"),
    ("name: p}]}]", "name: p}], matches: [{path: {value: /v1//chat}}]}]", "/v1/chat"),
    ("name: p}]}]", "name: p}], matches: [{path: {type: Regex, value: /v.}}]}]", "RegularExpression"),
    ("name: p}]}]", "name: p}], matches: [{headers: [{name: \"x-a:\", value: b}]}]}]", "x-a"),
    ("parentRefs: [{name: gw}]", "parentRefs: [gw]", "{name: gw}"),
    ("parentRefs: [{name: gw}]", "parentRefs: [{name: gw, sectionName: HTTP}]", "http"),
    ("parentRefs:", "hostnames: a.example\n  parentRefs:", "[a.example]"),
    ("parentRefs:", "hostnames: [https://A.example:443/x]\n  parentRefs:", "a.example"),
    ("metadata: {name: r}", "metadata: {name: my_Route}", "my-route"),
    ("metadata: {name: r}", "metadata: {name: r, namespace: team.a}", "team-a"),
]


@pytest.mark.parametrize("right, wrong, meant", MEANT, ids=[m for _, _, m in MEANT])
def test_what_was_meant_is_suggested(right, wrong, meant):
    errors = [f for f in findings(COMPLETE.replace(right, wrong, 1)) if f["severity"] == "error"]
    assert [f["suggestion"] for f in errors] == [meant]


@pytest.mark.parametrize("right, wrong", [
    ("parentRefs: [{name: gw}]", "parentRefs: {name: gw}"),
    ("parentRefs: [{name: gw}]", "parentRef: [{name: gw}]"),
    ("backendRefs: [{group", "backends: [{group"),
    ("rules: [{", "rule: [{"),
    ("name: p}]}]", "name: p}], filters: [{type: RequestMirror, requestMirror: {percent: 5}}]}]"),
])
def test_a_mistake_is_told_once(right, wrong):
    """What could not be read is not called missing as well."""
    text = COMPLETE.replace(right, wrong, 1)
    found = [f["code"] for f in findings(text) if f["code"] not in ("WEIR0340", "WEIR0341")]
    assert len(found) == 1, found


def test_an_endpoint_that_is_weir_itself_is_told_wherever_it_is_written(tmp_path):
    """In a Pod, an endpoints file, an EndpointSlice."""
    own = COMPLETE.replace("weir.dev/address: 127.0.0.1", "weir.dev/address: \"127.0.0.1:8080\"")
    assert [f["code"] for f in findings(own)] == ["WEIR0338"]
    (tmp_path / "endpoints.yaml").write_text("endpoints: [{name: a, address: 127.0.0.1, port: 8080}]")
    found = findings(COMPLETE, "--endpoints-file", tmp_path / "endpoints.yaml")
    assert [(f["code"], f["line"], f["column"]) for f in found] == [("WEIR0338", 1, 32)]
    assert found[0]["file"].endswith("endpoints.yaml")
    service = """apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [127.0.0.1]}]
"""
    to_service = ROUTE.replace("{group: inference.networking.k8s.io, kind: InferencePool, name: p}", "{name: s, port: 80}")
    assert [f["code"] for f in findings(documents(GATEWAY, to_service, service))] == ["WEIR0338"]


def test_every_code_that_is_found_is_explained():
    done = run_weir("check", "--explain", "weir0301")
    assert done.returncode == 0
    assert done.stdout.startswith("WEIR0301: a pool that no file defines\n\n")
    assert "fault filter abort" in done.stdout


@pytest.mark.parametrize("shape", extremes.SHAPES)
def test_whatever_a_file_asks_for_check_ends(tmp_path, shape):
    """The figures are the bench's, which holds the optimised binary to 256 MiB; this one may be any build."""
    size = 256 << 10 if is_sanitized() else 10 << 20
    (tmp_path / "a.yaml").write_text(extremes.SHAPES[shape](size))
    code, _, mebibytes = extremes.check(weir_binary(), tmp_path / "a.yaml")
    assert code in (0, 4, 5)
    assert is_sanitized() or mebibytes < 384


def test_bombs_and_large_files_end_soon(tmp_path):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefghi", "bcdefghij"))
    large = "".join(f"  k{i}: 1\n" for i in range(800_000))
    for text in (bomb, "[" * 10_000_000, POOL + large, "a: 1\n---\n" * 1_000_000, "- *a\n" * 2_000_000):
        (tmp_path / "a.yaml").write_text(text)
        assert run_weir("check", "-f", tmp_path / "a.yaml", timeout=60).returncode == 4
