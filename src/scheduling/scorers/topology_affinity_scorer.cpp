#include <memory>

#include "scheduling/topology.hpp"

namespace weir::scheduling::plugins {

namespace {

double score_of(closeness c) {
    switch (c) {
        case closeness::host:
            return 1;
        case closeness::rack:
            return 0.2;
        case closeness::zone:
            return 0.05;
        case closeness::region:
            return 0.02;
        case closeness::none:
            return 0;
    }
    return 0;
}

class by_closeness final : public plugin_of<scorer> {
  public:
    explicit by_closeness(std::string producer) : producer_(std::move(producer)) {}

    void link(const plugin_directory& plugins) override {
        labels_ = find_topology(plugins, producer_);
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        if (context.peer == decision_context::no_peer || labels_ == nullptr) return;
        const auto& peer = candidates.endpoints[context.peer];
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            scores[i] = score_of(labels_->between(peer, candidates.at(i)));
        }
    }

  private:
    std::string producer_;
    const topology_labels* labels_ = nullptr;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    auto producer = p.text("topologyProducerName", "");
    context.consume(data_kind::topology, producer, data_need::required);
    return std::make_unique<by_closeness>(std::move(producer));
}

constexpr parameter_doc docs[] = {
    {"topologyProducerName", "string", "topology-extractor", "whose labels to read"},
};

}  // namespace

extern const plugin_type topology_affinity_scorer = {
    .name = "topology-affinity-scorer",
    .level = stability::alpha,
    .summary =
        "host 1, rack 0.2, zone 0.05, region 0.02 relative to the endpoint an earlier stage chose",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
