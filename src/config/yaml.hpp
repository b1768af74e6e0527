#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "config/diagnostics.hpp"
#include "config/node.hpp"

/// Text to trees: the only place that talks to libyaml. Bounded in depth, values and alias
/// expansion, so that no text takes more than a second or a quarter of a gibibyte per 10 MiB.
namespace weir::config {

inline constexpr std::size_t max_depth = 128;  ///< nesting of lists and mappings
inline constexpr std::size_t max_values =
    1'000'000;  ///< scalars, lists, mappings and keys of one document
inline constexpr std::size_t max_alias_cost =
    250'000;  ///< values copied for anchors and aliases of one document
inline constexpr std::size_t max_text = 64U << 20;  ///< bytes of one source

/// A part of a file that is parsed on its own; marks come out as places in the file.
struct text_window {
    const source_file* file = nullptr;
    std::string_view text;
    std::uint32_t first_line = 1;  ///< of the file
    std::uint32_t first_byte = 0;  ///< of the file
    const span* collapse =
        nullptr;  ///< when set, every mark is this span (the text is not literally in the file)
};

/// Called once a document, in order; empty documents are left out.
using document_sink = std::function<void(node&& root)>;

/// Reads a whole source, YAML or JSON: a `.json` file strictly as JSON, a text that starts with a
/// brace as JSON if it is and as YAML if not. After a syntax error reading goes on at the next
/// `---`.
void read_documents(const source_ptr& source, findings& found, const document_sink& sink);

/// Reads YAML documents of a window. Returns false after any syntax error.
bool read_yaml(const text_window& window, findings& found, const document_sink& sink);

/// Reads one or more JSON values of a window, strictly as RFC 8259. Returns false after a syntax
/// error.
bool read_json(const text_window& window, findings& found, const document_sink& sink);

}  // namespace weir::config
