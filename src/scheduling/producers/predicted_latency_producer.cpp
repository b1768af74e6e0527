#include <algorithm>
#include <cmath>
#include <memory>

#include "base/ticks.hpp"
#include "scheduling/charges.hpp"
#include "scheduling/latency_model.hpp"
#include "scheduling/latency_numbers.hpp"
#include "scheduling/slo_headers.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    double slo_buffer = 1;
    bool streaming = false;
    std::string role_label;
    data_slot match = no_slot;
    data_slot latency = no_slot;
};

/// Keys of the notes that travel with a request.
enum note : std::uint32_t {
    uncached,
    cached_share,
    waiting,
    running,
    inflight_tokens,
    kv_usage,
    tpot_slo,
    ttft_slo,
    predicted_ttft,
    predicted_tpot
};

/// What predicting for the request in hand took.
struct prediction_time final : plugin_scratch {
    double seconds = 0;
};

double known_or(double ms) { return std::isnan(ms) ? -1 : ms; }

/// Predicts TTFT and TPOT of a request on each endpoint from what this gateway saw of earlier ones;
/// the reference asks a side process for the same.
class latency_predictor final : public plugin_of<producer, pre_request_hook, response_hook>,
                                public metrics::source {
  public:
    latency_predictor(settings s, std::string name, std::string type)
        : s_(std::move(s)), name_(std::move(name)), type_(std::move(type)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<prediction_time>();
    }
    void collect(metrics::exposition& out) const override { numbers_->collect(out, name_, type_); }

    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<latency_predictor*>(&previous)) {
            model_ = p->model_;
            numbers_ = p->numbers_;
        }
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        auto& out = data.latency[s_.latency];
        out.reset(candidates.endpoints.size());
        for (const auto e : candidates.indexes)
            out.dispatched[e] = candidates.signals->inflight_requests[e];
        if (!model_->ready()) return;
        const auto begin = ticks();
        predict(context, candidates, out);
        context.scratch<prediction_time>().seconds =
            static_cast<double>(ticks() - begin) * seconds_per_tick();
    }

    void predict(const decision_context& context, const candidate_view& candidates,
                 latency_prediction& out) const {
        const double ttft_slo = ttft_slo_ms(context.request);
        const double tpot_slo_wish = tpot_slo_ms(context.request);
        for (const auto e : candidates.indexes) {
            const auto key = candidates.endpoints[e].key();
            const auto estimate = model_->predict(key, features(context.request, candidates, e));
            if (!estimate.known) continue;
            out.ttft_ms[e] = estimate.ttft_ms;
            out.tpot_ms[e] = estimate.tpot_ms;
            out.confidence[e] = estimate.confidence;
            out.ttft_headroom[e] = ttft_slo - estimate.ttft_ms;
            bool tpot_fits = true;
            if (s_.streaming && context.request.stream && !prefills(candidates.endpoints[e])) {
                double target = tpot_slo_wish * s_.slo_buffer;
                if (const double others = model_->least_tpot_slo(key); others > 0) {
                    target = std::min(target, others * s_.slo_buffer);
                }
                out.tpot_headroom[e] = target - estimate.tpot_ms;
                tpot_fits = estimate.tpot_ms < target;
            }
            out.valid[e] = estimate.ttft_ms < ttft_slo && tpot_fits ? 1 : 0;
        }
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        const auto targets = chosen.primary_targets();
        if (targets.empty()) return;
        const auto f = features(context.request, candidates, targets[0]);
        const auto keep = [&](note key, double value) {
            chosen.notes.push_back({index, key, value});
        };
        keep(note::uncached, f.uncached_tokens);
        keep(note::cached_share, f.cached_share);
        keep(note::waiting, f.waiting);
        keep(note::running, f.running);
        keep(note::inflight_tokens, f.inflight_tokens);
        keep(note::kv_usage, f.kv_usage);
        keep(note::ttft_slo, ttft_slo_ms(context.request));
        foresee(context, candidates, targets[0], chosen);
        if (const double slo = tpot_slo_ms(context.request); slo > 0) {
            keep(note::tpot_slo, slo);
            model_->add_tpot_slo(candidates.endpoints[targets[0]].key(), slo);
        }
    }

    void complete(const response_facts& facts) override {
        const auto targets = facts.chosen.primary_targets();
        if (targets.empty()) return;
        const auto read = [&](note key) { return facts.chosen.note(index, key, 0); };
        const auto key = facts.endpoints[targets[0]].key();
        model_->remove_tpot_slo(key, read(note::tpot_slo));
        if (facts.cause != end_cause::natural || facts.status != 200) return;
        const latency_features f{read(note::uncached),        read(note::cached_share),
                                 read(note::waiting),         read(note::running),
                                 read(note::inflight_tokens), read(note::kv_usage)};
        // Without streaming the whole answer is the first token, as in the reference.
        const double first = s_.streaming ? facts.first_token_seconds : facts.total_seconds;
        if (s_.streaming && !facts.stream) return;
        if (first >= 0) model_->observe_ttft(key, f, first * 1000);
        latency_outcome seen{.ttft = first * 1000,
                             .predicted_ttft = facts.chosen.note(index, note::predicted_ttft, -1),
                             .ttft_slo = read(note::ttft_slo),
                             .predicted_tpot = facts.chosen.note(index, note::predicted_tpot, -1),
                             .tpot_slo = read(note::tpot_slo)};
        if (s_.streaming && facts.output_tokens >= 2 &&
            facts.total_seconds >= facts.first_token_seconds) {
            const double rest = facts.total_seconds - facts.first_token_seconds;
            seen.tpot = rest * 1000 / static_cast<double>(facts.output_tokens - 1);
            model_->observe_tpot(key, f, seen.tpot);
        }
        numbers_->observed(facts.model, facts.target_model, seen);
    }

  private:
    /// Notes what was predicted for the endpoint that was chosen.
    void foresee(const decision_context& context, const candidate_view& candidates,
                 std::uint32_t target, decision& chosen) {
        const auto& latency = candidates.data->latency[s_.latency];
        if (!latency.predicted(target)) return;
        const latency_outcome what{.predicted_ttft = known_or(latency.ttft_ms[target]),
                                   .predicted_tpot = known_or(latency.tpot_ms[target])};
        chosen.notes.push_back({index, note::predicted_ttft, what.predicted_ttft});
        chosen.notes.push_back({index, note::predicted_tpot, what.predicted_tpot});
        numbers_->predicted(context.request.model, context.request.target_model, what,
                            context.scratch<prediction_time>().seconds);
    }

    bool prefills(const endpoint& e) const {
        if (s_.role_label.empty()) return false;
        const auto* role = e.label(s_.role_label);
        return role != nullptr && *role == "prefill";
    }

    latency_features features(const inference_request& request, const candidate_view& candidates,
                              std::uint32_t e) const {
        const auto& match = candidates.data->prefix[s_.match];
        const auto input = static_cast<double>(request.input_tokens());
        latency_features f;
        f.uncached_tokens = uncached_tokens(&match, e, input);
        f.cached_share = input > 0 ? std::clamp(1 - f.uncached_tokens / input, 0.0, 1.0) : 0;
        f.waiting = candidates.signals->waiting[e];
        f.running = candidates.signals->running[e];
        f.inflight_tokens = candidates.signals->inflight_tokens[e];
        f.kv_usage = candidates.signals->kv_usage[e];
        return f;
    }

    settings s_;
    std::string name_;
    std::string type_;
    std::shared_ptr<latency_model> model_ = std::make_shared<latency_model>();
    std::shared_ptr<latency_numbers> numbers_ = std::make_shared<latency_numbers>();
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    p.has("samplingMean");
    p.has("maxDecodeTokenSamplesForPrediction");
    s.slo_buffer = p.number("sloBufferFactor", 1, above(0));
    p.integer("contextTTL", 300'000'000'000, above(0));
    s.streaming = p.boolean("streamingMode", false);
    s.role_label = p.text("endpointRoleLabel", "");
    p.boolean("predictInProduce", true);
    const auto match = p.text("prefixMatchInfoProducerName", "");
    const auto load = p.text("inFlightLoadProducerName", "");
    p.boolean("useEncoderCacheFeatures", false);
    p.text("encoderCacheMatchInfoProducerName", "");
    s.match = context.consume(data_kind::prefix_match, match, data_need::required);
    context.consume(data_kind::inflight_load, load, data_need::required);
    s.latency = context.publish(data_kind::latency_prediction);
    return std::make_unique<latency_predictor>(std::move(s), std::string(context.name()),
                                               std::string(context.type()));
}

constexpr parameter_doc docs[] = {
    {"sloBufferFactor", "float", "1", "factor on the TPOT SLO"},
    {"streamingMode", "bool", "false",
     "learn TTFT and TPOT from streams; else the whole answer's time"},
    {"endpointRoleLabel", "string", "",
     "label whose value `prefill` exempts an endpoint from the TPOT SLO"},
    {"contextTTL", "int", "300000000000", "accepted; nothing is kept beyond a request"},
    {"predictInProduce", "bool", "true", "accepted; predictions cost microseconds here"},
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
    {"useEncoderCacheFeatures", "bool", "false", "accepted"},
    {"encoderCacheMatchInfoProducerName", "string", "mm-embeddings-cache-producer", "accepted"},
    {"samplingMean", "float", "", "accepted, ignored"},
    {"maxDecodeTokenSamplesForPrediction", "int", "", "accepted, ignored"},
};

}  // namespace

extern const plugin_type predicted_latency_producer = {
    .name = "predicted-latency-producer",
    .level = stability::beta,
    .summary = "learns from earlier answers how long each endpoint takes",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
