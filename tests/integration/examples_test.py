"""Every folder of examples/: clean under `check --strict`, and its README does what it says when typed."""

import json
import re
import shutil

import pytest

from harness.process import ROOT
from harness.walkthrough import Walkthrough, read_sections

EXAMPLES = sorted(p.name for p in (ROOT / "examples").iterdir() if p.is_dir())


def body_of(printed):
    return json.loads(printed[printed.index("{"):])


def is_completion(printed):
    assert body_of(printed)["choices"], printed


def keeps_the_clients_model(printed):
    assert body_of(printed)["model"] == "assistant"


def names_two_of_three_endpoints(printed):
    seen = set(re.findall(r"x-weir-endpoint: (\S+)", printed))
    assert seen and seen <= {f"127.0.0.1:800{i}" for i in (1, 2, 3)}


def reaches_an_endpoint_with_the_adapter(printed):
    assert "x-weir-endpoint: 127.0.0.1:800" in printed
    assert body_of(printed[printed.index("\n\n") if "\n\n" in printed else 0:])["model"] == "support"


def prefers_the_port_it_was_told(printed):
    assert printed == "x-weir-endpoint: 127.0.0.1:8001"


# What the last command of a README has to print.
PROMISES = {
    "quickstart": is_completion, "cross-namespace-grant": is_completion, "priorities": is_completion,
    "helm-output": is_completion, "canary-rewrite": keeps_the_clients_model,
    "two-pools-weights": names_two_of_three_endpoints, "lora": reaches_an_endpoint_with_the_adapter,
    "custom-scorer": prefers_the_port_it_was_told,
}


@pytest.fixture
def walk(tmp_path):
    walkthrough = Walkthrough(tmp_path / "walk")
    yield walkthrough
    walkthrough.stop()


def type_readme(walk, name):
    """Runs the commands in their order; returns what the last one printed."""
    walk.add_folder(ROOT / "examples" / name, f"examples/{name}")
    printed = ""
    for section in read_sections((ROOT / "examples" / name / "README.md").read_text()):
        for command, expected in section.steps:
            printed = walk.run(command, expected)
    return printed


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_commands_of_a_readme_do_what_they_say(walk, name):
    if name == "custom-scorer" and not shutil.which("g++"):
        pytest.skip("a scorer is compiled, and there is no g++")
    (walk.folder / "include").symlink_to(ROOT / "include")
    PROMISES[name](type_readme(walk, name))


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n != "custom-scorer"])
def test_a_complete_example_has_no_finding(walk, name):
    walk.add_folder(ROOT / "examples" / name, name)
    printed = walk.run(f"weir check --strict -f {name} --port-map 80=8080; echo exit $?", "…exit 0")
    assert "warning[" not in printed and "error[" not in printed


def test_without_its_grant_a_pool_of_another_namespace_is_refused_at_once(walk):
    type_readme(walk, "cross-namespace-grant")
    manifests = walk.folder / "examples/cross-namespace-grant/manifests.yaml"
    documents = manifests.read_text().split("---\n")
    manifests.write_text("---\n".join(d for d in documents if "kind: ReferenceGrant" not in d))
    ask = "curl -s http://127.0.0.1:8080/v1/completions -d '{\"model\": \"sim\", \"prompt\": \"Hello\"}'"
    walk.run(ask, "fault filter abort")
    assert "WEIR0303" in walk.run("weir check -f examples/cross-namespace-grant", "…")
