#include <memory>
#include <optional>

#include "scheduling/charges.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Says how many tokens a request would cost on each endpoint, and charges the chosen ones. The
/// counts themselves are the proxy's ledger (`signal_columns`).
class load_accounting final : public plugin_of<producer, pre_request_hook> {
  public:
    load_accounting(const charge_rules& rules, data_slot match, data_slot uncached)
        : rules_(rules), match_(match), uncached_(uncached) {}

    void link(const plugin_directory& plugins) override { prefill_ = plugins.profile("prefill"); }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        const auto input = static_cast<double>(context.request.input_tokens());
        auto& out = data.numbers[uncached_];
        const auto endpoints = candidates.endpoints.size();
        const uncached_rule rule(&data.prefix[match_], input);
        if (candidates.size() != endpoints) {
            out.reset(endpoints);
            for (const auto e : candidates.indexes) out.values[e] = rule(e);
            return;
        }
        out.present = true;
        out.values.resize(endpoints);
        auto* const values = out.values.data();
        for (std::size_t e = 0; e < endpoints; ++e) values[e] = rule(e);
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        if (!chosen.charges.empty()) return;  // a second producer would count everything twice
        const auto prefill = prefill_ == plugin_directory::no_profile
                                 ? std::nullopt
                                 : std::optional<std::uint32_t>(prefill_);
        charge_targets(rules_, &candidates.data->prefix[match_], context.request.max_output_tokens,
                       prefill, chosen);
    }

  private:
    charge_rules rules_;
    data_slot match_;
    data_slot uncached_;
    std::uint32_t prefill_ = plugin_directory::no_profile;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    charge_rules rules;
    rules.output_tokens = p.boolean("addEstimatedOutputTokens", false);
    rules.output_ratio = p.number("outputRatio", rules.output_ratio, at_least(0));
    if (p.has("maxEstimatedOutputTokens"))
        rules.max_output_tokens = p.integer("maxEstimatedOutputTokens", 0, at_least(0));
    p.boolean("syncCrossReplicaState", true);
    const auto producer = p.text("prefixMatchInfoProducerName", "");
    context.publish(data_kind::inflight_load);
    const auto match = context.consume(data_kind::prefix_match, producer, data_need::optional);
    return std::make_unique<load_accounting>(rules, match,
                                             context.publish(data_kind::uncached_tokens));
}

constexpr parameter_doc docs[] = {
    {"addEstimatedOutputTokens", "bool", "false",
     "reserve output tokens too, until the answer ends"},
    {"outputRatio", "float", "1.5", "output tokens per prompt token"},
    {"maxEstimatedOutputTokens", "int", "", "bound of that estimate"},
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
    {"syncCrossReplicaState", "bool", "true", "accepted; weir is one process"},
};

}  // namespace

extern const plugin_type inflight_load_producer = {
    .name = "inflight-load-producer",
    .level = stability::beta,
    .summary = "counts requests and tokens this gateway has under way on each endpoint",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
