#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class always final : public plugin_of<decider> {
  public:
    bool wanted(const decision_context&, const candidate_view&, std::uint32_t) const override {
        return true;
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<always>();
}

}  // namespace

extern const plugin_type always_disagg_pd_decider = {
    .name = "always-disagg-pd-decider",
    .level = stability::beta,
    .summary = "prefill elsewhere, always",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
