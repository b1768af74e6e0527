#include "admin/json_body.hpp"

#include "base/strings.hpp"
#include "config/diagnostics.hpp"
#include "config/yaml.hpp"

namespace weir::admin {
namespace {

/// One past the JSON value that begins at `at` of a text that is known to be JSON.
std::size_t value_end(std::string_view text, std::size_t at) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = at; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
            if (c == '"' && depth == 0) return i + 1;
            continue;
        }
        if (depth == 0 && i != at && std::string_view(",]} \t\r\n").find(c) != text.npos) return i;
        if (c == '"') quoted = true;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return i + 1;
    }
    return text.size();
}

bool is_string(const config::node& n) { return n.is_scalar() && n.quoted; }

}  // namespace

json_body::json_body(std::string text) {
    root_.kind = config::node_kind::mapping;
    if (trim(text, true).empty()) return;
    file_ = std::make_shared<config::source_file>(config::source_file{"<body>", std::move(text)});
    config::text_window window;
    window.file = file_.get();
    window.text = file_->text;
    config::findings found;
    int documents = 0;
    const bool good = config::read_json(window, found, [&](config::node&& root) {
        root_ = std::move(root);
        ++documents;
    });
    if (!good || found.has_errors()) {
        const auto& first = found.list().front();
        fail("the body is not JSON: " + first.message + " (line " +
             std::to_string(first.at.start.line) + ", column " +
             std::to_string(first.at.start.column) + ")");
    } else if (documents != 1 || !root_.is_mapping()) {
        fail("the body must be one JSON object");
    }
    if (!root_.is_mapping()) {
        root_ = {};
        root_.kind = config::node_kind::mapping;
    }
}

void json_body::fail(std::string sentence) {
    if (problem_.empty()) problem_ = std::move(sentence);
}

bool json_body::has(std::string_view name) const {
    const auto* n = get(name);
    return n != nullptr && !n->is_null();
}

bool json_body::is_text(std::string_view name) const {
    const auto* n = get(name);
    return n != nullptr && is_string(*n);
}

std::string json_body::text(std::string_view name, std::string_view fallback) {
    if (!has(name)) return std::string(fallback);
    const auto* n = get(name);
    if (is_string(*n)) return n->scalar;
    fail("\"" + std::string(name) + "\" must be a text");
    return std::string(fallback);
}

std::optional<std::int64_t> json_body::number(std::string_view name) {
    if (!has(name)) return std::nullopt;
    const auto* n = get(name);
    const auto value = n->is_scalar() && !n->quoted ? parse_int(n->scalar) : std::nullopt;
    if (!value) fail("\"" + std::string(name) + "\" must be a whole number");
    return value;
}

std::vector<std::pair<std::string, std::string>> json_body::texts(std::string_view name) {
    std::vector<std::pair<std::string, std::string>> out;
    if (!has(name)) return out;
    const auto* n = get(name);
    if (!n->is_mapping()) {
        fail("\"" + std::string(name) + "\" must be an object of texts");
        return out;
    }
    for (const auto& [key, value] : n->fields) {
        if (is_string(value)) {
            out.emplace_back(key.scalar, value.scalar);
        } else {
            fail("\"" + std::string(name) + "." + key.scalar + "\" must be a text");
        }
    }
    return out;
}

std::vector<std::int64_t> json_body::numbers(std::string_view name) {
    std::vector<std::int64_t> out;
    if (!has(name)) return out;
    const auto* n = get(name);
    if (!n->is_sequence()) fail("\"" + std::string(name) + "\" must be a list of numbers");
    for (const auto& item : n->items) {
        const auto value = item.is_scalar() && !item.quoted ? parse_int(item.scalar) : std::nullopt;
        if (value) {
            out.push_back(*value);
        } else {
            fail("\"" + std::string(name) + "\" must be a list of whole numbers");
        }
    }
    return out;
}

std::string json_body::raw(std::string_view name) const {
    const auto* n = get(name);
    if (n == nullptr) return {};
    const std::size_t begin = n->at.start.offset;
    return file_->text.substr(begin, value_end(file_->text, begin) - begin);
}

void json_body::only(std::initializer_list<std::string_view> names) {
    const std::vector<std::string_view> known(names);
    for (const auto& [key, value] : root_.fields) {
        bool found = false;
        for (const auto name : known) found = found || name == key.scalar;
        if (found) continue;
        const auto near = nearest(key.scalar, known);
        fail("there is no member \"" + key.scalar + "\"" +
             (near.empty() ? std::string() : "; did you mean \"" + std::string(near) + "\"?"));
    }
}

}  // namespace weir::admin
