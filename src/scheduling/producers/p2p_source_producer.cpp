#include <algorithm>
#include <memory>
#include <vector>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

constexpr std::string_view header = "x-kv-cache-source-host-port";

struct sampled_source final : plugin_scratch {
    std::uint32_t endpoint = decision_context::no_peer;
    double tokens = 0;
    std::vector<std::uint32_t> nearly_best;
};

double coordinate(std::string_view request_id) {
    std::uint32_t h = 2166136261U;  // FNV-1a, 32 bit
    for (const char c : request_id) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
    return static_cast<double>(h) / 4294967296.0;
}

/// Names an endpoint that the computing one can fetch cached blocks from.
class cache_source final : public plugin_of<producer, pre_request_hook> {
  public:
    cache_source(data_slot match, double delta, std::string prefill)
        : match_(match), delta_(delta), prefill_name_(std::move(prefill)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<sampled_source>();
    }
    void link(const plugin_directory& plugins) override {
        prefill_ = plugins.profile(prefill_name_);
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        auto& found = context.scratch<sampled_source>();
        found.endpoint = decision_context::no_peer;
        const auto& match = data.prefix[match_];
        if (!match.present) return;
        double most = 0;
        for (const auto e : candidates.indexes) most = std::max(most, tokens(match, e));
        if (most <= 0) return;
        auto& list = found.nearly_best;
        list.clear();
        double sum = 0;
        for (const auto e : candidates.indexes) {
            const double t = tokens(match, e);
            if (t <= 0 || t + match.block_size_tokens < most) continue;
            list.push_back(e);
            sum += weight(candidates, e);
        }
        double rest = sum * coordinate(context.request.request_id);
        for (const auto e : list) {
            found.endpoint = e;
            rest -= weight(candidates, e);
            if (rest < 0) break;
        }
        found.tokens = tokens(match, found.endpoint);
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        chosen.upstream_headers.push_back({std::string(header), {}, true});
        const auto& found = context.scratch<sampled_source>();
        if (found.endpoint == decision_context::no_peer) return;
        auto computing = chosen.targets_of(prefill_);
        if (computing.empty()) computing = chosen.primary_targets();
        if (computing.empty() || computing[0] == found.endpoint) return;
        const double own = tokens(candidates.data->prefix[match_], computing[0]);
        if (found.tokens - own < delta_) return;
        chosen.upstream_headers.push_back(
            {std::string(header), candidates.endpoints[found.endpoint].authority(), false});
    }

  private:
    static double tokens(const prefix_match& match, std::uint32_t e) {
        return match.cached(e) * match.block_size_tokens;
    }
    static double weight(const candidate_view& candidates, std::uint32_t e) {
        return 1 / (1 + candidates.signals->waiting[e]);
    }

    data_slot match_;
    double delta_;
    std::string prefill_name_;
    std::uint32_t prefill_ = plugin_directory::no_profile;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto producer = p.text("prefixMatchInfoProducerName", "");
    const auto delta = p.integer("minCachedTokenDelta", 1, at_least(1));
    auto prefill = p.text("prefillProfileName", "prefill");
    const auto match = context.consume(data_kind::prefix_match, producer, data_need::required);
    return std::make_unique<cache_source>(match, static_cast<double>(delta), std::move(prefill));
}

constexpr parameter_doc docs[] = {
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
    {"minCachedTokenDelta", "int", "1",
     "tokens the source must hold beyond the computing endpoint"},
    {"prefillProfileName", "string", "prefill", "the profile whose endpoint computes, if it runs"},
};

}  // namespace

extern const plugin_type p2p_source_producer = {
    .name = "p2p-source-producer",
    .level = stability::alpha,
    .summary = "names an endpoint to fetch cached blocks from",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
