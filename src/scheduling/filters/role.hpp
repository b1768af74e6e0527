#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "weir/plugin.hpp"

namespace weir::scheduling {

/// The label that says which stages of inference an endpoint serves.
inline constexpr std::string_view role_label = "llm-d.ai/role";

/// Keeps endpoints whose role is one of a few.
class role_filter final : public plugin_of<filter> {
  public:
    role_filter(std::span<const std::string_view> roles, bool without_label)
        : roles_(roles), without_label_(without_label) {}

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* role = candidates.at(i).label(role_label);
            const bool fits = role == nullptr
                                  ? without_label_
                                  : std::find(roles_.begin(), roles_.end(), *role) != roles_.end();
            keep[i] = fits ? 1 : 0;
        }
    }

  private:
    std::span<const std::string_view> roles_;  ///< of static storage
    bool without_label_;
};

}  // namespace weir::scheduling
