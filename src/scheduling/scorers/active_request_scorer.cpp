#include <algorithm>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class fewest_active final : public plugin_of<scorer> {
  public:
    fewest_active(double idle, double busy) : idle_(idle), busy_(busy) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto& counts = candidates.signals->inflight_requests;
        double most = 0;
        for (const auto e : candidates.indexes) most = std::max(most, counts[e]);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const double count = counts[candidates[i]];
            scores[i] = count <= idle_ ? 1 : (most - count) / most * busy_;
        }
    }

    void inputs(const decision_context&, const candidate_view& candidates,
                score_inputs& out) const override {
        tell_column(out, candidates, "inFlight", candidates.signals->inflight_requests);
    }

  private:
    double idle_;
    double busy_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    p.has("requestTimeout");  // deprecated, whatever it says
    const auto idle = p.integer("idleThreshold", 0);
    const auto busy = p.number("maxBusyScore", 1);
    const auto producer = p.text("inFlightLoadProducerName", "");
    context.consume(data_kind::inflight_load, producer, data_need::required);
    return std::make_unique<fewest_active>(static_cast<double>(std::max<std::int64_t>(idle, 0)),
                                           busy < 0 || busy > 1 ? 1 : busy);
}

constexpr parameter_doc docs[] = {
    {"idleThreshold", "int", "0",
     "up to this many requests an endpoint counts as idle and scores 1"},
    {"maxBusyScore", "float", "1.0", "best score of an endpoint that is not idle, 0..1"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
    {"requestTimeout", "string", "", "deprecated, ignored"},
};

}  // namespace

extern const plugin_type active_request_scorer = {
    .name = "active-request-scorer",
    .level = stability::beta,
    .summary = "prefers the fewest requests this gateway has under way",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
