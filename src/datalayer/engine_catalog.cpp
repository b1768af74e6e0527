#include "datalayer/engine_catalog.hpp"

#include <algorithm>

#include "datalayer/source_tls.hpp"

namespace weir::datalayer {
namespace {

constexpr std::string_view legacy_label_key = "inference.networking.k8s.io/engine-type";
constexpr std::string_view usual_path = "/metrics";

auto find(std::vector<engine_mapping>& engines, std::string_view name) {
    return std::find_if(engines.begin(), engines.end(),
                        [&](const auto& e) { return e.name == name; });
}

config::data_layer_settings usual_settings() {
    config::data_layer_settings out;
    out.sources.emplace_back();
    out.sources.front().type = "metrics-data-source";
    return out;
}

bool same_tls(const std::shared_ptr<const http::tls_client>& a,
              const std::shared_ptr<const http::tls_client>& b) {
    return a && b ? a->from() == b->from() : a == b;
}

}  // namespace

engine_catalog::engine_catalog() : engine_catalog(usual_settings()) {}

engine_catalog::engine_catalog(const config::data_layer_settings& settings)
    : extractor_(settings.extractor), label_key_(settings.engine_label_key) {
    auto engines = built_in_engines();
    for (const auto& s : settings.engines) {
        auto custom = convert(s);
        if (const auto at = find(engines, s.name); at != engines.end()) {
            *at = std::move(custom);
        } else {
            engines.push_back(std::move(custom));
        }
    }
    if (const auto at = find(engines, settings.default_engine); at != engines.end()) {
        std::rotate(engines.begin(), at, at + 1);
    }
    read_source(settings.sources);
    for (const auto& e : engines)
        by_name_[e.name] = std::make_shared<extraction_plan>(std::vector{e});
    any_ = std::make_shared<extraction_plan>(std::move(engines));
}

/// The first metrics source says where and how often; the others would say it again.
void engine_catalog::read_source(const std::vector<config::source_settings>& sources) {
    const auto at = std::find_if(sources.begin(), sources.end(),
                                 [](const auto& s) { return s.type == "metrics-data-source"; });
    scrapes_ = at != sources.end();
    if (!scrapes_) return;
    if (at->path != usual_path) path_ = at->path;
    port_ = at->port;
    interval_ = at->interval;
    std::string problem;
    tls_ = tls_of(*at, problem);
    if (problem.empty()) return;
    scrapes_ = false;
    problems_.push_back(std::move(problem));
}

/// An entry replaces a built-in engine of its name as a whole; only how the server is asked stays.
engine_mapping engine_catalog::convert(const config::engine_settings& from) {
    auto known = built_in_engines();
    engine_mapping e;
    if (const auto at = find(known, from.name); at != known.end()) {
        e = std::move(*at);
        auto awake = std::move(e.specs(signal::awake));
        e.candidates = {};
        e.specs(signal::awake) = std::move(awake);
    } else {
        e.locations = {{}};
        e.group_label = "engine";
    }
    e.name = from.name;
    add_spec(e, signal::waiting, from.queued_requests_spec, "queuedRequestsSpec");
    add_spec(e, signal::running, from.running_requests_spec, "runningRequestsSpec");
    add_spec(e, signal::kv_usage, from.kv_usage_spec, "kvUsageSpec");
    add_spec(e, signal::lora, from.lora_spec, "loraSpec");
    add_spec(e, signal::cache_info, from.cache_info_spec, "cacheInfoSpec");
    add_spec(e, signal::block_size, from.cache_block_size_spec, "cacheBlockSizeSpec");
    add_spec(e, signal::block_count, from.cache_num_blocks_spec, "cacheNumBlocksSpec");
    e.block_size_label = from.cache_block_size_label;
    e.block_count_label = from.cache_num_blocks_label;
    for (const auto& custom : from.custom_metrics) {
        std::string why;
        if (auto spec = parse_metric_spec(custom.metric_spec, why)) {
            e.customs.push_back({custom.attribute_key + "/" + extractor_, std::move(*spec)});
        } else {
            problems_.push_back("engineConfigs entry " + from.name + ", customMetrics " +
                                custom.attribute_key + ": " + why);
        }
    }
    return e;
}

void engine_catalog::add_spec(engine_mapping& to, signal what, const std::string& text,
                              std::string_view key) {
    if (text.empty()) return;
    std::string why;
    if (auto spec = parse_metric_spec(text, why)) {
        to.specs(what) = {std::move(*spec)};
    } else {
        problems_.push_back("engineConfigs entry " + to.name + ", " + std::string(key) + ": " +
                            why);
    }
}

engine_catalog::choice engine_catalog::choose(const endpoint& e) const {
    const auto* label = e.label(label_key_);
    if (label == nullptr) label = e.label(legacy_label_key);
    const auto at = label == nullptr ? by_name_.end() : by_name_.find(*label);
    choice out;
    if (at != by_name_.end()) {
        out.plan = at->second;
        out.engine = &out.plan->engines().front();
        for (const auto& l : out.engine->locations) {
            if (l.serving_port == 0 || l.serving_port == e.port) out.locations.push_back(l);
        }
    } else {
        out.plan = any_;
        out.locations = {{}, {"/prometheus/metrics", 0, 0}};
        if (e.port == 8000) out.locations.push_back({"/metrics", 8000, 8002});
    }
    if (!scrapes_) out.locations.clear();
    if (out.locations.empty()) return out;
    if (!path_.empty()) out.locations = {{path_, 0, 0}};
    if (port_ == 0) return out;
    for (auto& l : out.locations) l.metrics_port = port_;
    out.locations.erase(std::unique(out.locations.begin(), out.locations.end()),
                        out.locations.end());
    return out;
}

std::vector<std::string> engine_catalog::attribute_keys() const {
    std::vector<std::string> out;
    for (const auto& e : any_->engines()) {
        for (const auto& c : e.customs) {
            if (std::find(out.begin(), out.end(), c.key) == out.end()) out.push_back(c.key);
        }
    }
    return out;
}

bool engine_catalog::same_as(const engine_catalog& other) const {
    return label_key_ == other.label_key_ && path_ == other.path_ && port_ == other.port_ &&
           interval_ == other.interval_ && same_tls(tls_, other.tls_) &&
           scrapes_ == other.scrapes_ && any_->engines() == other.any_->engines();
}

}  // namespace weir::datalayer
