#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.hpp"
#include "config/grammar.hpp"

namespace weir::config {

namespace {

bool one_of(std::string_view s, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), s) != words.end();
}

bool is_boolean_text(std::string_view s) {
    return one_of(s, {"true", "True", "TRUE", "false", "False", "FALSE", "yes", "Yes", "YES", "no",
                      "No", "NO", "on", "On", "ON", "off", "Off", "OFF"});
}

/// What YAML reads as a number in a plain scalar.
bool is_number_text(std::string_view s) {
    if (s.empty()) return false;
    if (one_of(s, {".inf", "-.inf", "+.inf", ".nan", ".Inf", ".NaN"})) return true;
    const char first = s.front();
    const bool starts = (first >= '0' && first <= '9') ||
                        ((first == '-' || first == '+' || first == '.') && s.size() > 1);
    if (!starts) return false;
    if (s.starts_with("0x") || s.starts_with("0o") || s.starts_with("0b")) {
        return s.size() > 2 &&
               s.find_first_not_of("0123456789abcdefABCDEF_", 2) == std::string_view::npos;
    }
    if (s.find_first_not_of("0123456789.eE+-_") != std::string_view::npos) return false;
    std::string digits;
    for (const char c : s) {
        if (c != '_') digits += c;
    }
    return parse_double(digits).has_value();
}

std::string joined(std::initializer_list<std::string_view> words) {
    std::string out;
    for (const auto w : words) {
        if (!out.empty()) out += ", ";
        out += w;
    }
    return out;
}

std::string_view same_but_case(std::string_view word,
                               std::initializer_list<std::string_view> words) {
    for (const auto w : words) {
        if (iequals(word, w)) return w;
    }
    return {};
}

/// The only known name that a word is a part of, as Prefix is of PathPrefix.
std::string_view only_container(std::string_view word,
                                std::initializer_list<std::string_view> words) {
    if (word.size() < 4) return {};
    std::string_view found;
    for (const auto w : words) {
        if (to_lower(w).find(to_lower(word)) == std::string::npos) continue;
        if (!found.empty()) return {};
        found = w;
    }
    return found;
}

/// A text that can stand between brackets as it is.
bool is_bare(const node& n) {
    return n.is_scalar() && !n.quoted && !n.scalar.empty() && n.scalar.size() <= 60 &&
           n.scalar.find_first_of(" \t\n,[]{}#:&*!|>'\"%@`") == std::string::npos;
}

/// Words of other APIs, or of a neighbouring field, for what is known here by another name.
std::string_view synonym(std::string_view word, std::initializer_list<std::string_view> words) {
    using entry = std::pair<std::string_view, std::string_view>;
    constexpr std::array<entry, 16> table{{{"backends", "backendRefs"},
                                           {"backend", "backendRefs"},
                                           {"backend", "backendRef"},
                                           {"apiGroup", "group"},
                                           {"portNumber", "port"},
                                           {"portNumber", "number"},
                                           {"port", "number"},
                                           {"ports", "targetPorts"},
                                           {"hosts", "hostnames"},
                                           {"host", "hostnames"},
                                           {"host", "hostname"},
                                           {"gateways", "parentRefs"},
                                           {"parents", "parentRefs"},
                                           {"targets", "backendRefs"},
                                           {"Regex", "RegularExpression"},
                                           {"Regexp", "RegularExpression"}}};
    for (const auto& [other, own] : table) {
        const auto found = std::find(words.begin(), words.end(), own);
        if (iequals(other, word) && found != words.end()) return *found;
    }
    return {};
}

/// The known name a misspelling means: letter case aside first, then the nearest, then the one it
/// is a part of.
std::string_view meant_by(std::string_view word, std::initializer_list<std::string_view> words) {
    if (word.size() > 100) return {};
    const auto same = same_but_case(word, words);
    if (!same.empty()) return same;
    if (const auto known = synonym(word, words); !known.empty()) return known;
    for (const auto w : words) {
        if (w.size() == word.size() && std::is_permutation(w.begin(), w.end(), word.begin()))
            return w;
    }
    const auto near = nearest(word, std::span<const std::string_view>(words.begin(), words.size()));
    return near.empty() ? only_container(word, words) : near;
}

}  // namespace

std::string describe(const node& value) {
    switch (value.kind) {
        case node_kind::null:
            return "nothing";
        case node_kind::sequence:
            return "a list";
        case node_kind::mapping:
            return "a mapping";
        default:
            break;
    }
    const auto shown = value.scalar.size() > 60 ? value.scalar.substr(0, 57) + "..." : value.scalar;
    if (!value.quoted && is_boolean_text(value.scalar)) return "the boolean " + shown;
    if (!value.quoted && is_number_text(value.scalar)) return "the number " + shown;
    return "the text \"" + shown + "\"";
}

std::string field_path::str() const {
    std::string before = up == nullptr ? std::string() : up->str();
    if (index >= 0) return before + "[" + std::to_string(index) + "]";
    if (name.empty()) return before;
    if (!before.empty()) before += '.';
    return before + std::string(name);
}

// --- field
// -----------------------------------------------------------------------------------------

finding& field::error(std::string_view code, std::string_view what) const {
    const std::string_view gap = what.starts_with(':') ? "" : " ";
    return report_->error(code, path_.str() + std::string(gap) + std::string(what), at());
}

finding& field::wrong_type(std::string_view expected) const {
    static const node nothing;
    const node& n = value_ == nullptr ? nothing : *value_;
    auto& f = error("WEIR0206", "must be " + std::string(expected) + ", found " + describe(n));
    if (expected == "a text" && n.is_scalar()) {
        f.help = "put it in quotes";
        f.suggestion = "\"" + n.scalar + "\"";
    } else if (n.is_scalar() && n.quoted &&
               (expected == "a whole number" || expected == "true or false")) {
        f.help = "remove the quotes";
        f.suggestion = n.scalar;
    } else if (expected == "a list" && is_bare(n)) {
        f.suggestion = "[" + n.scalar + "]";
    } else if (expected == "a list" && !n.is_null()) {
        f.help = "start each item with `- `";
    } else if (expected == "a mapping" && n.is_sequence()) {
        f.help = "remove the `- `";
    } else if (expected == "a text" && n.is_sequence() && n.items.size() == 1 &&
               n.items.front().is_scalar()) {
        f.suggestion = n.items.front().scalar;
    }
    return f;
}

std::optional<text> field::string() const {
    if (value_ == nullptr) return std::nullopt;
    const node& n = *value_;
    if (!n.is_scalar() || (!n.quoted && (is_number_text(n.scalar) || is_boolean_text(n.scalar)))) {
        wrong_type("a text");
        return std::nullopt;
    }
    return text{n.scalar, n.at};
}

std::optional<text> field::string(std::size_t min, std::size_t max) const {
    auto s = string();
    if (!s) return s;
    if (s->value.size() < min) {
        error("WEIR0204", min == 1 ? "must not be empty"
                                   : "must have at least " + std::to_string(min) + " characters");
        return std::nullopt;
    }
    if (s->value.size() > max) {
        error("WEIR0210", "must have at most " + std::to_string(max) + " characters, found " +
                              std::to_string(s->value.size()));
        return std::nullopt;
    }
    return s;
}

std::optional<text> field::choice(std::initializer_list<std::string_view> allowed) const {
    auto s = string();
    if (!s) return s;
    if (one_of(s->value, allowed)) return s;
    auto& f =
        error("WEIR0207", "must be one of " + joined(allowed) + ", found \"" + s->value + "\"");
    f.suggestion = meant_by(s->value, allowed);
    f.allowed.assign(allowed.begin(), allowed.end());
    return std::nullopt;
}

std::optional<located<std::int64_t>> field::integer(std::int64_t min, std::int64_t max) const {
    if (value_ == nullptr) return std::nullopt;
    const node& n = *value_;
    const bool number = n.is_scalar() && !n.quoted && is_number_text(n.scalar);
    const auto parsed = number ? parse_int(n.scalar) : std::nullopt;
    const bool digits = number && n.scalar.find_first_not_of("+-0123456789") == std::string::npos;
    if (!parsed && !digits) {
        wrong_type("a whole number");
        return std::nullopt;
    }
    const auto unsigned_digits =
        std::string_view(n.scalar).substr(n.scalar.find_first_of("0123456789"));
    if (unsigned_digits.size() > 1 && unsigned_digits.front() == '0') {
        // Octal for YAML 1.1, and so for a cluster; decimal for YAML 1.2.
        error("WEIR0206", "must be a whole number without leading zeros, found " + n.scalar);
        return std::nullopt;
    }
    if (!parsed || *parsed < min || *parsed > max) {
        error("WEIR0208", "must be between " + std::to_string(min) + " and " + std::to_string(max) +
                              ", found " + n.scalar.substr(0, 40));
        return std::nullopt;
    }
    return located<std::int64_t>{*parsed, n.at};
}

std::optional<located<bool>> field::boolean() const {
    if (value_ == nullptr) return std::nullopt;
    const node& n = *value_;
    if (n.is_scalar() && !n.quoted && is_boolean_text(n.scalar)) {
        const bool yes =
            one_of(n.scalar, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"});
        return located<bool>{yes, n.at};
    }
    wrong_type("true or false");
    return std::nullopt;
}

std::vector<named_value> field::strings() const {
    std::vector<named_value> out;
    if (!is_mapping()) return out;
    out.reserve(value_->fields.size());
    for (const auto& [key, value] : value_->fields) {
        const field item(*report_, &value, {&path_, key.scalar, -1}, key.at);
        if (!item) {
            out.push_back({text{key.scalar, key.at}, text{{}, key.at}});
        } else if (auto s = item.string()) {
            out.push_back({text{key.scalar, key.at}, std::move(*s)});
        }
    }
    return out;
}

bool field::is_mapping(std::string_view main) const {
    if (value_ == nullptr) return false;
    if (value_->is_mapping()) return true;
    auto& f = wrong_type("a mapping");
    if (!main.empty() && is_bare(*value_))
        f.suggestion = "{" + std::string(main) + ": " + value_->scalar + "}";
    return false;
}

bool field::is_list(std::size_t min, std::size_t max) const {
    if (value_ == nullptr) return false;
    if (!value_->is_sequence()) {
        wrong_type("a list");
        return false;
    }
    const std::size_t n = value_->items.size();
    if (n < min) {
        error("WEIR0210", "must have at least " + std::to_string(min) +
                              (min == 1 ? " item" : " items") + ", found " + std::to_string(n));
    } else if (n > max) {
        report_->error("WEIR0210",
                       path_.str() + " must have at most " + std::to_string(max) +
                           " items, found " + std::to_string(n),
                       value_->items[max].at);
    }
    return true;
}

// --- object
// ----------------------------------------------------------------------------------------

object::object(const field& from, std::initializer_list<std::string_view> known,
               std::string_view main)
    : report_(&from.reports()),
      value_(from.is_mapping(main) ? from.value() : nullptr),
      path_(from.path()),
      at_(from.at()) {
    if (value_ != nullptr && known.size() != 0) check_known(known);
}

void object::check_known(std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : value_->fields) {
        if (one_of(key.scalar, known)) continue;
        const auto where = path_.str();
        auto& f = report_->error(
            "WEIR0205",
            "unknown field \"" + key.scalar + "\"" + (where.empty() ? "" : " in " + where), key.at);
        const auto meant = meant_by(key.scalar, known);
        f.suggestion = meant;
        f.allowed.assign(known.begin(), known.end());
        if (!meant.empty()) meant_.push_back(meant);
    }
}

field object::operator[](std::string_view name) const {
    return {*report_, value_ == nullptr ? nullptr : value_->get(name), {&path_, name, -1}, at_};
}

bool object::is_written(std::string_view name) const {
    return has(name) || std::find(meant_.begin(), meant_.end(), name) != meant_.end();
}

field object::need(std::string_view name) const {
    const field f = (*this)[name];
    if (value_ == nullptr || is_written(name)) return f;
    const node* key = value_->key(name);
    report_->error("WEIR0204", f.path().str() + (key == nullptr ? " is missing" : " is empty"),
                   key == nullptr ? at_ : key->at);
    return f;
}

span object::key_at(std::string_view name) const {
    const node* key = value_ == nullptr ? nullptr : value_->key(name);
    return key == nullptr ? at_ : key->at;
}

finding& object::error(std::string_view code, std::string_view what) const {
    return report_->error(code, path_.str() + ": " + std::string(what), at_);
}

// --- labels
// ----------------------------------------------------------------------------------------

/// A cluster takes texts only, and YAML makes more of `5` and `yes`.
void report_not_text(const field& from, const node& key, const node& value, severity level) {
    auto& to = from.reports();
    const auto what = from.path().str() + "." + key.scalar;
    auto& f =
        level == severity::error
            ? to.error("WEIR0222", what + " must be a text, found " + describe(value), value.at)
            : to.warning("WEIR0222",
                         what + " is read as a text, but a cluster sees " + describe(value) +
                             " and refuses it",
                         value.at);
    f.help = "put it in quotes";
    f.suggestion = "\"" + value.scalar + "\"";
}

label_list read_labels(const field& from, std::optional<severity> not_texts) {
    label_list out;
    if (!from.is_mapping()) return out;
    for (const auto& [key, value] : from.value()->fields) {
        if (value.is_sequence() || value.is_mapping()) {
            from.reports().error(
                "WEIR0206",
                from.path().str() + "." + key.scalar + " must be a text, found " + describe(value),
                value.at);
            continue;
        }
        if (value.is_scalar() && !value.quoted &&
            (is_number_text(value.scalar) || is_boolean_text(value.scalar))) {
            if (not_texts) report_not_text(from, key, value, *not_texts);
        }
        out.emplace_back(key.scalar, value.is_null() ? std::string() : value.scalar);
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
}

void check_labels(const field& from) {
    if (!from || !from.value()->is_mapping()) return;
    for (const auto& [key, value] : from.value()->fields) {
        if (!is_label_key(key.scalar)) {
            from.reports()
                .error("WEIR0222", "\"" + key.scalar + "\" is not a label name", key.at)
                .help =
                "letters, digits, `-`, `_` and `.`, at most 63, with an optional DNS prefix and "
                "`/` before them";
        }
        if (value.is_scalar() && !is_label_value(value.scalar)) {
            from.reports()
                .error("WEIR0222", "\"" + value.scalar + "\" is not a label value", value.at)
                .help =
                "letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both "
                "ends";
        }
    }
}

label_selector read_selector(const field& from) {
    label_selector out;
    out.at = from.at();
    const object fields(from, {"matchLabels", "matchExpressions"});
    if (!fields) return out;
    out.match_labels = read_labels(fields["matchLabels"], severity::error);
    check_labels(fields["matchLabels"]);
    fields["matchExpressions"].items(0, 1024, [&](const field& item) {
        const object e(item, {"key", "operator", "values"});
        if (!e) return;
        selector_expression x;
        x.at = item.at();
        const auto key = e.need("key").string(1, 316);
        const auto op = e.need("operator").choice({"In", "NotIn", "Exists", "DoesNotExist"});
        e["values"].items(0, 1024, [&](const field& v) {
            if (auto s = v.string()) x.values.push_back(std::move(s->value));
        });
        if (!key || !op) return;
        x.key = key->value;
        if (!is_label_key(x.key))
            e["key"].error("WEIR0222", "is not a label name, found \"" + x.key + "\"");
        const bool takes_values = op->value == "In" || op->value == "NotIn";
        if (takes_values && x.values.empty() &&
            (!e.has("values") || e["values"].value()->is_sequence())) {
            e.error("WEIR0212", "the operator " + op->value + " needs values");
        }
        if (!takes_values && !x.values.empty()) {
            e["values"].error("WEIR0212", "must be empty for the operator " + op->value);
        }
        x.op = op->value == "In"       ? selector_operator::in
               : op->value == "NotIn"  ? selector_operator::not_in
               : op->value == "Exists" ? selector_operator::exists
                                       : selector_operator::does_not_exist;
        out.expressions.push_back(std::move(x));
    });
    return out;
}

// --- matching
// --------------------------------------------------------------------------------------

const std::string* find_label(const label_list& labels, std::string_view key) {
    const auto it =
        std::lower_bound(labels.begin(), labels.end(), key,
                         [](const auto& label, std::string_view k) { return label.first < k; });
    return it != labels.end() && it->first == key ? &it->second : nullptr;
}

bool matches(const label_list& selector, const label_list& labels) {
    return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
        const auto* found = find_label(labels, wanted.first);
        return found != nullptr && *found == wanted.second;
    });
}

bool matches(const label_selector& selector, const label_list& labels) {
    if (!matches(selector.match_labels, labels)) return false;
    return std::all_of(selector.expressions.begin(), selector.expressions.end(),
                       [&](const selector_expression& e) {
                           const auto* found = find_label(labels, e.key);
                           const bool listed =
                               found != nullptr && std::find(e.values.begin(), e.values.end(),
                                                             *found) != e.values.end();
                           switch (e.op) {
                               case selector_operator::in:
                                   return listed;
                               case selector_operator::not_in:
                                   return !listed;
                               case selector_operator::exists:
                                   return found != nullptr;
                               default:
                                   return found == nullptr;
                           }
                       });
}

}  // namespace weir::config
