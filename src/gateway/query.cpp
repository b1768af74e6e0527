#include "gateway/query.hpp"

#include <algorithm>
#include <cstddef>

namespace weir::gateway {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_encoded(std::string_view text) { return text.find_first_of("%+") != text.npos; }

std::string decode(std::string_view text, char plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out += static_cast<char>(high * 16 + low);
                i += 2;
                continue;
            }
        }
        out += text[i] == '+' ? plus : text[i];
    }
    return out;
}

}  // namespace

std::string decode_query(std::string_view text) { return decode(text, ' '); }

std::string decode_path(std::string_view text) { return decode(text, '+'); }

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = pair.find('=');
        const auto key = pair.substr(0, equals);
        if (key != name && !(is_encoded(key) && decode_query(key) == name)) continue;
        if (equals == pair.npos) return std::string();
        const auto value = pair.substr(equals + 1);
        return is_encoded(value) ? decode_query(value) : std::string(value);
    }
    return std::nullopt;
}

}  // namespace weir::gateway
