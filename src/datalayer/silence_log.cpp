#include "datalayer/silence_log.hpp"

#include <utility>

namespace weir::datalayer {

void silence_log::note(silent who, time_point now) {
    if (line_) {
        ++line_->more;
        return;
    }
    line_ = line{std::move(who), 0};
    since_ = now;
}

std::optional<silence_log::line> silence_log::take(time_point now) {
    if (!line_ || now - since_ < gathering) return std::nullopt;
    return std::exchange(line_, std::nullopt);
}

}  // namespace weir::datalayer
