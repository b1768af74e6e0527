#include <memory>

#include "scheduling/profile_handlers/decision_counter.hpp"
#include "scheduling/profile_handlers/stages.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    std::string decode;
    std::string prefill;
    std::string decider_name;
    std::int32_t port = 0;
};

/// Decode, then prefill where the decider says so; the older of the two disaggregation handlers.
class prefill_decode final : public plugin_of<profile_handler, pre_request_hook>,
                             public metrics::source {
  public:
    prefill_decode(settings s, std::string name, std::string type)
        : s_(std::move(s)), name_(std::move(name)), type_(std::move(type)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override { return counts_->add_worker(); }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<prefill_decode*>(&previous)) counts_ = p->counts_;
    }
    void collect(metrics::exposition& out) const override {
        counts_->collect(out, "pd_decision_total", name_, type_);
    }
    /// Headers are another plugin's; this one counts.
    void pre_request(const decision_context& context, const candidate_view&,
                     decision& chosen) override {
        const auto prefill = prefill_.value_or(plugin_directory::no_profile);
        context.scratch<decision_counter::worker>().mine->count(
            context.request.target_model, false, !chosen.targets_of(prefill).empty());
    }

    void link(const plugin_directory& plugins) override {
        if (auto* p = plugins.find(s_.decider_name)) decider_ = p->as_decider();
    }

    std::string bind(std::span<const std::string> profiles) override {
        decode_ = profile_number(profiles, s_.decode);
        prefill_ = profile_number(profiles, s_.prefill);
        if (!decode_)
            return "pd-profile-handler needs a scheduling profile named '" + s_.decode + "'";
        return {};
    }

    void next_profiles(decision_context& context, const candidate_view& candidates,
                       decision& so_far, std::vector<std::uint32_t>& next) const override {
        if (so_far.result_of(*decode_) == nullptr) {
            next.push_back(*decode_);
            return;
        }
        const auto targets = so_far.targets_of(*decode_);
        if (targets.empty() || !prefill_ || so_far.result_of(*prefill_) != nullptr) return;
        if (decider_ != nullptr && decider_->wanted(context, candidates, targets[0])) {
            context.peer = targets[0];
            next.push_back(*prefill_);
        }
    }

    std::string conclude(const decision_context&, const candidate_view& candidates,
                         decision& result) const override {
        result.primary = *decode_;
        const auto targets = result.primary_targets();
        if (targets.empty()) return "failed to find available decode workers";
        if (s_.port != 0) {
            set_header(result, data_parallel_header, candidates.endpoints[targets[0]].authority());
            result.port_override = s_.port;
        }
        return {};
    }

  private:
    settings s_;
    std::string name_;
    std::string type_;
    std::shared_ptr<decision_counter> counts_ = std::make_shared<decision_counter>();
    const decider* decider_ = nullptr;
    std::optional<std::uint32_t> decode_;
    std::optional<std::uint32_t> prefill_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    s.decode = p.text("decodeProfile", "decode");
    s.prefill = p.text("prefillProfile", "prefill");
    const auto prefix_type = p.text("prefixPluginType", "");
    const auto prefix_name = p.text("prefixPluginName", prefix_type);
    if (!prefix_name.empty()) {
        context.refer(p, p.has("prefixPluginName") ? "prefixPluginName" : "prefixPluginType",
                      prefix_name, "");
    }
    s.port = static_cast<std::int32_t>(p.integer("primaryPort", 0, between(0, 65535)));
    s.decider_name = p.text("deciderPluginName", "prefix-based-pd-decider");
    const auto producer = p.text("prefixMatchInfoProducerName", "");
    context.refer(p, "deciderPluginName", s.decider_name, "decider");
    context.consume(data_kind::prefix_match, producer, data_need::required);
    return std::make_unique<prefill_decode>(std::move(s), std::string(context.name()),
                                            std::string(context.type()));
}

constexpr parameter_doc docs[] = {
    {"decodeProfile", "string", "decode", "profile of the endpoint that answers"},
    {"prefillProfile", "string", "prefill", "profile of the endpoint that prefills"},
    {"deciderPluginName", "string", "prefix-based-pd-decider", "says whether to prefill elsewhere"},
    {"primaryPort", "int", "0", "port that replaces the target's; 0: none"},
    {"prefixPluginType", "string", "", "accepted; has no effect"},
    {"prefixPluginName", "string", "", "accepted; has no effect, but must exist"},
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
};

}  // namespace

extern const plugin_type pd_profile_handler = {
    .name = "pd-profile-handler",
    .level = stability::deprecated,
    .summary = "decode, then prefill where a decider says so",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
