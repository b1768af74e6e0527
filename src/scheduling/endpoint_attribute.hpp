#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weir/candidates.hpp"
#include "weir/parameters.hpp"

namespace weir::scheduling {

/// A numeric attribute of endpoints that a plugin's parameters name: `ATTRIBUTE/PRODUCER`, by
/// default of the `core-metrics-extractor`. The extractor's own values go by their field names.
class endpoint_attribute {
  public:
    /// Reads the attribute's name from `key` and its producer from `producer` (absent: the
    /// extractor; empty: none).
    static endpoint_attribute read(parameters& p, std::string_view key) {
        endpoint_attribute out;
        auto name = p.text(key, "");
        const bool has_producer = p.has("producer");
        const auto producer =
            has_producer ? p.text("producer", "") : std::string("core-metrics-extractor");
        if (name.empty()) p.reject(key, std::string(key) + " is required");
        if (!has_producer && name.find('/') != std::string::npos) {
            const auto slash = name.rfind('/');
            p.reject(key, std::string(key) + " must not contain '/': name the producer separately",
                     "write `" + std::string(key) + ": " + name.substr(0, slash) +
                         "` and `producer: " + name.substr(slash + 1) + "`");
        }
        if (producer == "core-metrics-extractor") out.column_ = built_in(name);
        out.key_ = producer.empty() ? name : name + "/" + producer;
        return out;
    }

    /// Where the values are for this decision; null when no endpoint has any.
    const std::vector<double>* values(const signal_columns& signals) const {
        if (column_ != nullptr) return &(signals.*column_);
        const auto* found = signals.attribute(key_);
        return found != nullptr ? &found->values : nullptr;
    }

    const std::string& name() const { return key_; }

  private:
    using column = const std::vector<double> signal_columns::*;
    static column built_in(std::string_view name) {
        static constexpr std::pair<std::string_view, std::vector<double> signal_columns::*>
            known[] = {
                {"WaitingQueueSize", &signal_columns::waiting},
                {"RunningRequestsSize", &signal_columns::running},
                {"KVCacheUsagePercent", &signal_columns::kv_usage},
                {"CacheBlockSize", &signal_columns::block_size},
                {"CacheNumBlocks", &signal_columns::block_count},
            };
        for (const auto& [known_name, where] : known) {
            if (known_name == name) return where;
        }
        return nullptr;
    }

    column column_ = nullptr;
    std::string key_;
};

}  // namespace weir::scheduling
