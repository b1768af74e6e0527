#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace weir::flowcontrol {

/// A value, or the text of the error that Go gives in its place.
template <class T>
using go_value = std::variant<T, std::string>;

/// `strconv.Atoi`: decimal, optional sign, 64 bits.
go_value<std::int64_t> go_atoi(std::string_view text);

/// `strconv.ParseFloat(text, 64)`: decimal and hexadecimal, `inf`, `infinity`, `nan` in any case,
/// underscores between digits. A value too large is an error, one too small is 0.
go_value<double> go_parse_float(std::string_view text);

/// `time.ParseDuration`.
go_value<std::chrono::nanoseconds> go_parse_duration(std::string_view text);

/// A number as `fmt.Sprint` shows a float64.
std::string go_format_float(double value);

/// `strconv.Quote` for the texts people put into the environment.
std::string go_quote(std::string_view text);

}  // namespace weir::flowcontrol
