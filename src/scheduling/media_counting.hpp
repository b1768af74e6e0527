#pragma once

#include "payload/media.hpp"

namespace weir::scheduling {

/// A plugin that says what pictures and videos stand for in a prompt; the scan of the body counts
/// by it.
class media_counting {
  public:
    virtual ~media_counting() = default;
    virtual const payload::media_rules& media() const = 0;
};

}  // namespace weir::scheduling
