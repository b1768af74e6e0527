#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace weir::datalayer {

/// Endpoints whose metrics stopped being readable, told together: a rack that goes away is one
/// line of the log. Plain values and a time.
class silence_log {
  public:
    static constexpr duration gathering = std::chrono::milliseconds(200);

    struct silent {
        std::string endpoint;
        std::string url;
        std::string reason;
    };
    /// The first of those that fell silent, and how many did with it.
    struct line {
        silent first;
        std::size_t more = 0;
    };

    void note(silent who, time_point now);
    /// What to write, once `gathering` has passed since the first.
    std::optional<line> take(time_point now);

  private:
    std::optional<line> line_;
    time_point since_{};
};

}  // namespace weir::datalayer
