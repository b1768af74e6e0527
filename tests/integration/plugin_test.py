"""Plugins of shared libraries, built as a stranger would build them: what loads, what is refused, what a bad one costs."""

import json
import shutil
import subprocess

import pytest

from harness import reply, run_weir
from harness.process import ROOT

SOURCE = """
#include <stdexcept>
#include "weir/plugin.hpp"

struct moody final : weir::plugin_of<weir::scorer> {
    explicit moody(double score) : score_(score) {}
    void score(const weir::decision_context& context, const weir::candidate_view& candidates,
               std::span<double> scores) const override {
        if (!context.request.header("x-throw").empty()) throw std::runtime_error("a bad day");
        for (std::size_t i = 0; i < candidates.size(); ++i) scores[i] = i == 0 ? score_ : 0;
    }
    double score_;
};

static std::unique_ptr<weir::plugin> make(weir::parameters& p, weir::plugin_context&) {
    if (p.boolean("throwNow", false)) throw std::runtime_error("not today");
    return std::make_unique<moody>(p.number("score", 1));
}

static const weir::plugin_type types[] = {{.name = "moody-scorer", .level = weir::stability::beta, .summary = "",
                                           .docs = {}, .aliases = {}, .make = make, .abi = ABI}};
extern "C" const weir::plugin_type* SYMBOL(std::size_t* count) {
    *count = 1;
    return types;
}
"""

pytestmark = pytest.mark.skipif(not shutil.which("g++"), reason="plugins are compiled, and there is no g++")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """built(NAME) is the path of one variant of the library."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "moody.cpp").write_text(SOURCE)
    defines = {"moody": ("weir::plugin_abi", "weir_plugin_types"), "older": ("1", "weir_plugin_types"),
               "other": ("weir::plugin_abi", "something_else")}

    def library(name):
        path = folder / f"{name}.so"
        if not path.exists():
            abi, symbol = defines[name]
            subprocess.run(["g++", "-std=c++20", "-fPIC", "-shared", "-I", ROOT / "include", f"-DABI={abi}",
                            f"-DSYMBOL={symbol}", folder / "moody.cpp", "-o", path], check=True)
        return path

    return library


def picker(parameters):
    return json.dumps({"apiVersion": "llm-d.ai/v1alpha1", "kind": "EndpointPickerConfig",
                       "plugins": [{"type": "moody-scorer", "parameters": parameters}]})


def test_a_library_that_is_no_plugin_is_refused_with_a_sentence(built, tmp_path):
    (tmp_path / "text.so").write_text("hello\n")
    (tmp_path / "picker.yaml").write_text(picker({}))
    moody = built("moody")
    for libraries, sentence in (
            ([built("older")], "was built for plugin ABI 1, this weir has "),
            ([built("other")], "does not export weir_plugin_types"),
            ([tmp_path / "text.so"], "cannot load plugin "),
            ([tmp_path / "missing.so"], "No such file or directory"),
            ([tmp_path], "cannot load plugin "),
            ([moody, moody], "exports type 'moody-scorer', which exists already")):
        words = [w for path in libraries for w in ("--plugin", path)]
        for command in (["check", "-f", tmp_path / "picker.yaml"], ["serve", "--endpoint", "http://127.0.0.1:1"]):
            done = run_weir(*command, *words)
            assert done.returncode == 4, (command, done.stderr)
            assert sentence in done.stderr and str(libraries[0]) in done.stderr


def test_a_factory_that_throws_is_a_finding_and_the_gateway_stays(built, weir, upstream, tmp_path):
    server = upstream(reply(200, {"choices": []}))
    config = tmp_path / "picker.yaml"
    config.write_text(picker({"score": 0.5}))
    gateway = weir("--plugin", built("moody"), "--config-file", config, "--endpoint", server.url)

    def score():
        told = json.loads(gateway.admin("POST", "/v1/explain", {"model": "m", "prompt": "x"}).text)
        return told["profiles"][0]["scorers"][0]["scores"][0]["raw"]

    assert score() == 0.5
    config.write_text(picker({"score": 0.25}))
    gateway.admin("POST", "/v1/reload", {})
    assert score() == 0.25
    config.write_text(picker({"throwNow": True}))
    answer = gateway.admin("POST", "/v1/reload", {})
    assert answer.status == 422
    assert "its factory threw an exception: not today" in answer.text
    assert score() == 0.25


def test_a_scorer_that_throws_fails_its_request_and_no_other(built, weir, upstream, tmp_path):
    server = upstream(reply(200, {"choices": []}))
    config = tmp_path / "picker.yaml"
    config.write_text(picker({}))
    gateway = weir("--plugin", built("moody"), "--config-file", config, "--endpoint", server.url)
    answer = gateway.chat("x", headers={"x-throw": "1"})
    assert answer.status == 500
    assert "plugin 'moody-scorer/moody-scorer' failed" in answer.text
    gateway.wait_log("a bad day")
    assert gateway.chat("x").status == 200
    assert len(server.requests) == 1
