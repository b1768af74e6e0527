#pragma once

#include <string>
#include <vector>

namespace weir::scheduling {

/// A plugin whose verdict depends on the request's headers says on which: a decision keeps them, so
/// that it can be made again.
class header_reader {
  public:
    virtual ~header_reader() = default;
    /// Names in lower case.
    virtual std::vector<std::string> headers_read() const = 0;
};

}  // namespace weir::scheduling
