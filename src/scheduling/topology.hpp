#pragma once

#include <array>
#include <string>

#include "weir/plugin.hpp"

namespace weir::scheduling {

/// How close two endpoints are; the tightest level at which both say the same.
enum class closeness : std::uint8_t { none, region, zone, rack, host };

/// `topology-extractor`: which labels say where an endpoint runs.
class topology_labels final : public plugin_of<> {
  public:
    /// Labels of host, rack, zone, region.
    explicit topology_labels(std::array<std::string, 4> labels) : labels_(std::move(labels)) {}

    closeness between(const endpoint& a, const endpoint& b) const {
        static constexpr std::array levels = {closeness::host, closeness::rack, closeness::zone,
                                              closeness::region};
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            const auto* x = a.label(labels_[i]);
            const auto* y = b.label(labels_[i]);
            if (x != nullptr && y != nullptr && !x->empty() && *x == *y) return levels[i];
        }
        return closeness::none;
    }

  private:
    std::array<std::string, 4> labels_;
};

/// The extractor a plugin reads; the one of that name (its own default) exists once the data graph
/// is closed.
inline const topology_labels* find_topology(const plugin_directory& plugins,
                                            std::string_view name) {
    return dynamic_cast<const topology_labels*>(
        plugins.find(name.empty() ? "topology-extractor" : name));
}

}  // namespace weir::scheduling
