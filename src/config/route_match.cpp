#include <algorithm>

#include "base/strings.hpp"
#include "config/cures.hpp"
#include "config/grammar.hpp"
#include "config/parsers.hpp"

namespace weir::config {

namespace {

void check_regex(const field& value, const std::string& pattern) {
    if (const auto problem = regex_problem(pattern)) {
        value.error("WEIR0221", "is not a regular expression: " + *problem).help =
            "weir reads RE2 syntax, anchored at both ends";
    }
}

void read_path(const field& from, match_spec& out) {
    const object path(from, {"type", "value"}, "value");
    if (!path) return;
    const auto type = path["type"].choice({"Exact", "PathPrefix", "RegularExpression"});
    out.path_at = path["value"].at();
    if (type) {
        out.value.path = type->value == "Exact"               ? path_kind::exact
                         : type->value == "RegularExpression" ? path_kind::regex
                                                              : path_kind::prefix;
    }
    const field value_field = path["value"];
    const auto value = value_field.string(1, 1024);
    if (!value) return;
    out.value.path_value = value->value;
    if (path.has("type") && !type) return;
    if (out.value.path == path_kind::regex) return check_regex(value_field, value->value);
    const auto problem = path_problem(value->value);
    if (!problem) return;
    auto& f = value_field.error("WEIR0219", *problem + ", found \"" + value->value + "\"");
    f.suggestion = path_meant_by(value->value);
}

std::optional<text> read_parameter_name(const field& from) {
    auto name = from.string(1, 256);
    if (!name || is_header_name(name->value)) return name;
    from.error("WEIR0220", "is not a parameter name, found \"" + name->value + "\"");
    return std::nullopt;
}

/// Headers and query parameters have one shape; header names do not care for case.
lean_vector<value_match> read_values(const field& from, bool headers) {
    lean_vector<value_match> out;
    std::vector<std::string> written;
    from.items(0, 16, [&](const field& item) {
        const object o(item, {"type", "name", "value"});
        if (!o) return;
        value_match m;
        const auto type = o["type"].choice({"Exact", "RegularExpression"});
        if (type && type->value == "RegularExpression") m.kind = match_kind::regex;
        const field name_field = o.need("name");
        const auto name = headers ? read_header_name(name_field) : read_parameter_name(name_field);
        const field value_field = o.need("value");
        auto value = value_field.string(1, headers ? 4096 : 1024);
        if (value && m.kind == match_kind::regex) check_regex(value_field, value->value);
        if (!name || !value) return;
        if (std::find(written.begin(), written.end(), name->value) != written.end()) {
            name_field.error("WEIR0211", "\"" + name->value + "\" is matched twice").help =
                "names are unique within one match";
            return;
        }
        written.push_back(name->value);
        m.name = headers ? to_lower(name->value) : name->value;
        m.value = std::move(value->value);
        const bool again = std::any_of(out.begin(), out.end(),
                                       [&](const auto& other) { return other.name == m.name; });
        if (!again) {
            out.push_back(std::move(m));
        } else {
            o.reports().warning(
                "WEIR0211",
                name_field.path().str() + " repeats \"" + name->value + "\", only the first counts",
                name->at);
        }
    });
    return out;
}

}  // namespace

match_spec parse_match(const field& from) {
    match_spec out;
    out.at = from.at();
    out.path_at = from.at();
    const object match(from, {"path", "headers", "queryParams", "method"});
    if (!match) return out;
    read_path(match["path"], out);
    out.value.headers = read_values(match["headers"], true);
    out.value.query = read_values(match["queryParams"], false);
    const auto method = match["method"].choice(
        {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"});
    if (method) out.value.method = method->value;
    return out;
}

}  // namespace weir::config
