#include <algorithm>
#include <memory>

#include "scheduling/session_affinity.hpp"
#include "scheduling/session_affinity_docs.hpp"

namespace weir::scheduling::plugins {

namespace {

class session_filter final : public plugin_of<filter, pre_request_hook, response_hook> {
  public:
    explicit session_filter(std::unique_ptr<session_affinity> sessions)
        : sessions_(std::move(sessions)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<session_affinity::evaluation>();
    }
    void link(const plugin_directory& plugins) override { sessions_->link(plugins); }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<session_filter*>(&previous)) sessions_->adopt(*p->sessions_);
    }

    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const auto mine = sessions_->preferred(context, candidates);
        if (!mine) return;
        std::fill(keep.begin(), keep.end(), std::uint8_t{0});
        keep[*mine] = 1;
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
