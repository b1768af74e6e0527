#include "scheduling/cel_syntax.hpp"

#include <doctest/doctest.h>

#include <string>

using weir::scheduling::cel_problem;

TEST_SUITE("scheduling/cel_syntax") {
    TEST_CASE("what is an expression") {
        for (const auto* text : {"usage.prompt_tokens + 2.0 * double(usage.completion_tokens)",
                                 "has(usage.prompt_tokens) && usage.prompt_tokens > 0",
                                 "usage.total_tokens > 0 ? usage.total_tokens : -1",
                                 "!!(usage['total_tokens'] in [1, 0x1Fu, 3e-2, .5,])",
                                 "{'a': 1, \"b\": null}['a'] == 1 // what it costs\n || false",
                                 "usage.details.exists(d, d.kind == r'\\d' || d.size() % 2 != 0)",
                                 "\"\"\"two\nlines\"\"\" == b'\\'x' + rb\"y\"", ".usage.inner",
                                 " \tusage\n", "usage.map(a, a.filter(b, b < a))"}) {
            CAPTURE(text);
            CHECK(cel_problem(text).empty());
        }
    }

    TEST_CASE("what is none, and where it ends to be one") {
        struct row {
            const char* text;
            const char* problem;
        };
        for (const auto& [text, problem] :
             {row{"", "a value is missing at character 1"},
              row{"usage.total_tokens *", "a value is missing at character 21"},
              row{"usage.total_tokens total", "an operator is missing at character 20"},
              row{"usage.", "a name is missing at character 7"},
              row{"usage.in", "a name is missing at character 7"},
              row{"(usage", "')' is missing at character 7"},
              row{"has(usage.a, usage.b", "')' is missing at character 21"},
              row{"usage[1", "']' is missing at character 8"},
              row{"{1 2}", "':' is missing at character 4"},
              row{"usage ? 1", "':' is missing at character 10"},
              row{"tokens * 2", "undeclared reference to 'tokens' at character 1"},
              row{"usage.exists(d, e)", "undeclared reference to 'e' at character 17"},
              row{"usage.map(1, 2)", "the name of an element is missing at character 11"},
              row{"usage == 'open", "a text has no end at character 10"},
              row{"'a\nb'", "a text has no end at character 1"},
              row{"1e", "a digit is missing at character 3"},
              row{"0x", "a digit is missing at character 3"},
              row{"12tokens", "this is no number at character 3"},
              row{"usage = 1", "an operator is missing at character 7"},
              row{"!-usage", "a value is missing at character 2"}}) {
            CAPTURE(text);
            CHECK(cel_problem(text) == problem);
        }
        CHECK(cel_problem(std::string("usage\0", 6)) == "an operator is missing at character 6");
        CHECK(cel_problem(std::string(100'000, '(')) == "it is nested too deeply at character 129");
        CHECK(cel_problem(std::string(100'000, '!')) == "a value is missing at character 100001");
    }
}
