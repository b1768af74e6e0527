#include "base/json.hpp"

#include <charconv>
#include <cmath>

#include "base/utf8.hpp"

namespace weir {
void append_json_escaped(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    while (!text.empty()) {
        const char c = text.front();
        const auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (u < 0x20 || u == 0x7F) {
            out += "\\u00";
            out += hex[u >> 4];
            out += hex[u & 15];
        } else if (u < 0x80) {
            out += c;
        } else {
            const auto n = utf8_sequence(text);
            out += n == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, n);
            text.remove_prefix(n == 0 ? 1 : n);
            continue;
        }
        text.remove_prefix(1);
    }
}

void json_writer::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

json_writer& json_writer::begin_object() {
    separate();
    out_ += '{';
    comma_ = false;
    return *this;
}

json_writer& json_writer::end_object() {
    out_ += '}';
    comma_ = true;
    return *this;
}

json_writer& json_writer::begin_array() {
    separate();
    out_ += '[';
    comma_ = false;
    return *this;
}

json_writer& json_writer::end_array() {
    out_ += ']';
    comma_ = true;
    return *this;
}

json_writer& json_writer::key(std::string_view name) {
    separate();
    out_ += '"';
    append_json_escaped(out_, name);
    out_ += "\":";
    comma_ = false;
    return *this;
}

json_writer& json_writer::value(std::string_view text) {
    separate();
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
    return *this;
}

json_writer& json_writer::value(double number) {
    if (!std::isfinite(number)) return null();
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return raw(std::string_view(text, static_cast<std::size_t>(end - text)));
}

json_writer& json_writer::value(std::int64_t number) { return raw(std::to_string(number)); }
json_writer& json_writer::value(std::uint64_t number) { return raw(std::to_string(number)); }
json_writer& json_writer::value(bool yes) { return raw(yes ? "true" : "false"); }
json_writer& json_writer::null() { return raw("null"); }

json_writer& json_writer::raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
}

}  // namespace weir
