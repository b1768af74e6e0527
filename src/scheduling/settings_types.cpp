#include "scheduling/settings_types.hpp"

#include <algorithm>
#include <string>

#include "datalayer/engine_mapping.hpp"

namespace weir::scheduling {

namespace {

using config::engine_settings;

void read_nothing(parameters& p, settings_entry&) { p.ignore_all(); }

void read_source(parameters& p, settings_entry& out) {
    auto& s = out.source;
    s.path = out.type == "models-data-source" ? "/v1/models" : "/metrics";
    s.scheme = p.one_of("scheme", "http", {"http", "https"});
    s.path = p.text("path", s.path);
    if (p.has("port")) s.port = static_cast<std::uint16_t>(p.integer("port", 0, between(0, 65535)));
    s.interval = p.duration("interval", {});
    if (s.interval.count() < 0) p.reject("interval", "interval must not be negative");
    s.insecure_skip_verify = p.boolean("insecureSkipVerify", true);
    s.ca_cert_path = p.text("caCertPath", "");
    s.client_cert_path = p.text("clientCertPath", "");
    s.client_key_path = p.text("clientKeyPath", "");
}

/// The exporter runs beside the endpoint. One on its node has the same address where the Pods use
/// their host's network; no other is known.
void read_gpu_source(parameters& p, settings_entry& out) {
    out.source.port = 9400;
    read_source(p, out);
    p.boolean("useNodeAddress", false);
}

/// Notifications come from the configuration itself here; the parameters name Kubernetes kinds and
/// are taken as they are.
void read_notification(parameters& p, settings_entry&) { p.ignore_all(); }

std::string read_spec(parameters& p, std::string_view key) {
    auto text = p.text(key, "");
    std::string why;
    if (!text.empty() && !datalayer::parse_metric_spec(text, why))
        p.reject(key, std::string(key) + ": " + why);
    return text;
}

engine_settings read_specs(parameters& p) {
    engine_settings e;
    e.queued_requests_spec = read_spec(p, "queuedRequestsSpec");
    e.running_requests_spec = read_spec(p, "runningRequestsSpec");
    e.kv_usage_spec = read_spec(p, "kvUsageSpec");
    e.lora_spec = read_spec(p, "loraSpec");
    e.cache_info_spec = read_spec(p, "cacheInfoSpec");
    e.cache_block_size_label = p.text("cacheBlockSizeLabelName", "");
    e.cache_num_blocks_label = p.text("cacheNumBlocksLabelName", "");
    e.cache_block_size_spec = read_spec(p, "cacheBlockSizeSpec");
    e.cache_num_blocks_spec = read_spec(p, "cacheNumBlocksSpec");
    return e;
}

/// The name of an engine that is built in or configured.
void check_default_engine(parameters& p, const settings_entry& read) {
    const auto named = [&](const auto& e) { return e.name == read.default_engine; };
    const auto& known = datalayer::built_in_engines();
    if (std::any_of(known.begin(), known.end(), named)) return;
    if (std::any_of(read.engines.begin(), read.engines.end(), named)) return;
    p.reject("defaultEngine", "default engine \"" + read.default_engine + "\" not found");
}

void read_core_metrics(parameters& p, settings_entry& out) {
    out.engine_label_key = p.text("engineLabelKey", out.engine_label_key);
    out.default_engine = p.text("defaultEngine", out.default_engine);
    for (auto* item : p.objects("engineConfigs")) {
        auto e = read_specs(*item);
        e.name = item->text("name", "");
        if (e.name.empty()) item->reject("name", "engineConfigs: an engine needs a name");
        for (auto* custom : item->objects("customMetrics")) {
            config::custom_metric m;
            m.attribute_key = custom->text("attributeKey", "");
            m.metric_spec = read_spec(*custom, "metricSpec");
            if (m.attribute_key.empty())
                custom->reject("attributeKey", "customMetrics: attributeKey is required");
            if (m.metric_spec.empty())
                custom->reject("metricSpec", "customMetrics: metricSpec is required");
            e.custom_metrics.push_back(std::move(m));
        }
        out.engines.push_back(std::move(e));
    }
    check_default_engine(p, out);
}

void read_file_discovery(parameters& p, settings_entry& out) {
    out.discovery.type = out.type;
    out.discovery.path = p.text("path", "");
    out.discovery.watch = p.boolean("watchFile", false);
    if (out.discovery.path.empty())
        p.reject("path", "file-discovery: 'path' parameter is required");
}

void read_global_strict(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.fairness.policy = config::fairness_policy::global_strict;
}

void read_round_robin(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.fairness.policy = config::fairness_policy::round_robin;
}

void read_program_aware(parameters& p, settings_entry& out) {
    out.fairness.policy = config::fairness_policy::program_aware;
    auto& a = out.fairness.program_aware;
    p.one_of("strategy", "las", {"las"});
    a.weight_service = p.number("weightService", a.weight_service, at_least(0));
    a.weight_head_wait = p.number("weightHeadWait", a.weight_head_wait, at_least(0));
    a.half_life_seconds = p.number("halfLifeSeconds", a.half_life_seconds, above(0));
    a.eviction_ttl_seconds = p.number("evictionTtlSeconds", a.eviction_ttl_seconds, above(0));
    a.eviction_sweep_seconds = p.number("evictionSweepSeconds", a.eviction_sweep_seconds, above(0));
}

void read_fcfs(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.ordering.policy = config::ordering_policy::fcfs;
}

void read_edf(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.ordering.policy = config::ordering_policy::edf;
}

void read_slo_deadline(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.ordering.policy = config::ordering_policy::slo_deadline;
}

void read_static_limit(parameters& p, settings_entry& out) {
    out.usage_limit.policy = config::usage_limit_policy::fixed;
    out.usage_limit.threshold = p.number("threshold", 1, at_least(0));
}

void read_holdback(parameters& p, settings_entry& out) {
    auto& u = out.usage_limit;
    u.policy = config::usage_limit_policy::priority_holdback;
    if (!p.has("minCeiling")) p.reject("", "priority-holdback-policy: minCeiling is required");
    u.min_ceiling = p.number("minCeiling", 0, {.min = 0, .max = 1, .max_excluded = true});
    u.max_ceiling = p.number("maxCeiling", 1, {.min = 0, .max = 1, .min_excluded = true});
    if (u.max_ceiling <= u.min_ceiling)
        p.reject("maxCeiling", "maxCeiling must be greater than minCeiling");
    u.domain = p.one_of("domain", "rank", {"rank", "value"}) == "value"
                   ? config::holdback_domain::value
                   : config::holdback_domain::rank;
    p.one_of("shape", "linear", {"linear"});
}

void read_reflective(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.usage_limit.policy = config::usage_limit_policy::soft_reflective_ceiling;
}

template <config::parser_kind Kind>
void read_parser(parameters& p, settings_entry& out) {
    p.ignore_all();
    out.parser = Kind;
}

using role = settings_role;
using config::parser_kind;

constexpr settings_type types[] = {
    {"metrics-data-source", role::source, stability::beta, "scrapes /metrics of each endpoint",
     read_source},
    {"models-data-source", role::source, stability::beta, "reads /v1/models of each endpoint",
     read_source},
    {"dcgm-data-source", role::source, stability::alpha, "reads GPU telemetry beside each endpoint",
     read_gpu_source},
    {"endpoint-notification-source", role::source, stability::beta, "endpoints coming and going",
     read_notification},
    {"k8s-notification-source", role::source, stability::beta, "objects coming and going",
     read_notification},
    {"multicluster-metrics-data-source", role::source, stability::alpha,
     "metrics of other clusters", read_source},
    {"core-metrics-extractor", role::extractor, stability::beta,
     "queue, running, KV cache, LoRA, cache layout", read_core_metrics},
    {"models-data-extractor", role::extractor, stability::beta, "models that an endpoint serves",
     read_nothing},
    {"model-server-protocol-models", role::extractor, stability::deprecated,
     "older name of models-data-extractor", read_nothing},
    {"dcgm-extractor", role::extractor, stability::alpha, "GPU utilisation 0..1", read_nothing},
    {"multicluster-metrics-extractor", role::extractor, stability::alpha,
     "metrics of other clusters", read_nothing},
    {"file-discovery", role::discovery, stability::beta, "endpoints from a file",
     read_file_discovery},
    {"multicluster-file-discovery", role::discovery, stability::alpha, "clusters from a file",
     read_file_discovery},
    {"global-strict-fairness-policy", role::fairness, stability::beta, "best head of all flows",
     read_global_strict},
    {"round-robin-fairness-policy", role::fairness, stability::beta, "flows in turn",
     read_round_robin},
    {"program-aware-fairness", role::fairness, stability::beta, "least attained service first",
     read_program_aware},
    {"fcfs-ordering-policy", role::ordering, stability::beta, "first come, first served",
     read_fcfs},
    {"edf-ordering-policy", role::ordering, stability::beta, "earliest deadline first", read_edf},
    {"slo-deadline-ordering-policy", role::ordering, stability::beta,
     "deadline from the TTFT SLO header", read_slo_deadline},
    {"static-usage-limit-policy", role::usage_limit, stability::beta, "one ceiling for all bands",
     read_static_limit},
    {"priority-holdback-policy", role::usage_limit, stability::alpha,
     "lower ceilings for lower bands", read_holdback},
    {"soft-reflective-ceiling-policy", role::usage_limit, stability::alpha,
     "lower bands give way in time", read_reflective},
    {"sheddable-eviction-filter", role::eviction_filter, stability::alpha,
     "negative priorities may be evicted", read_nothing},
    {"priority-then-time-eviction-order-policy", role::eviction_order, stability::alpha,
     "lowest priority, newest first", read_nothing},
    {"openai-parser", role::parser, stability::beta, "OpenAI paths",
     read_parser<parser_kind::openai>},
    {"anthropic-parser", role::parser, stability::beta, "Anthropic paths",
     read_parser<parser_kind::anthropic>},
    {"vllmhttp-parser", role::parser, stability::beta, "vLLM's own paths",
     read_parser<parser_kind::vllm_http>},
    {"vllmgrpc-parser", role::parser, stability::beta, "vLLM over gRPC",
     read_parser<parser_kind::vllm_grpc>},
    {"sglanghttp-parser", role::parser, stability::beta, "SGLang's own paths",
     read_parser<parser_kind::sglang_http>},
    {"vertexai-parser", role::parser, stability::beta, "Vertex AI paths",
     read_parser<parser_kind::vertex_ai>},
    {"passthrough-parser", role::parser, stability::beta, "claims no path",
     read_parser<parser_kind::passthrough>},
};

}  // namespace

std::span<const settings_type> settings_types() { return types; }

const settings_type* find_settings_type(std::string_view name) {
    for (const auto& t : types) {
        if (t.name == name) return &t;
    }
    return nullptr;
}

}  // namespace weir::scheduling
