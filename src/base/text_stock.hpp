#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// One thread's stock of texts whose memory is used again, so that a thousand requests under way
/// ask the allocator for it once each. The last one given back is the next one taken: its lines
/// are in cache.
class text_stock {
  public:
    static constexpr std::size_t usual = 2048;  ///< what a new one has room for, bytes

    std::string take() {
        std::string out;
        if (kept_.empty()) {
            out.reserve(usual);
        } else {
            out = std::move(kept_.back());
            kept_.pop_back();
            out.clear();
        }
        return out;
    }

    /// What is short of the usual room or several times larger is not kept.
    void give(std::string text) {
        const auto size = text.capacity();
        if (size >= usual && size <= most && kept_.size() < max_kept)
            kept_.push_back(std::move(text));
    }

  private:
    static constexpr std::size_t most = 4 * usual;
    static constexpr std::size_t max_kept = 256;

    std::vector<std::string> kept_;
};

}  // namespace weir
