#pragma once

#include "config/picker_settings.hpp"
#include "scheduling/plugin_builder.hpp"

namespace weir::scheduling {

/// Fills what other rooms read: flow control, detector, parsers, data layer. Creates the defaults
/// the reference creates.
config::picker_settings build_settings(const picker_spec& spec, plugin_builder& plugins,
                                       config::findings& found);

}  // namespace weir::scheduling
