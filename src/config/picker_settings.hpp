#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/node.hpp"

/// What an EndpointPickerConfig says to rooms other than scheduling. Read by `scheduling` (which
/// knows the plugin types), used by `flowcontrol` and `datalayer`. Plain values; immutable once
/// built.
namespace weir::config {

enum class detector_kind : std::uint8_t {
    guide,        ///< none named: saturated when no endpoint has capacity
    utilization,  ///< mean of max(queue ratio, KV ratio)
    concurrency,  ///< in-flight requests or tokens against a cap
};
enum class concurrency_mode : std::uint8_t { requests, tokens, hybrid };

/// The saturation detector, with the reference's defaults.
struct detector_settings {
    detector_kind kind = detector_kind::guide;
    std::string name = "utilization-detector";  ///< instance name, a metric label
    double queue_depth_threshold = 5;
    double kv_cache_util_threshold = 0.8;
    std::chrono::nanoseconds metrics_staleness_threshold = std::chrono::milliseconds(200);
    double headroom = 0;
    std::int64_t max_concurrency = 100;
    std::int64_t max_token_concurrency = 1'000'000;
    concurrency_mode mode = concurrency_mode::requests;

    double staleness_seconds() const {
        return std::chrono::duration<double>(metrics_staleness_threshold).count();
    }
};

enum class fairness_policy : std::uint8_t { global_strict, round_robin, program_aware };
enum class ordering_policy : std::uint8_t { fcfs, edf, slo_deadline };
enum class usage_limit_policy : std::uint8_t { fixed, priority_holdback, soft_reflective_ceiling };
enum class holdback_domain : std::uint8_t { rank, value };

/// Parameters of `program-aware-fairness`.
struct program_aware_settings {
    double weight_service = 0.8;
    double weight_head_wait = 0.2;
    double half_life_seconds = 60;
    double eviction_ttl_seconds = 3600;
    double eviction_sweep_seconds = 300;
};

struct fairness_settings {
    fairness_policy policy = fairness_policy::global_strict;
    std::string name = "global-strict-fairness-policy";
    program_aware_settings program_aware;
};

struct ordering_settings {
    ordering_policy policy = ordering_policy::fcfs;
    std::string name = "fcfs-ordering-policy";
};

struct usage_limit_settings {
    usage_limit_policy policy = usage_limit_policy::fixed;
    std::string name = "static-usage-limit-policy";
    double threshold = 1;    ///< of `static-usage-limit-policy`
    double min_ceiling = 0;  ///< of `priority-holdback-policy`
    double max_ceiling = 1;
    holdback_domain domain = holdback_domain::rank;
};

/// One priority band; limits are bytes of bodies and numbers of requests.
struct band_settings {
    int priority = 0;
    std::uint64_t max_bytes = 1'000'000'000;
    std::uint64_t max_requests = 5000;
    fairness_settings fairness;
    ordering_settings ordering;
};

/// The `flowControl` section with its defaults filled in.
struct flow_control_settings {
    bool present = false;            ///< the section is there
    std::uint64_t max_bytes = 0;     ///< 0: unlimited
    std::uint64_t max_requests = 0;  ///< 0: unlimited
    std::chrono::nanoseconds default_request_ttl = std::chrono::seconds(60);  ///< 0: none
    std::optional<std::chrono::nanoseconds> no_endpoint_request_ttl;  ///< absent: as the one above
    std::vector<band_settings> bands;                    ///< `priorityBands`, in file order
    std::optional<band_settings> default_band;           ///< template for unlisted priorities >= 0
    std::optional<band_settings> default_negative_band;  ///< template for unlisted priorities < 0
    usage_limit_settings usage_limit;
    bool enable_eviction = false;
    std::string eviction_filter;  ///< instance names; empty: the default
    std::string eviction_order;
};

enum class parser_kind : std::uint8_t {
    openai,
    anthropic,
    vllm_http,
    vllm_grpc,
    sglang_http,
    vertex_ai,
    passthrough
};

/// A further metric an engine mapping reads.
struct custom_metric {
    std::string attribute_key;
    std::string metric_spec;
    span at;
};

/// One entry of `engineConfigs`: metric specs as written (`name` or `name{label=value}`), empty
/// when not given.
struct engine_settings {
    std::string name;
    std::string queued_requests_spec;
    std::string running_requests_spec;
    std::string kv_usage_spec;
    std::string lora_spec;
    std::string cache_info_spec;
    std::string cache_block_size_label;
    std::string cache_num_blocks_label;
    std::string cache_block_size_spec;
    std::string cache_num_blocks_spec;
    std::vector<custom_metric> custom_metrics;
    span at;
};

/// Parameters of `metrics-data-source` and its kin.
struct source_settings {
    std::string name;
    std::string type;
    std::string scheme = "http";
    std::string path = "/metrics";
    std::uint16_t port = 0;                ///< 0: the endpoint's own
    std::chrono::nanoseconds interval{0};  ///< 0: the scrape period
    bool insecure_skip_verify = true;
    std::string ca_cert_path;
    std::string client_cert_path;
    std::string client_key_path;
    std::vector<std::string> extractors;  ///< instance names
};

/// Parameters of `file-discovery`.
struct discovery_settings {
    std::string type;  ///< empty: none named
    std::string path;
    bool watch = false;
    span at;  ///< of `path`
};

struct data_layer_settings {
    std::vector<source_settings> sources;
    std::string engine_label_key = "llm-d.ai/engine-type";
    std::string default_engine = "vllm";
    std::string extractor = "core-metrics-extractor";  ///< the instance the engines belong to
    std::vector<engine_settings> engines;
    discovery_settings discovery;
    std::chrono::nanoseconds cross_replica_sync_interval{0};
};

/// All of it for one pool.
struct picker_settings {
    std::string origin;         ///< as picker_document::origin
    bool flow_control = false;  ///< feature gate `flowControl`
    bool ha_populate_non_leader_datastore = true;
    detector_settings detector;
    flow_control_settings flow;
    std::vector<parser_kind> parsers;
    data_layer_settings data_layer;
};

}  // namespace weir::config
