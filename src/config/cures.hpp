#pragma once

#include <string>
#include <string_view>

/// What a text that breaks a grammar was most likely meant to be, for suggestions. Empty when there
/// is no good guess; what is returned always follows the grammar.
namespace weir::config {

/// `llm_Route` → `llm-route`; dots too become `-` in a `label`.
std::string name_meant_by(std::string_view written, bool label);
/// `https://Chat.example.com:8080/v1` → `chat.example.com`.
std::string hostname_meant_by(std::string_view written, bool wildcard);
/// `/v1//chat/../x` → `/v1/x`, `v1` → `/v1`.
std::string path_meant_by(std::string_view written);
/// ` x-tenant:` → `x-tenant`.
std::string header_name_meant_by(std::string_view written);
/// In GEP-2257's own form: `30` and `30S` → `30s`, `5min` → `5m`, `1d` → `24h`, `1.5h` → `1h30m`.
std::string duration_meant_by(std::string_view written);

}  // namespace weir::config
