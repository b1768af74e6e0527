#pragma once

#include <memory>

#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "config/resources.hpp"

namespace weir::config {

/// Reads all documents of one text into `into` and reports every mistake of syntax and schema.
/// Lists unpack, kinds weir does not read go to `into.skipped`. Both `into` and `found` keep the
/// source alive. Never throws for any text.
void parse_source(const source_ptr& source, resources& into, findings& found);

/// Reports objects of one kind that have the same namespace and name, once all sources are read.
void check_duplicates(const resources& all, findings& found);

/// Parses a text that stands inside a file, such as a value of a ConfigMap, as one YAML or JSON
/// document whose marks point into that file (into each line of a literal block, else to the whole
/// value). Null when it is empty or has a syntax error, which is reported to `found`.
/// `value.at.file` must be `file` (or null for a text without a file).
std::shared_ptr<const node> parse_embedded(const source_ptr& file, const text& value,
                                           findings& found);

/// Parses a whole source as exactly one document (`--config-file`, `--config-text`). Null after a
/// syntax error or for an empty text; both are reported.
std::shared_ptr<const node> parse_single(const source_ptr& source, findings& found);

}  // namespace weir::config
