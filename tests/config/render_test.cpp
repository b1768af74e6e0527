#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "config/diagnostics.hpp"
#include "reading.hpp"

using namespace weir::config;

namespace {

constexpr std::string_view sample =
    "apiVersion: v1\n"
    "kind: Thing\n"
    "spec:\n"
    "  size: \"larg\"\n";

span value_of(const source_ptr& file, std::string_view value) {
    const auto at = static_cast<std::uint32_t>(file->text.find(value));
    const auto before = file->text.substr(0, at);
    const auto line =
        static_cast<std::uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
    const auto column = static_cast<std::uint32_t>(at - (before.rfind('\n') + 1) + 1);
    const auto size = static_cast<std::uint32_t>(value.size());
    return {file.get(), {line, column, at}, {line, column + size, at + size}};
}

}  // namespace

TEST_SUITE("config/render") {
    TEST_CASE(
        "a finding shows its place, the lines before it, a caret, the cure and where to read on") {
        const auto file = reading::source(sample, "a.yaml");
        findings found;
        auto& f = found.error("WEIR0207", "spec.size is not a size", value_of(file, "\"larg\""));
        f.label = "not a size";
        f.suggestion = "large";
        f.allowed = {"small", "large"};
        f.note = "requests fail with 500";
        CHECK(render_text(found, false) ==
              "error[WEIR0207]: spec.size is not a size\n"
              " --> a.yaml:4:9\n"
              "  |\n"
              "2 | kind: Thing\n"
              "3 | spec:\n"
              "4 |   size: \"larg\"\n"
              "  |         ^^^^^^ not a size\n"
              "  |\n"
              " help: did you mean `large`?\n"
              "  |\n"
              "4 |   size: \"large\"\n"
              "  |\n"
              " note: allowed here: small, large\n"
              " note: requests fail with 500\n"
              " docs: weir check --explain WEIR0207\n");
    }

    TEST_CASE("a finding without a file has no source line, help stands alone") {
        findings found;
        found.warning("WEIR0301", "no route names this Gateway", {}).help = "add a parentRef";
        CHECK(render_text(found, false) ==
              "warning[WEIR0301]: no route names this Gateway\n"
              " help: add a parentRef\n"
              " docs: weir check --explain WEIR0301\n");
    }

    TEST_CASE("colour adds escapes and nothing else") {
        const auto file = reading::source(sample, "a.yaml");
        findings found;
        found.note("WEIR0207", "m", value_of(file, "Thing"));
        auto coloured = render_text(found, true);
        CHECK(coloured.find("\x1b[") != std::string::npos);
        for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
            coloured.erase(at, coloured.find('m', at) - at + 1);
        }
        CHECK(coloured == render_text(found, false));
    }

    TEST_CASE(
        "the line number has its own width and a value of many lines its caret on the first") {
        const auto file = reading::source("1\n2\n3\n4\n5\n6\n7\n8\n9\nlist:\n- a\n- b\n", "a.yaml");
        findings found;
        found.error("WEIR0210", "too few", {file.get(), {11, 1, 24}, {12, 4, 31}});
        CHECK(render_text(found, false)
                  .starts_with(
                      "error[WEIR0210]: too few\n  --> a.yaml:11:1\n   |\n 9 | 9\n10 | list:\n"
                      "11 | - a\n   | ^^^\n   |\n"));
    }

    TEST_CASE("control bytes never reach a terminal and long lines are cut around the value") {
        const auto file = reading::source(
            "x\x1b[2J: " + std::string(5000, 'a') + "BAD" + std::string(5000, 'b'), "a.yaml");
        findings found;
        found.error("WEIR0209", "m\x1b[31m", value_of(file, "BAD"));
        const auto out = render_text(found, false);
        CHECK(out.find('\x1b') == std::string::npos);
        CHECK(out.size() < 1000);
        CHECK(out.find("aaBADbb") != std::string::npos);
        const auto binary = reading::source("\x9b[2J BAD \xC2\x9b[2J\xC3\xBC", "b.yaml");
        findings other;
        other.error("WEIR0103", "m\xFF", value_of(binary, "BAD"));
        const auto shown = render_text(other, false);
        CHECK(shown.find("1 | \xEF\xBF\xBD[2J BAD ?[2J\xC3\xBC\n") != std::string::npos);
        CHECK(shown.find("  |      ^^^\n") != std::string::npos);
        CHECK(shown.find(": m\xEF\xBF\xBD\n") != std::string::npos);
        CHECK(out.find("^^^\n") != std::string::npos);
    }

    TEST_CASE("carets stand under wide characters and a CRLF file shows no CR") {
        const auto file = reading::source("k: gr\xC3\xBCn\xE2\x82\xAC x\r\n", "a.yaml");
        findings found;
        found.error("WEIR0209", "m", {file.get(), {1, 4, 3}, {1, 9, 11}});
        CHECK(render_text(found, false).find("1 | k: gr\xC3\xBCn\xE2\x82\xAC x\n  |    ^^^^^\n") !=
              std::string::npos);
    }

    TEST_CASE("identical findings are folded, files keep their order, places are sorted") {
        const auto a = reading::source(sample, "a.yaml");
        const auto b = reading::source(sample, "b.yaml");
        findings found;
        found.error("WEIR0002", "later", value_of(b, "spec"));
        found.error("WEIR0002", "later", value_of(b, "spec"));
        found.error("WEIR0003", "other", value_of(a, "kind"));
        found.error("WEIR0001", "earlier", value_of(b, "kind"));
        CHECK(render_github(found) ==
              "::error file=b.yaml,line=2,col=1::WEIR0001: earlier\n"
              "::error file=b.yaml,line=3,col=1::WEIR0002: later\n"
              "::error file=a.yaml,line=2,col=1::WEIR0003: other\n");
    }

    TEST_CASE("fifty findings a file are shown and the rest is counted") {
        const auto a = reading::source(sample, "a.yaml");
        findings found;
        for (int i = 0; i < 60; ++i)
            found.error("WEIR0001", "m" + std::to_string(i), value_of(a, "kind"));
        const auto out = render_text(found, false);
        CHECK(out.find("m49\n") != std::string::npos);
        CHECK(out.find("m50\n") == std::string::npos);
        CHECK(out.ends_with("\na.yaml: 10 more findings are not shown\n"));
        CHECK(reading::as_json(found).find("\"notShown\":[{\"file\":\"a.yaml\",\"count\":10}]") !=
              std::string::npos);
        CHECK(render_github(found).ends_with(
            "::notice file=a.yaml::10 more findings are not shown\n"));
    }

    TEST_CASE("JSON carries places, offsets and the suggested edit") {
        const auto file = reading::source(sample, "a.yaml");
        findings found;
        auto& f = found.error("WEIR0207", "a \"quoted\" word", value_of(file, "larg"));
        f.suggestion = "large";
        f.allowed = {"large"};
        CHECK(reading::as_json(found) ==
              "{\"findings\":[{\"code\":\"WEIR0207\",\"severity\":\"error\",\"message\":\"a "
              "\\\"quoted\\\" word\","
              "\"file\":\"a.yaml\",\"line\":4,\"column\":10,\"endLine\":4,\"endColumn\":14,"
              "\"offset\":42,\"endOffset\":46,"
              "\"label\":\"\",\"help\":\"\",\"suggestion\":\"large\",\"note\":\"\",\"allowed\":["
              "\"large\"]}]}");
        CHECK(reading::as_json(findings{}) == "{\"findings\":[]}");
    }

    TEST_CASE("GitHub annotations are escaped") {
        const auto file = reading::source(sample, "a,b:c%.yaml");
        findings found;
        auto& f = found.warning("WEIR0001", "100%: one\ntwo", value_of(file, "kind"));
        f.help = "h";
        f.note = "n";
        CHECK(render_github(found) ==
              "::warning file=a%2Cb%3Ac%25.yaml,line=2,col=1::WEIR0001: 100%25: one%0Atwo%0Ahelp: "
              "h%0Anote: n\n");
        findings notes;
        notes.note("WEIR0002", "x", {});
        CHECK(render_github(notes) == "::notice::WEIR0002: x\n");
    }
}
