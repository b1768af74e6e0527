"""Each lint finds what it is there for in a small planted tree, and is quiet on the same tree mended."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import lint_coroutines  # noqa: E402
import lint_layers  # noqa: E402
import lint_sizes  # noqa: E402
import lint_tests  # noqa: E402
import lint_words  # noqa: E402


def plant(root, **files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(("path", "include", "rule"), [
    ("src/http/a.hpp", '"payload/b.hpp"', "http may not include payload"),
    ("src/base/a.hpp", '"http/b.hpp"', "base may not include http"),
    ("src/scheduling/a.hpp", '"flowcontrol/b.hpp"', "scheduling may not include flowcontrol"),
    ("src/scheduling/a.cpp", '"http/b.hpp"', "scheduling does not know http"),
    ("src/proxy/a.cpp", "<boost/beast/http.hpp>", "Beast only"),
    ("src/sim/a.cpp", "<simdjson.h>", "simdjson only"),
    ("src/app/main.cpp", "<CLI/CLI.hpp>", "CLI11 only"),
    ("src/proxy/a.cpp", "<spdlog/spdlog.h>", "spdlog only"),
    ("src/admin/a.cpp", "<prometheus/counter.h>", "prometheus-cpp only"),
    ("src/scheduling/a.cpp", "<boost/asio/post.hpp>", "Asio only"),
    ("include/weir/a.hpp", "<boost/system/result.hpp>", "standard library only"),
    ("src/base/a.hpp", '"nearby.hpp"', "write the path"),
])
def test_an_include_that_goes_up_or_through_a_wall_is_found(tmp_path, path, include, rule):
    for floor in ("http", "payload", "flowcontrol"):
        plant(tmp_path, **{f"src/{floor}/b.hpp": "#pragma once\n"})
    plant(tmp_path, **{path: f"#include {include}\n"})
    findings = lint_layers.check(tmp_path)
    assert len(findings) == 1
    assert rule in findings[0]
    assert findings[0].startswith(f"{path}:1:")


def test_an_include_that_goes_down_is_fine_and_one_in_a_comment_does_not_count(tmp_path):
    plant(tmp_path, **{
        "src/base/b.hpp": "#include <boost/asio/io_context.hpp>\n",
        "src/proxy/a.cpp": '#include "base/b.hpp"\n// #include "app/c.hpp"\n',
        "src/app/cli_flags.cpp": "#include <CLI/CLI.hpp>\n",
    })
    assert lint_layers.check(tmp_path) == []


def test_asio_is_found_behind_an_allowed_header(tmp_path):
    plant(tmp_path, **{
        "src/base/timer.hpp": "#include <boost/asio/steady_timer.hpp>\n",
        "src/base/outer.hpp": '#include "base/timer.hpp"\n',
        "src/scheduling/a.cpp": '#include "base/outer.hpp"\n',
    })
    findings = lint_layers.check(tmp_path)
    assert len(findings) == 1
    assert "src/base/outer.hpp -> src/base/timer.hpp" in findings[0]


def test_scheduling_reads_no_clock(tmp_path):
    plant(tmp_path, **{"src/scheduling/a.cpp": "auto t = std::chrono::steady_clock::now();\n"})
    assert "takes the time as a value" in lint_layers.check(tmp_path)[0]


@pytest.mark.parametrize("statement", [
    "co_await co_spawn(ex, [p = std::move(p)]() -> task<void> { co_return; });",
    "co_await use(params{.p = 3});",
    "co_await use({1, 2, 3});",
    "auto x = cond ? co_await f() : co_await g();",
    "co_await (cond ? f() : g());",
    "params q{.p = co_await f()};",
    "co_return params{.n = co_await f()};",
])
def test_an_await_that_gcc_12_miscompiles_is_found(statement):
    assert lint_coroutines.check_text(f"task<int> f() {{\n    {statement}\n}}\n")


@pytest.mark.parametrize("body", [
    "auto closure = [p = std::move(p)] { return p; }; co_await use(std::move(closure));",
    "if (co_await ready()) { x = {1, 2}; }",
    "auto v = co_await f(co_await a(), co_await b());",
    "co_await use([&] { return 1; });",
    'log("? {}"); co_await f();',
    "int x = cond ? 1 : 2; co_await f(x);",
])
def test_a_safe_await_is_left_alone(body):
    assert lint_coroutines.check_text(f"task<int> f() {{\n    {body}\n}}\n") == []


def test_a_braced_default_of_a_coroutine_is_found():
    assert lint_coroutines.check_text("task<void> serve(socket s, limits l = {});")
    assert lint_coroutines.check_text("void serve(socket s, limits l = {});") == []


def test_a_long_file_a_long_function_and_deep_nesting_are_found(tmp_path):
    deep = "int deep(int a) {\n" + "".join(f"    if (a > {n}) {{\n" for n in range(5)) + "}\n" * 5 + "return a;\n}\n"
    plant(tmp_path, **{
        "src/base/long_file.cpp": "\n" * 601,
        "src/base/long_function.cpp": "int f() {\n" + "    g();\n" * 100 + "}\n",
        "src/base/deep.cpp": deep,
        "src/base/fine.cpp": "namespace weir {\nint f() {\n" + "    g();\n" * 98 + "}\n}\n",
    })
    findings = lint_sizes.check(tmp_path, report=lambda line: None)
    assert [f.split(": ", 1)[1] for f in findings] == [
        "deep: nested 5 deep; at most 4", "601 lines; at most 600", "f: 102 lines; at most 100"]


def test_functions_are_told_from_types_initialisers_and_lambdas():
    text = """
namespace a { struct s { int x = 0; int get() const { return x; } }; }
const table t = {{"if (", 1}, {"}", 2}};
s::s(int y) : x{y}, z(y) {
    auto f = [&](int k) { if (k) { return 1; } return 2; };
    for (auto v : {1, 2}) { f(v); }
}
void operator delete[](void* p) noexcept { free(p); }
int& s::operator[](int i) { return x; }
"""
    assert [(f.name, f.nesting) for f in lint_sizes.functions(text)] == [
        ("get", 0), ("s::s", 1), ("operator delete[]", 0), ("s::operator[]", 0)]


def test_forbidden_words_are_found_in_code_but_not_in_strings(tmp_path):
    plant(tmp_path, **{
        "src/base/a.cpp": "void f() { std::this_thread::sleep_for(1s); }\nauto s = \"sleep_for\"; // detached\n",
        "src/base/b.hpp": "using namespace std;\nspawn(detached);\n// TO" "DO: later\n",
    })
    findings = lint_words.check(tmp_path)
    assert len(findings) == 4
    assert sum("src/base/a.cpp:1:" in f for f in findings) == 1


def test_a_source_without_a_test_and_a_test_that_no_build_file_names_are_found(tmp_path):
    plant(tmp_path, **{
        "tests/base/a_test.cpp": 'TEST_SUITE("base/a") {}\n',
        "tests/base/b_test.cpp": 'TEST_SUITE("other/b") {}\n',
        "tests/base/meson.build": "test('base', executable('t', 'b_test.cpp'))\n",
        "src/base/c.cpp": "\n",
    })
    findings = lint_tests.check(tmp_path)
    assert [f.split(": ", 1)[1] for f in findings] == [
        "no tests/base/c_test.cpp",
        "no meson.build above it names it, so it never runs",
        'TEST_SUITE "other/b" does not begin with "base/"']
