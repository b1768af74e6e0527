#include "config/yaml_problems.hpp"

#include <doctest/doctest.h>

using namespace weir::config;

TEST_SUITE("config/yaml_problems") {
    TEST_CASE("a template and a merge conflict are named before the parser's own complaint") {
        CHECK(explain_yaml_problem("could not find expected ':'", "", "x", "{{- if .Values.a }}")
                  .code == "WEIR0112");
        CHECK(explain_yaml_problem("could not find expected ':'", "", "x", "<<<<<<< HEAD").code ==
              "WEIR0113");
    }

    TEST_CASE("a tab in the indentation is named whatever the parser noticed") {
        for (const auto* problem :
             {"found character that cannot start any token", "did not find expected key"}) {
            CHECK(explain_yaml_problem(problem, "", "\tx", "\tx: 1").message ==
                  "a tab is used as indentation");
        }
    }

    TEST_CASE("known problems carry a cure, unknown ones the parser's words") {
        const auto known = explain_yaml_problem("mapping values are not allowed in this context",
                                                "", ": c", "a: b: c");
        CHECK_FALSE(known.help.empty());
        const auto unknown = explain_yaml_problem("found a dragon", "while scanning", "x", "x");
        CHECK(unknown.message == "found a dragon while scanning");
    }

    TEST_CASE("what never closes is reported where it opened") {
        CHECK(explain_yaml_problem("found unexpected end of stream", "", "", "").at_context);
        CHECK(explain_yaml_problem("did not find expected ',' or '}'", "", "", "").opens);
    }
}
