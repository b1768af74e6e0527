#include "datalayer/metric_spec.hpp"

#include <algorithm>

#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

bool is_name(std::string_view s, bool colons) {
    if (s.empty() || (s[0] >= '0' && s[0] <= '9')) return false;
    return std::all_of(s.begin(), s.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || (colons && c == ':');
    });
}

std::string_view unquote(std::string_view s) {
    const bool quoted =
        s.size() >= 2 && (s.front() == '"' || s.front() == '\'') && s.back() == s.front();
    return quoted ? s.substr(1, s.size() - 2) : s;
}

}  // namespace

bool metric_spec::matches(std::span<const sample_label> series) const {
    return std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
        const auto found = std::find_if(series.begin(), series.end(),
                                        [&](const auto& l) { return l.name == wanted.first; });
        return found == series.end() ? wanted.second.empty() : found->value == wanted.second;
    });
}

std::string metric_spec::text() const {
    std::string out = family;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        out += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + labels[i].second + "\"";
    }
    return labels.empty() ? out : out + "}";
}

std::optional<metric_spec> parse_metric_spec(std::string_view text, std::string& why) {
    const auto whole = trim(text, true);
    const auto open = whole.find('{');
    metric_spec out;
    out.family = std::string(trim(whole.substr(0, open)));
    if (!is_name(out.family, true)) {
        why = "\"" + std::string(text) + "\" does not begin with a metric name";
        return std::nullopt;
    }
    if (open == std::string_view::npos) return out;
    if (whole.back() != '}') {
        why = "\"" + std::string(text) + "\" has no closing brace at its end";
        return std::nullopt;
    }
    const auto inside = trim(whole.substr(open + 1, whole.size() - open - 2));
    if (inside.empty()) return out;
    for (const auto part : split(inside, ',')) {
        const auto equals = part.find('=');
        const auto name = trim(part.substr(0, equals));
        if (equals == std::string_view::npos || !is_name(name, false)) {
            why = "\"" + std::string(trim(part)) + "\" is not label=value";
            return std::nullopt;
        }
        out.labels.emplace_back(name, unquote(trim(part.substr(equals + 1))));
    }
    return out;
}

}  // namespace weir::datalayer
