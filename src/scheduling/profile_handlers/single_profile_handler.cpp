#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Runs the one profile there is.
class only_profile final : public plugin_of<profile_handler> {
  public:
    std::string bind(std::span<const std::string> profiles) override {
        if (profiles.size() > 1)
            return "SingleProfileHandler cannot support multiple scheduling profiles";
        if (!profiles.empty()) name_ = profiles[0];
        return {};
    }

    void next_profiles(decision_context&, const candidate_view&, decision& so_far,
                       std::vector<std::uint32_t>& next) const override {
        if (so_far.profiles.empty()) next.push_back(0);
    }

    std::string conclude(const decision_context&, const candidate_view&,
                         decision& result) const override {
        result.primary = 0;
        if (!result.primary_targets().empty()) return {};
        return "failed to run scheduler profile '" + name_ + "'";
    }

  private:
    std::string name_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<only_profile>();
}

}  // namespace

extern const plugin_type single_profile_handler = {
    .name = "single-profile-handler",
    .level = stability::beta,
    .summary = "runs the one scheduling profile",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
