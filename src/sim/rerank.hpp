#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/dialect.hpp"
#include "sim/json_reader.hpp"

namespace weir::sim {

/// What `/rerank` answers: documents by a score made up from query and text, the same each time.
/// Nothing when the body has no list of documents.
std::optional<plain_answer> rerank(json_document& document, std::string_view body,
                                   const std::string& model);

}  // namespace weir::sim
