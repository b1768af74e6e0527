#pragma once

#include <span>
#include <string_view>

namespace weir::config {

/// One kind of finding. Numbers are stable for ever: 01xx text, 02xx schema, 03xx references
/// between resources, 04xx picker configurations, 05xx files and folders.
struct code_info {
    std::string_view code;   ///< `WEIR0203`
    std::string_view title;  ///< one line
    /// What it means, why it matters, how to cure it; for `weir check --explain`.
    std::string_view text;
};

/// Every code, in order.
std::span<const code_info> all_codes();

/// What the mistake looks like, and what is written instead; both may have several lines.
struct code_example {
    std::string_view wrong;
    std::string_view right;
};

/// The example of a code; every code has one.
code_example example_of(std::string_view code);

/// Looks a code up as a person types it (`WEIR0203`, `weir0203`, `0203`, `203`); null when there is
/// none.
const code_info* find_code(std::string_view typed);

}  // namespace weir::config
