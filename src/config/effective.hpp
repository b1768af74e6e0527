#pragma once

#include "config/model.hpp"
#include "config/resources.hpp"

namespace weir::config {

/// Writes `model::effective_json`: what is in force after every reference was followed, and each
/// object that was read with its file and line. Private keys and certificates are left out.
void write_effective(const resources& all, model& into);

}  // namespace weir::config
