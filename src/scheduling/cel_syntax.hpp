#pragma once

#include <string>
#include <string_view>

namespace weir::scheduling {

/// What is wrong with `text` as an expression of the Common Expression Language over the one
/// variable `usage`, and where; empty when nothing is. Types and names of functions are not looked
/// at: nothing here evaluates it.
std::string cel_problem(std::string_view text);

}  // namespace weir::scheduling
