#include "scheduling/session_affinity.hpp"

namespace weir::scheduling::plugins {

namespace {

class session_scorer final : public session_plugin<scorer> {
  public:
    using session_plugin::session_plugin;

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        if (const auto mine = sessions().preferred(context, candidates)) scores[*mine] = 1;
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    return std::make_unique<session_scorer>(session_affinity::read(p, context));
}

}  // namespace

extern const plugin_type session_affinity_scorer = {
    .name = "session-affinity-scorer",
    .level = stability::alpha,
    .summary = "1 for the endpoint that a session is bound to",
    .docs = session_affinity_docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
