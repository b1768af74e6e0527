#include <algorithm>

#include "scheduling/session_affinity.hpp"

namespace weir::scheduling::plugins {

namespace {

class session_filter final : public session_plugin<filter> {
  public:
    using session_plugin::session_plugin;

    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const auto mine = sessions().preferred(context, candidates);
        if (!mine) return;
        std::fill(keep.begin(), keep.end(), std::uint8_t{0});
        keep[*mine] = 1;
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    return std::make_unique<session_filter>(session_affinity::read(p, context));
}

}  // namespace

extern const plugin_type session_affinity_filter = {
    .name = "session-affinity-filter",
    .level = stability::alpha,
    .summary = "keeps the endpoint that a session is bound to",
    .docs = session_affinity_docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
