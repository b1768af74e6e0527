#include <algorithm>
#include <memory>

#include "scheduling/session_affinity.hpp"
#include "scheduling/session_affinity_docs.hpp"

namespace weir::scheduling::plugins {

namespace {

class session_scorer final : public plugin_of<scorer, pre_request_hook, response_hook> {
  public:
    explicit session_scorer(std::unique_ptr<session_affinity> sessions)
        : sessions_(std::move(sessions)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<session_affinity::evaluation>();
    }
    void link(const plugin_directory& plugins) override { sessions_->link(plugins); }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<session_scorer*>(&previous)) sessions_->adopt(*p->sessions_);
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        if (const auto mine = sessions_->preferred(context, candidates)) scores[*mine] = 1;
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        sessions_->pre_request(context, candidates, chosen);
    }
    void response_header(const response_facts& facts,
                         std::vector<header_change>& changes) override {
        sessions_->response_header(facts, changes);
    }

  private:
    std::unique_ptr<session_affinity> sessions_;
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
