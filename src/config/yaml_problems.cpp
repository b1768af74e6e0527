#include "config/yaml_problems.hpp"

#include <array>

#include "base/strings.hpp"

namespace weir::config {

namespace {

struct known_problem {
    std::string_view problem;
    std::string_view message;
    std::string_view help;
    bool at_context = false;
};

constexpr std::array known{
    known_problem{
        "mapping values are not allowed in this context", "a second `:` makes no sense here",
        "put the value in quotes if the `:` belongs to it, or check the indentation of this line"},
    known_problem{"could not find expected ':'",
                  "this line is neither a `key: value` pair nor part of the value above",
                  "add the missing `:` (with a space behind it), or fix the indentation", true},
    known_problem{"block sequence entries are not allowed in this context",
                  "a list item `- ` is not allowed here",
                  "start the list on its own line below the key"},
    known_problem{"mapping keys are not allowed in this context", "a key is not allowed here",
                  "check the indentation of this line"},
    known_problem{"found unexpected document indicator",
                  "the quoted text is still open where the next document starts", "close the quote",
                  true},
    known_problem{"found unknown escape character",
                  "this escape is not known in a text in double quotes",
                  "double the backslash, or use single quotes, in which a backslash means itself"},
    known_problem{"did not find expected hexdecimal number",
                  "an escape needs hexadecimal digits here",
                  "double the backslash, or use single quotes"},
    known_problem{"found invalid Unicode character escape code",
                  "this escape names no Unicode character", "write the character itself"},
    known_problem{"did not find expected key", "a key of the mapping above was expected here",
                  "check the indentation: keys of one mapping start in the same column"},
    known_problem{"did not find expected '-' indicator", "a list item `- ` was expected here",
                  "check the indentation: items of one list start in the same column"},
    known_problem{"did not find expected ',' or ']'", "the list in brackets is not closed",
                  "add the missing `]` or `,`"},
    known_problem{"did not find expected ',' or '}'", "the mapping in braces is not closed",
                  "add the missing `}` or `,`"},
    known_problem{"did not find expected <document start>",
                  "a new document must start with `---` here",
                  "add a line `---`, or check the indentation"},
    known_problem{"did not find expected node content", "a value is missing here",
                  "write the value, or remove the mark"},
    known_problem{"did not find expected alphabetic or numeric character",
                  "`*` and `&` start an alias or an anchor, whose name is missing here",
                  "put the text in quotes if it should start with `*` or `&`", true},
    known_problem{"did not find expected comment or line break",
                  "a block text starts on the line below `|` or `>`",
                  "move the text to the next line, indented"},
    known_problem{"found undefined tag handle", "this tag is not known",
                  "remove it, or put the text in quotes", true},
    known_problem{"control characters are not allowed", "the text has a control character",
                  "remove it, or write it as an escape in double quotes"},
    known_problem{"invalid Unicode character", "this is not a Unicode character", ""},
    known_problem{"found a tab character where an indentation space is expected",
                  "a tab is used as indentation", "indent with spaces"},
    known_problem{"found a tab character that violates indentation", "a tab is used as indentation",
                  "indent with spaces"},
    known_problem{"found a tab character that violate intendation", "a tab is used as indentation",
                  "indent with spaces"},
};

std::string quoted(std::string_view character) { return "`" + std::string(character) + "`"; }

yaml_problem bad_token(std::string_view rest) {
    const char c = rest.empty() ? '\0' : rest.front();
    if (c == '\t') return {"a tab is used as indentation", "indent with spaces"};
    return {quoted({&c, 1}) + " cannot start a value", "put the value in quotes"};
}

}  // namespace

yaml_problem explain_yaml_problem(std::string_view problem, std::string_view context,
                                  std::string_view rest, std::string_view line) {
    if (line.find("{{") != std::string_view::npos && line.find("}}") != std::string_view::npos) {
        return {"this is a template, not a manifest",
                "render the chart first, as in `helm template`", "WEIR0112"};
    }
    if (line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>")) {
        return {"this is a mark of an unresolved merge conflict", "resolve the conflict",
                "WEIR0113"};
    }
    if (problem == "found character that cannot start any token") return bad_token(rest);
    if (problem == "found unexpected end of stream") {
        return {"the quote that opens here is never closed", "close it, or remove it", "WEIR0101",
                true};
    }
    const auto first = line.find_first_not_of(' ');
    if (first != std::string_view::npos && line[first] == '\t') {
        return {"a tab is used as indentation", "indent with spaces"};
    }
    for (const auto& k : known) {
        if (k.problem == problem)
            return {std::string(k.message), std::string(k.help), "WEIR0101", k.at_context,
                    problem.starts_with("did not find expected ',' or")};
    }
    if (problem.find("UTF-8") != std::string_view::npos) {
        return {"the text is not UTF-8", "save the file as UTF-8", "WEIR0103"};
    }
    std::string message(problem);
    if (!context.empty()) message += " " + std::string(context);
    return {message, ""};
}

}  // namespace weir::config
