#pragma once

#include <span>

#include "config/picker_settings.hpp"
#include "payload/request.hpp"

namespace weir::proxy {

/// What the parsers of a picker configuration read. The default list reads SGLang's own API too.
payload::api_claims claims_of(std::span<const config::parser_kind> parsers);

}  // namespace weir::proxy
