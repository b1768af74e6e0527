#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduling/pipeline_parts.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling {

/// Who fills and who reads which data, by (kind, producer instance name); gives out the slots and
/// orders the producers (llm-d-router head, data DAG: edges for required data only; what is merely
/// welcome comes first where nothing else decides).
class data_graph {
  public:
    static constexpr std::uint32_t nobody = 0xffffffffU;

    struct use {
        std::uint32_t plugin = 0;
        data_kind kind = data_kind::prefix_match;
        std::string producer;
        data_need need = data_need::required;
    };

    /// The instance name and type that fill data of a kind when nobody is named; empty: there is
    /// none.
    static std::string_view default_producer(data_kind kind);
    /// `PrefixCacheMatchInfoDataKey`, as error messages of the reference print it.
    static std::string_view key_name(data_kind kind);

    data_slot consume(std::uint32_t plugin, data_kind kind, std::string_view producer,
                      data_need need);
    data_slot publish(std::uint32_t plugin, data_kind kind, std::string_view producer);

    /// Forgets what a plugin that could not be made needs; what it would fill counts as filled, so
    /// that its own mistake is all that is reported.
    void forget(std::uint32_t plugin);

    /// The slot of data somebody fills; `no_slot` when nobody does.
    data_slot find(data_kind kind, std::string_view producer) const;

    /// The first required use that nobody fills, from `from` on; its index goes to `at`.
    const use* missing(std::size_t& at) const;

    /// Producers in an order in which required data is there in time, and optional data where that
    /// closes no circle; ties by declaration. Empty `cycle` on success, else the plugins of one
    /// cycle.
    std::vector<std::uint32_t> order(const std::vector<std::uint32_t>& producers,
                                     std::vector<std::uint32_t>& cycle) const;

    slot_counts counts() const;

  private:
    struct key {
        data_kind kind;
        std::string producer;
        data_slot slot;
        std::uint32_t filled_by = nobody;
        bool filled = false;
    };
    key& key_for(data_kind kind, std::string_view producer);
    const key* look(data_kind kind, std::string_view producer) const;

    std::vector<key> keys_;
    std::vector<use> uses_;
    slot_counts counts_;
};

}  // namespace weir::scheduling
