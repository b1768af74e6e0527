#include "config/diagnostics.hpp"

namespace weir::config {

finding& findings::add(severity level, std::string_view code, std::string_view message,
                       const span& at) {
    const bool full = ++per_file_[at.file] > kept_per_file;
    if (full) {
        ++dropped_[static_cast<std::size_t>(level)];
        overflow_ = {};
    } else {
        list_.push_back({});
    }
    auto& f = full ? overflow_ : list_.back();
    f.level = level;
    f.code = std::string(code);
    f.message = std::string(message);
    f.at = at;
    return f;
}

}  // namespace weir::config
