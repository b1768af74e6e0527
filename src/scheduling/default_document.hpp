#pragma once

#include <memory>

#include "config/node.hpp"
#include "scheduling/scheduler.hpp"

namespace weir::scheduling {

/// The built-in EndpointPickerConfig as a tree without places (llm-d-router head: queue 2, KV cache
/// 2, prefix 3). weir's own preset is the same until measurements find a better one.
std::shared_ptr<const config::node> default_document(preset which);

}  // namespace weir::scheduling
