#pragma once

#include <string_view>

/// Codes of findings in picker configurations; numbers are stable for ever.
namespace weir::config::picker_code {

inline constexpr std::string_view envelope =
    "WEIR0401";  ///< unknown field, wrong type, apiVersion or kind
inline constexpr std::string_view missing_type = "WEIR0402";
inline constexpr std::string_view duplicate_name = "WEIR0403";
inline constexpr std::string_view unknown_type = "WEIR0404";
inline constexpr std::string_view unknown_parameter = "WEIR0405";
inline constexpr std::string_view bad_parameter = "WEIR0406";
inline constexpr std::string_view undefined_plugin = "WEIR0407";
inline constexpr std::string_view bad_profile =
    "WEIR0408";  ///< no name, twice the same name, no pluginRef
inline constexpr std::string_view two_pickers = "WEIR0409";
inline constexpr std::string_view profile_handler = "WEIR0410";
inline constexpr std::string_view feature_gate = "WEIR0411";
inline constexpr std::string_view dependency = "WEIR0412";  ///< cycle, or data nobody produces
inline constexpr std::string_view wrong_role =
    "WEIR0413";  ///< a plugin named where another kind is needed
inline constexpr std::string_view flow_control =
    "WEIR0414";  ///< a value of the flowControl section
inline constexpr std::string_view translated =
    "WEIR0420";                                           ///< an older shape, read as its newer one
inline constexpr std::string_view maturity = "WEIR0421";  ///< alpha or deprecated plugin type
inline constexpr std::string_view gate_is_off =
    "WEIR0422";  ///< a flowControl section that has no effect
inline constexpr std::string_view approximated =
    "WEIR0423";  ///< needs a side service; weir uses its own means
inline constexpr std::string_view hint = "WEIR0424";  ///< a plugin's own warning or note

}  // namespace weir::config::picker_code
