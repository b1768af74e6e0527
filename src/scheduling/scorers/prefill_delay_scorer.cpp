#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "scheduling/endpoint_speeds.hpp"
#include "scheduling/prefill_delay.hpp"
#include "scheduling/recent_prefixes.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings : delay_settings {
    data_slot uncached = no_slot;
};

/// Keys of the notes that travel with a request.
enum note : std::uint32_t { tokens_ahead, short_of_memory, turn };

/// The request in hand.
struct request_state final : plugin_scratch {
    speed_columns speeds;
    std::uint64_t prefix = 0;  ///< what of it somebody holds, by name
};

/// See `terms_of`.
class prefill_delay final : public plugin_of<scorer, pre_request_hook, response_hook> {
  public:
    explicit prefill_delay(const settings& s) : s_(s) {}

    void adopt(plugin& previous) override {
        speeds_ = static_cast<prefill_delay&>(previous).speeds_;
        asked_ = static_cast<prefill_delay&>(previous).asked_;
    }

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<request_state>();
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        if (candidates.empty()) return;
        const auto c = columns_of(context, candidates);
        rate_delays(c, candidates.indexes, candidates.endpoints.size(),
                    weigh(context, candidates, c), scores.data());
    }

    void inputs(const decision_context& context, const candidate_view& candidates,
                score_inputs& out) const override {
        if (candidates.empty()) return;
        const auto c = columns_of(context, candidates);
        const auto w = weigh(context, candidates, c);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = c.at<double>(candidates[i]);
            const auto seconds = terms_of(e, w);
            out.tell(i, "inFlight", e.requests);
            out.tell(i, "inFlightTokens", e.tokens);
            out.tell(i, "computedTokens", e.tokens - e.ahead);
            out.tell(i, "foreignTokens", foreign_tokens(e, w));
            out.tell(i, "uncachedTokens", e.uncached);
            out.tell(i, "againWeight", w.again);
            out.tell(i, "tokensPerSecond", 1 / w.per_token);
            out.tell(i, "slowness", e.slowness);
            out.tell(i, "lagSeconds", e.lag);
            out.tell(i, "silent", e.silent);
            out.tell(i, "shortestQueueSeconds", w.queue);
            out.tell(i, "overload", w.overload);
            out.tell(i, "usualUncachedTokens", speeds_->usual_tokens());
            out.tell(i, "delaySeconds", seconds.delay);
            out.tell(i, "deadlineSeconds", w.deadline);
            out.tell(i, "costOfDelay", seconds.waiting);
            out.tell(i, "costToOthers", seconds.others);
            out.tell(i, "costOfMemory", seconds.memory);
        }
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        const auto targets = chosen.primary_targets();
        if (targets.empty()) return;
        const auto e = targets[0];
        const auto& signals = *candidates.signals;
        const auto fresh = candidates.data->numbers[s_.uncached].get(e, 0);
        const auto place = speeds_->send(candidates.endpoints[e].key(), signals.inflight_tokens[e],
                                         fresh, context.now);
        speeds_->note_prompt(fresh);
        asked_->note(std::exchange(context.scratch<request_state>().prefix, 0), context.now);
        chosen.notes.push_back({index, tokens_ahead, place.ahead + fresh});
        if (place.number >= 0) chosen.notes.push_back({index, turn, place.number});
        if (signals.kv_usage[e] > s_.kv_threshold)
            chosen.notes.push_back({index, short_of_memory, 1});
    }

    void first_chunk(const response_facts& facts) override {
        if (const auto [turns, number] = turn_of(facts); turns != nullptr)
            turns->answered(number, facts.now);
        if (facts.status != 200 || !facts.stream || facts.first_token_seconds <= 0) return;
        const auto tokens = facts.chosen.note(index, tokens_ahead, 0);
        const auto targets = facts.chosen.primary_targets();
        if (tokens <= 0 || targets.empty()) return;
        const auto key = facts.endpoints[targets[0]].key();
        speeds_->note_lag(key, tokens, facts.first_token_seconds, facts.now);
        // A full cache delays the first token for reasons that have nothing to do with speed.
        if (tokens < least_lesson || facts.chosen.note(index, short_of_memory, 0) > 0) return;
        speeds_->learn(key, tokens, facts.first_token_seconds, facts.now);
    }

    void complete(const response_facts& facts) override {
        if (facts.first_token_seconds > 0) return;
        if (const auto [turns, number] = turn_of(facts); turns != nullptr)
            turns->gave_up(number, facts.now);
    }

  private:
    /// Below this the time to the first token is mostly something else.
    static constexpr double least_lesson = 1024;

    /// The queue the request stands in, and its number there; null: none.
    std::pair<prefill_turns*, std::uint32_t> turn_of(const response_facts& facts) const {
        const auto number = facts.chosen.note(index, turn, -1);
        const auto targets = facts.chosen.primary_targets();
        if (number < 0 || targets.empty()) return {nullptr, 0};
        return {speeds_->turns_of(facts.endpoints[targets[0]].key()),
                static_cast<std::uint32_t>(number)};
    }

    delay_columns columns_of(const decision_context& context,
                             const candidate_view& candidates) const {
        auto& known = context.scratch<request_state>().speeds;
        known.read(*speeds_, candidates.endpoints, context.now);
        const auto& load = *candidates.signals;
        const auto& uncached = candidates.data->numbers[s_.uncached];
        return {.waiting = load.waiting.data(),
                .running = load.running.data(),
                .kv_usage = load.kv_usage.data(),
                .age = load.age_seconds.data(),
                .staleness_floor = load.staleness_floor.data(),
                .block_size = load.block_size.data(),
                .block_count = load.block_count.data(),
                .requests = load.inflight_requests.data(),
                .tokens = load.inflight_tokens.data(),
                .done = known.done().data(),
                .uncached = (uncached.present ? uncached.values.data() : known.nothing().data()),
                .slowness = known.slowness().data(),
                .lag = known.lag().data(),
                .silent = known.silent().data()};
    }

    delay_weights weigh(const decision_context& context, const candidate_view& candidates,
                        const delay_columns& c) const {
        auto w = weigh_delays(s_, c, candidates.indexes, candidates.endpoints.size(),
                              {speeds_->seconds_per_token(), speeds_->usual_tokens()});
        auto& prefix = context.scratch<request_state>().prefix;
        prefix = held_prefix(context.request, w.uncached);
        if (asked_->asked(prefix, context.now, s_.shared_within)) share_prefix(s_, w);
        return w;
    }

    /// The name of what of the prompt somebody holds; several prompts at once have none.
    static std::uint64_t held_prefix(const inference_request& request, double uncached) {
        if (request.prompts.size() != 1) return 0;
        const auto held = static_cast<double>(request.input_tokens()) - uncached;
        if (held <= 0) return 0;
        constexpr std::size_t token_bytes = 4;
        return recent_prefixes::name(request.prompts[0].bytes,
                                     static_cast<std::size_t>(held) * token_bytes);
    }

    settings s_;
    std::shared_ptr<speeds> speeds_ = std::make_shared<speeds>();
    std::shared_ptr<recent_prefixes> asked_ = std::make_shared<recent_prefixes>();
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    s.uncached_weight = p.number("uncachedWeight", s.uncached_weight, at_least(0));
    s.private_weight = p.number("privateWeight", s.private_weight, at_least(0));
    s.shared_within = p.number("sharedWithinMs", s.shared_within * 1000, at_least(0)) / 1000;
    s.small_ms = p.number("smallPromptMs", s.small_ms, at_least(0));
    s.busy_weight = p.number("busyWeight", s.busy_weight, at_least(0));
    s.long_weight = p.number("longWeight", s.long_weight, at_least(0));
    s.patience = p.number("patienceMs", s.patience * 1000, at_least(1)) / 1000;
    s.request_ms = p.number("requestMs", s.request_ms, at_least(0));
    s.kv_threshold = p.number("kvThreshold", s.kv_threshold, between(0, 1));
    s.kv_penalty_ms = p.number("kvPenaltyMs", s.kv_penalty_ms, at_least(0));
    const auto producer = p.text("inFlightLoadProducerName", "");
    s.uncached = context.consume(data_kind::uncached_tokens, producer, data_need::required);
    if (!p.ok()) return nullptr;
    return std::make_unique<prefill_delay>(s);
}

constexpr parameter_doc docs[] = {
    {"uncachedWeight", "float", "2",
     "what an uncached prompt token costs while an endpoint is idle; a queued one costs 1"},
    {"privateWeight", "float", "8", "the same where one endpoint alone holds the prefix"},
    {"sharedWithinMs", "float", "1000",
     "a prefix that somebody asked for so lately is others' too, even where one endpoint holds it"},
    {"smallPromptMs", "float", "500",
     "uncached tokens that take as long to compute cost half of that surcharge, fewer less"},
    {"busyWeight", "float", "10",
     "how much dearer it is for each second of the shortest queue in the pool"},
    {"longWeight", "float", "2",
     "patiences that a prompt of usual length costs others who are in time once queues are as long "
     "as the patience; longer ones cost more and are the first to be late"},
    {"patienceMs", "float", "4700",
     "a first token later than this is late, however late; late prompts gather where nobody else "
     "is in time"},
    {"requestMs", "float", "4", "what each request under way costs beside its prompt"},
    {"kvThreshold", "float", "0.9", "share of the KV cache from which on fullness costs"},
    {"kvPenaltyMs", "float", "5000", "what a whole cache above the threshold would cost"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
};

}  // namespace

extern const plugin_type prefill_delay_scorer = {
    .name = "prefill-delay-scorer",
    .level = stability::beta,
    .summary = "prefers the endpoint that would have computed the prompt first",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
