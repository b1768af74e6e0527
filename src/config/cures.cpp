#include "config/cures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "config/grammar.hpp"

namespace weir::config {
namespace {

constexpr std::size_t longest_guess = 300;

/// Milliseconds of a unit, in any of its usual spellings; 0 for none.
double unit_of(std::string_view name) {
    using entry = std::pair<std::string_view, double>;
    constexpr std::array<entry, 21> units{
        {{"", 1e3},        {"s", 1e3},    {"sec", 1e3},    {"secs", 1e3},    {"second", 1e3},
         {"seconds", 1e3}, {"ms", 1},     {"msec", 1},     {"millis", 1},    {"milliseconds", 1},
         {"m", 6e4},       {"min", 6e4},  {"mins", 6e4},   {"minute", 6e4},  {"minutes", 6e4},
         {"h", 3.6e6},     {"hr", 3.6e6}, {"hour", 3.6e6}, {"hours", 3.6e6}, {"d", 8.64e7},
         {"days", 8.64e7}}};
    const auto lower = to_lower(name);
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const entry& u) { return u.first == lower; });
    return found == units.end() ? 0 : found->second;
}

/// Whole hours, minutes, seconds and milliseconds, as few as can be.
std::string spell(std::uint64_t milliseconds) {
    using entry = std::pair<std::uint64_t, std::string_view>;
    constexpr std::array<entry, 4> units{
        {{3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
    std::string out;
    for (const auto& [size, name] : units) {
        if (milliseconds / size != 0)
            out += std::to_string(milliseconds / size) + std::string(name);
        milliseconds %= size;
    }
    return out.empty() ? "0s" : out;
}

}  // namespace

std::string name_meant_by(std::string_view written, bool label) {
    if (written.size() > longest_guess) return {};
    std::string out = to_lower(trim(written));
    for (char& c : out) {
        if (c == '_' || c == ' ' || c == '/' || (label && c == '.')) c = '-';
    }
    return (label ? is_dns_label(out) : is_dns_subdomain(out)) ? out : std::string();
}

std::string hostname_meant_by(std::string_view written, bool wildcard) {
    if (written.size() > longest_guess) return {};
    std::string lower = to_lower(trim(written));
    std::string_view rest = lower;
    if (const auto scheme = rest.find("://"); scheme != rest.npos) rest.remove_prefix(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    if (std::count(rest.begin(), rest.end(), ':') == 1) rest = rest.substr(0, rest.find(':'));
    while (rest.ends_with('.')) rest.remove_suffix(1);
    return hostname_problem(rest, wildcard) ? std::string() : std::string(rest);
}

std::string path_meant_by(std::string_view written) {
    if (written.size() > longest_guess) return {};
    std::vector<std::string_view> segments;
    for (const auto part : split(written, '/')) {
        if (part == "..") {
            if (!segments.empty()) segments.pop_back();
        } else if (!part.empty() && part != ".") {
            segments.push_back(part);
        }
    }
    std::string out;
    for (const auto s : segments) out.append("/").append(s);
    if (out.empty() || written.ends_with('/')) out += '/';
    return path_problem(out) ? std::string() : out;
}

std::string header_name_meant_by(std::string_view written) {
    written = trim(written);
    if (written.ends_with(':')) written.remove_suffix(1);
    std::string out(written);
    std::replace(out.begin(), out.end(), ' ', '-');
    return is_header_name(out) ? out : std::string();
}

std::string duration_meant_by(std::string_view written) {
    if (written.size() > 40) return {};
    double milliseconds = 0;
    for (auto rest = trim(written); !rest.empty();) {
        const auto digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
        const auto number = parse_double(rest.substr(0, digits));
        rest = trim(rest.substr(digits));
        const auto letters = std::min(rest.find_first_of("0123456789. "), rest.size());
        const auto unit = unit_of(rest.substr(0, letters));
        if (!number || unit == 0) return {};
        milliseconds += *number * unit;
        rest = trim(rest.substr(letters));
    }
    if (milliseconds > 3.6e11) return {};
    const auto out = spell(static_cast<std::uint64_t>(std::llround(milliseconds)));
    return parse_gateway_duration(out) ? out : std::string();
}

}  // namespace weir::config
