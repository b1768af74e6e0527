#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "config/lean_vector.hpp"

namespace weir::config {

/// A place in a source text; line and column count from 1, column in characters, offset in bytes
/// from 0.
struct mark {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t offset = 0;
};

/// One text that was read, kept for the source lines of diagnostics.
struct source_file {
    std::string path;  ///< as the user named it; `<stdin>`, `<config-text>`, `<command line>` for
                       ///< texts without a file
    std::string text;
};
using source_ptr = std::shared_ptr<const source_file>;

/// Where a value was written. The default says "no file", as for values that came from a flag. The
/// file is not owned: whoever keeps spans (`resources`, `findings`, `model`, `document`) keeps the
/// `source_ptr` beside them.
struct span {
    const source_file* file = nullptr;
    mark start;
    mark end;  ///< one past the last character
};

enum class node_kind : std::uint8_t { null, scalar, sequence, mapping };

struct node_field;

/// One YAML or JSON value with its place. Aliases are resolved (their copies keep the marks of the
/// anchor); duplicate keys are kept in order (and reported).
struct node {
    node_kind kind = node_kind::null;
    bool quoted = false;             ///< a scalar in quotes or a block scalar: always a string
    std::string scalar;              ///< the text of a scalar, unquoted
    lean_vector<node> items;         ///< of a sequence
    lean_vector<node_field> fields;  ///< of a mapping, in file order; keys are scalars
    span at;

    bool is_null() const { return kind == node_kind::null; }
    bool is_scalar() const { return kind == node_kind::scalar; }
    bool is_sequence() const { return kind == node_kind::sequence; }
    bool is_mapping() const { return kind == node_kind::mapping; }

    /// The value of the first field of that name, or null.
    const node* get(std::string_view key) const;
    /// The key node of the first field of that name, or null.
    const node* key(std::string_view name) const;
};

/// A key of a mapping and its value. A type of its own: a pair of nodes cannot be named inside
/// `node` (clang with libstdc++ wants it complete there).
struct node_field {
    node first;
    node second;
};

inline const node* node::get(std::string_view key) const {
    for (const auto& [k, v] : fields) {
        if (k.scalar == key) return &v;
    }
    return nullptr;
}

inline const node* node::key(std::string_view name) const {
    for (const auto& [k, v] : fields) {
        if (k.scalar == name) return &k;
    }
    return nullptr;
}

/// One document of a source, alive as long as its text.
struct document {
    source_ptr file;
    node root;
};

/// Shares the root of a document; the text behind its spans lives as long as the result.
inline std::shared_ptr<const node> share_root(std::shared_ptr<const document> doc) {
    const node* root = doc ? &doc->root : nullptr;
    return {std::move(doc), root};
}

}  // namespace weir::config
