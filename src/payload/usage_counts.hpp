#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "payload/json_reader.hpp"

namespace weir::payload {

/// The members of a usage object as servers name them; the last of equal names counts.
struct usage_counts {
    std::optional<std::int64_t> prompt;
    std::optional<std::int64_t> input;
    std::optional<std::int64_t> completion;
    std::optional<std::int64_t> output;
    std::optional<std::int64_t> total;
    std::optional<std::int64_t> cached;
    bool unfinished = false;  ///< a count so far, as each event of SGLang has one
};

/// The counts of the object at `token`. False: the object is no JSON.
bool read_usage_counts(json_reader& reader, std::size_t token, usage_counts& found);

/// The same without an index, of an object with which `text` begins, behind which follow at most
/// plain members and the brace that closes a document. What most servers write is plain: names
/// without escapes, whole numbers, nulls and one object of details. Nothing: it is something else,
/// which the reader has to judge.
std::optional<usage_counts> plain_usage_counts(std::string_view text);

}  // namespace weir::payload
