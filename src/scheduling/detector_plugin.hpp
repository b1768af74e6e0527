#pragma once

#include "config/picker_settings.hpp"

namespace weir::scheduling {

/// A plugin that is also a saturation detector; flow control works from the same parameters.
class detector_plugin {
  public:
    virtual ~detector_plugin() = default;
    virtual const config::detector_settings& detector() const = 0;
};

}  // namespace weir::scheduling
