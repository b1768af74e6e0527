#include <array>
#include <memory>

#include "scheduling/profile_handlers/decision_counter.hpp"
#include "scheduling/profile_handlers/stages.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    bool prefill_first = false;
    std::string decode = "decode";
    std::string prefill = "prefill";
    std::string encode = "encode";
    std::string prefill_decider;
    std::string encode_decider;
};

/// Encode, prefill and decode on endpoints of their own (llm-d-router head, disagg profile
/// handler).
class disaggregation final : public plugin_of<profile_handler, pre_request_hook>,
                             public metrics::source {
  public:
    disaggregation(settings s, std::string name, std::string type)
        : s_(std::move(s)), name_(std::move(name)), type_(std::move(type)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override { return counts_->add_worker(); }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<disaggregation*>(&previous)) counts_ = p->counts_;
    }
    void collect(metrics::exposition& out) const override {
        counts_->collect(out, "disagg_decision_total", name_, type_);
    }

    void link(const plugin_directory& plugins) override {
        if (auto* p = plugins.find(s_.prefill_decider)) prefill_wanted_ = p->as_decider();
        if (auto* p = plugins.find(s_.encode_decider)) encode_wanted_ = p->as_decider();
    }

    std::string bind(std::span<const std::string> profiles) override {
        decode_ = profile_number(profiles, s_.decode);
        prefill_ = profile_number(profiles, s_.prefill);
        encode_ = profile_number(profiles, s_.encode);
        if (!decode_)
            return "disagg-profile-handler needs a scheduling profile named '" + s_.decode + "'";
        return {};
    }

    void next_profiles(decision_context& context, const candidate_view& candidates,
                       decision& so_far, std::vector<std::uint32_t>& next) const override {
        if (s_.prefill_first) {
            prefill_first(context, candidates, so_far, next);
        } else {
            decode_first(context, candidates, so_far, next);
        }
    }

    std::string conclude(const decision_context&, const candidate_view&,
                         decision& result) const override {
        result.primary = *decode_;
        if (result.primary_targets().empty()) return "failed to find available decode workers";
        return {};
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        const auto prefill = prefill_.value_or(plugin_directory::no_profile);
        const auto encode = encode_.value_or(plugin_directory::no_profile);
        write_stage_headers(prefill, encode, candidates.endpoints, chosen);
        context.scratch<decision_counter::worker>().mine->count(
            context.request.target_model, !chosen.targets_of(encode).empty(),
            !chosen.targets_of(prefill).empty());
    }

  private:
    static bool open(const std::optional<std::uint32_t>& profile, const decision& so_far) {
        return profile && so_far.result_of(*profile) == nullptr;
    }
    static void skip(std::uint32_t profile, decision& so_far) {
        so_far.profiles.push_back({profile, profile_status::skipped, 0, 0});
    }
    static bool agrees(const decider* d, const decision_context& context,
                       const candidate_view& candidates, std::uint32_t chosen) {
        return d != nullptr && d->wanted(context, candidates, chosen);
    }

    void decode_first(decision_context& context, const candidate_view& candidates, decision& so_far,
                      std::vector<std::uint32_t>& next) const {
        if (open(decode_, so_far)) {
            next.push_back(*decode_);
            return;
        }
        const auto targets = so_far.targets_of(*decode_);
        if (targets.empty()) return;
        const auto chosen = targets[0];
        if (open(encode_, so_far)) {
            if (agrees(encode_wanted_, context, candidates, chosen)) {
                next.push_back(*encode_);
                return;
            }
            skip(*encode_, so_far);
        }
        if (!open(prefill_, so_far)) return;
        if (agrees(prefill_wanted_, context, candidates, chosen)) {
            context.peer = chosen;
            next.push_back(*prefill_);
            return;
        }
        skip(*prefill_, so_far);
    }

    void prefill_first(decision_context& context, const candidate_view& candidates,
                       decision& so_far, std::vector<std::uint32_t>& next) const {
        if (open(prefill_, so_far)) {
            next.push_back(*prefill_);
            return;
        }
        if (open(encode_, so_far)) {
            if (agrees(encode_wanted_, context, candidates, decision_context::no_peer)) {
                next.push_back(*encode_);
                return;
            }
            skip(*encode_, so_far);
        }
        if (!open(decode_, so_far)) return;
        if (prefill_) {
            const auto targets = so_far.targets_of(*prefill_);
            if (!targets.empty()) context.peer = targets[0];
        }
        next.push_back(*decode_);
    }

    settings s_;
    std::string name_;
    std::string type_;
    std::shared_ptr<decision_counter> counts_ = std::make_shared<decision_counter>();
    const decider* prefill_wanted_ = nullptr;
    const decider* encode_wanted_ = nullptr;
    std::optional<std::uint32_t> decode_;
    std::optional<std::uint32_t> prefill_;
    std::optional<std::uint32_t> encode_;
};

/// Case, `-` and `_` do not count.
bool read_order(parameters& p) {
    const auto written = p.text("stageOrder", "decode-first");
    std::string word;
    for (const char c : written) {
        if (c != '-' && c != '_')
            word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    if (word.empty() || word == "decode" || word == "decodefirst") return false;
    if (word == "prefill" || word == "prefillfirst") return true;
    p.reject("stageOrder", "unsupported stageOrder \"" + written + "\"",
             "write `decode-first` or `prefill-first`");
    return false;
}

void read_nested(parameters& p, settings& s) {
    auto& profiles = p.object("profiles");
    s.decode = profiles.text("decode", s.decode);
    s.prefill = profiles.text("prefill", s.prefill);
    s.encode = profiles.text("encode", s.encode);
    auto& deciders = p.object("deciders");
    s.prefill_decider = deciders.text("prefill", "");
    s.encode_decider = deciders.text("encode", "");
}

void read_flat(parameters& p, settings& s) {
    s.decode = p.text("decodeProfile", s.decode);
    s.prefill = p.text("prefillProfile", s.prefill);
    s.encode = p.text("encodeProfile", s.encode);
    const auto older = p.text("deciderPluginName", "");
    s.prefill_decider = p.text("prefillDeciderPluginName", older);
    s.encode_decider = p.text("encodeDeciderPluginName", "");
}

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    static constexpr std::array<std::string_view, 6> flat = {
        "decodeProfile",     "prefillProfile",           "encodeProfile",
        "deciderPluginName", "prefillDeciderPluginName", "encodeDeciderPluginName"};
    settings s;
    s.prefill_first = read_order(p);
    const bool nested = p.has("profiles") || p.has("deciders");
    std::string_view older;
    for (const auto key : flat) {
        if (p.has(key)) older = key;
    }
    if (nested && !older.empty()) {
        p.reject(older, "the nested fields `profiles` and `deciders` cannot be mixed with `" +
                            std::string(older) + "`");
    }
    if (older.empty()) {
        read_nested(p, s);
    } else {
        read_flat(p, s);
    }
    if (s.prefill_first && !s.prefill_decider.empty()) {
        p.reject("stageOrder", "prefill decider is not supported in prefill-first stage order");
    }
    auto& at = older.empty() ? p.object("deciders") : p;
    const std::string_view prefill_key = older.empty() ? "prefill"
                                         : p.has("prefillDeciderPluginName")
                                             ? "prefillDeciderPluginName"
                                             : "deciderPluginName";
    if (!s.prefill_decider.empty()) context.refer(at, prefill_key, s.prefill_decider, "decider");
    if (!s.encode_decider.empty()) {
        context.refer(at, older.empty() ? "encode" : "encodeDeciderPluginName", s.encode_decider,
                      "decider");
    }
    context.consume(data_kind::prefix_match, {}, data_need::required);
    context.consume(data_kind::tokenized_prompt, {}, data_need::required);
    return std::make_unique<disaggregation>(std::move(s), std::string(context.name()),
                                            std::string(context.type()));
}

constexpr parameter_doc docs[] = {
    {"stageOrder", "string", "decode-first", "decode-first or prefill-first"},
    {"profiles", "object", "{decode: decode, prefill: prefill, encode: encode}",
     "names of the stages' profiles"},
    {"deciders", "object", "{}",
     "plugins that say whether to run prefill and encode; without one a stage is off"},
};

}  // namespace

extern const plugin_type disagg_profile_handler = {
    .name = "disagg-profile-handler",
    .level = stability::beta,
    .summary = "encode, prefill and decode on endpoints of their own",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
