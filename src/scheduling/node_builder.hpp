#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/node.hpp"

namespace weir::scheduling {

/// Makes tree values that no file contains; `at` says which written value they stand for.
inline config::node make_scalar(std::string_view text, bool quoted = false, config::span at = {}) {
    config::node n;
    n.kind = config::node_kind::scalar;
    n.scalar = text;
    n.quoted = quoted;
    n.at = std::move(at);
    return n;
}

inline config::node make_mapping(std::vector<std::pair<std::string, config::node>> fields = {},
                                 config::span at = {}) {
    config::node n;
    n.kind = config::node_kind::mapping;
    n.at = at;
    for (auto& [key, value] : fields)
        n.fields.emplace_back(make_scalar(key, false, at), std::move(value));
    return n;
}

inline config::node make_sequence(std::vector<config::node> items = {}, config::span at = {}) {
    config::node n;
    n.kind = config::node_kind::sequence;
    n.items.all() = std::move(items);
    n.at = std::move(at);
    return n;
}

}  // namespace weir::scheduling
