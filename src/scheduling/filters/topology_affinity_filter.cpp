#include <algorithm>
#include <memory>

#include "scheduling/topology.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Keeps endpoints close to the one that an earlier stage chose; all when that is not known or none
/// is close.
class near_peer final : public plugin_of<filter> {
  public:
    near_peer(closeness least, std::string producer)
        : least_(least), producer_(std::move(producer)) {}

    void link(const plugin_directory& plugins) override {
        labels_ = find_topology(plugins, producer_);
    }

    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        if (context.peer == decision_context::no_peer || labels_ == nullptr) return;
        const auto& peer = candidates.endpoints[context.peer];
        bool any = false;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            keep[i] = labels_->between(peer, candidates.at(i)) >= least_ ? 1 : 0;
            any = any || keep[i] != 0;
        }
        if (!any) std::fill(keep.begin(), keep.end(), std::uint8_t{1});
    }

  private:
    closeness least_;
    std::string producer_;
    const topology_labels* labels_ = nullptr;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto level = p.one_of("minAffinity", "host", {"host", "rack", "zone", "region"});
    auto producer = p.text("topologyProducerName", "");
    context.consume(data_kind::topology, producer, data_need::required);
    const auto least = level == "rack"     ? closeness::rack
                       : level == "zone"   ? closeness::zone
                       : level == "region" ? closeness::region
                                           : closeness::host;
    return std::make_unique<near_peer>(least, std::move(producer));
}

constexpr parameter_doc docs[] = {
    {"minAffinity", "string", "host", "host, rack, zone or region: how close is close enough"},
    {"topologyProducerName", "string", "topology-extractor", "whose labels to read"},
};

}  // namespace

extern const plugin_type topology_affinity_filter = {
    .name = "topology-affinity-filter",
    .level = stability::alpha,
    .summary = "keeps endpoints close to the one an earlier stage chose",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
