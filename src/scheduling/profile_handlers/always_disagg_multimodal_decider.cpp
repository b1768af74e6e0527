#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class with_media final : public plugin_of<decider> {
  public:
    bool wanted(const decision_context& context, const candidate_view&,
                std::uint32_t) const override {
        return !context.request.media.empty();
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<with_media>();
}

}  // namespace

extern const plugin_type always_disagg_multimodal_decider = {
    .name = "always-disagg-multimodal-decider",
    .level = stability::beta,
    .summary = "encode elsewhere whatever has an image, a sound or a video",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
