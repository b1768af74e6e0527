#include "scheduling/data_graph.hpp"

#include <algorithm>

namespace weir::scheduling {

std::string_view data_graph::default_producer(data_kind kind) {
    switch (kind) {
        case data_kind::prefix_match:
            return "approx-prefix-cache-producer";
        case data_kind::latency_prediction:
            return "predicted-latency-producer";
        case data_kind::uncached_tokens:
        case data_kind::inflight_load:
            return "inflight-load-producer";
        case data_kind::encoder_match:
            return "mm-embeddings-cache-producer";
        case data_kind::session_id:
            return "session-id-producer";
        case data_kind::agent_identity:
            return "agent-identity";
        case data_kind::tokenized_prompt:
            return "token-producer";
        case data_kind::core_metrics:
            return "core-metrics-extractor";
        case data_kind::topology:
            return "topology-extractor";
    }
    return {};
}

std::string_view data_graph::key_name(data_kind kind) {
    switch (kind) {
        case data_kind::prefix_match:
            return "PrefixCacheMatchInfoDataKey";
        case data_kind::latency_prediction:
            return "LatencyPredictionInfoDataKey";
        case data_kind::uncached_tokens:
            return "UncachedRequestTokensDataKey";
        case data_kind::inflight_load:
            return "InFlightLoadDataKey";
        case data_kind::encoder_match:
            return "EncoderCacheMatchInfoDataKey";
        case data_kind::session_id:
            return "SessionIDDataKey";
        case data_kind::agent_identity:
            return "AgentIdentityDataKey";
        case data_kind::tokenized_prompt:
            return "TokenizedPromptDataKey";
        case data_kind::core_metrics:
            return "CoreMetricsDataKey";
        case data_kind::topology:
            return "TopologyDataKey";
    }
    return {};
}

const data_graph::key* data_graph::look(data_kind kind, std::string_view producer) const {
    for (const auto& k : keys_) {
        if (k.kind == kind && k.producer == producer) return &k;
    }
    return nullptr;
}

data_graph::key& data_graph::key_for(data_kind kind, std::string_view producer) {
    for (auto& k : keys_) {
        if (k.kind == kind && k.producer == producer) return k;
    }
    std::size_t slot = no_slot;
    switch (kind) {
        case data_kind::prefix_match:
            slot = counts_.prefix++;
            break;
        case data_kind::latency_prediction:
            slot = counts_.latency++;
            break;
        case data_kind::uncached_tokens:
        case data_kind::encoder_match:
            slot = counts_.numbers++;
            break;
        case data_kind::session_id:
        case data_kind::agent_identity:
            slot = counts_.texts++;
            break;
        default:
            break;
    }
    keys_.push_back({kind, std::string(producer), static_cast<data_slot>(slot), nobody, false});
    return keys_.back();
}

data_slot data_graph::consume(std::uint32_t plugin, data_kind kind, std::string_view producer,
                              data_need need) {
    if (producer.empty()) producer = default_producer(kind);
    uses_.push_back({plugin, kind, std::string(producer), need});
    return key_for(kind, producer).slot;
}

data_slot data_graph::publish(std::uint32_t plugin, data_kind kind, std::string_view producer) {
    auto& k = key_for(kind, producer);
    k.filled = true;
    k.filled_by = plugin;
    return k.slot;
}

void data_graph::forget(std::uint32_t plugin) {
    std::erase_if(uses_, [&](const use& u) { return u.plugin == plugin; });
    for (auto& k : keys_) {
        if (k.filled_by == plugin) k.filled_by = nobody;
    }
}

data_slot data_graph::find(data_kind kind, std::string_view producer) const {
    const auto* k = look(kind, producer);
    return k != nullptr && k->filled ? k->slot : no_slot;
}

const data_graph::use* data_graph::missing(std::size_t& at) const {
    for (; at < uses_.size(); ++at) {
        const auto& u = uses_[at];
        if (u.need == data_need::required && !look(u.kind, u.producer)->filled) return &u;
    }
    return nullptr;
}

std::vector<std::uint32_t> data_graph::order(const std::vector<std::uint32_t>& producers,
                                             std::vector<std::uint32_t>& cycle) const {
    std::vector<std::uint32_t> done;
    std::vector<std::uint32_t> left = producers;
    const auto waits = [&](std::uint32_t plugin, bool also_optional) {
        return std::any_of(uses_.begin(), uses_.end(), [&](const use& u) {
            const bool counts = also_optional || u.need == data_need::required;
            if (u.plugin != plugin || !counts) return false;
            const auto by = look(u.kind, u.producer)->filled_by;
            return by != nobody && std::find(left.begin(), left.end(), by) != left.end();
        });
    };
    while (!left.empty()) {
        auto ready =
            std::find_if(left.begin(), left.end(), [&](auto p) { return !waits(p, true); });
        if (ready == left.end()) {
            ready =
                std::find_if(left.begin(), left.end(), [&](auto p) { return !waits(p, false); });
        }
        if (ready == left.end()) {
            cycle = left;
            break;
        }
        done.push_back(*ready);
        left.erase(ready);
    }
    return done;
}

slot_counts data_graph::counts() const { return counts_; }

}  // namespace weir::scheduling
