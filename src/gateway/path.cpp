#include "gateway/path.hpp"

#include <cstddef>

namespace weir::gateway {
namespace {

/// The length of a dot at the front of `s`: 1 for `.`, 3 for `%2e`, 0 for anything else.
std::size_t dot_length(std::string_view s) {
    if (s.starts_with('.')) return 1;
    return s.starts_with("%2e") || s.starts_with("%2E") ? 3 : 0;
}

/// How many dots a segment consists of: 1 or 2 for a dot segment, 0 for an ordinary one.
int dot_segment(std::string_view segment) {
    const auto first = dot_length(segment);
    if (first == 0) return 0;
    segment.remove_prefix(first);
    if (segment.empty()) return 1;
    const auto second = dot_length(segment);
    return second != 0 && second == segment.size() ? 2 : 0;
}

/// False for nearly every path: no empty segment, and none that begins with a dot.
bool may_change(std::string_view path) {
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
        if (path[i] != '/') continue;
        if (path[i + 1] == '/' || dot_length(path.substr(i + 1)) != 0) return true;
    }
    return false;
}

}  // namespace

target_parts split_target(std::string_view target) {
    const auto at = target.find('?');
    if (at == std::string_view::npos) return {target, {}, false};
    return {target.substr(0, at), target.substr(at + 1), true};
}

std::optional<std::string_view> normalise_path(std::string_view path, std::string& scratch) {
    if (!path.starts_with('/')) return std::nullopt;
    if (!may_change(path)) return path;
    scratch.clear();
    bool ends_with_slash = false;
    for (std::size_t i = 0; i < path.size();) {
        const auto begin = i + 1;  // path[i] is a slash
        const auto end = std::min(path.find('/', begin), path.size());
        const auto segment = path.substr(begin, end - begin);
        i = end;
        ends_with_slash = true;
        if (segment.empty()) continue;
        switch (dot_segment(segment)) {
            case 1:
                break;
            case 2:
                if (scratch.empty()) return std::nullopt;
                scratch.resize(scratch.rfind('/'));
                break;
            default:
                scratch += '/';
                scratch += segment;
                ends_with_slash = false;
        }
    }
    if (ends_with_slash) scratch += '/';
    return std::string_view(scratch);
}

}  // namespace weir::gateway
