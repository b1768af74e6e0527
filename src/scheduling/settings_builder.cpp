#include "scheduling/settings_builder.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/detector_plugin.hpp"
#include "scheduling/scalar.hpp"
#include "scheduling/strict_object.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::findings;
using config::node;

namespace {

constexpr std::string_view flow_prefix = "failed to load flow control config: ";

class flow_reader {
  public:
    flow_reader(plugin_builder& plugins, findings& found) : plugins_(plugins), found_(found) {}

    config::flow_control_settings read(const node* section) {
        config::flow_control_settings out;
        const strict_object o(
            section, "flowControl", found_,
            {"maxBytes", "maxRequests", "defaultRequestTTL", "noEndpointRequestTTL",
             "priorityBands", "defaultPriorityBand", "defaultNegativePriorityBand",
             "usageLimitPolicyPluginRef", "saturationDetector", "enableEviction"});
        out.present = o.given();
        out.max_bytes = quantity(o, "maxBytes").value_or(0);
        out.max_requests = quantity(o, "maxRequests").value_or(0);
        out.default_request_ttl =
            duration(o, "defaultRequestTTL").value_or(out.default_request_ttl);
        out.no_endpoint_request_ttl = duration(o, "noEndpointRequestTTL");
        read_bands(o, out);
        if (const auto name = o.text("usageLimitPolicyPluginRef")) {
            if (const auto* p = policy(*name, settings_role::usage_limit, "UsageLimitPolicy",
                                       o.at("usageLimitPolicyPluginRef"))) {
                out.usage_limit = p->usage_limit;
            }
        } else if (const auto* p = plugins_.make_implicit_settings("static-usage-limit-policy")) {
            out.usage_limit = p->usage_limit;
        }
        out.enable_eviction = o.boolean("enableEviction").value_or(false);
        return out;
    }

  private:
    std::optional<std::uint64_t> quantity(const strict_object& o, std::string_view key) {
        const auto* v = o.get(key);
        if (v == nullptr) return std::nullopt;
        if (v->is_scalar() && v->scalar.starts_with('-')) {
            error(o.path(key) + " must be non-negative, got " + v->scalar, v->at);
            return std::nullopt;
        }
        const auto parsed = v->is_scalar() ? parse_quantity(v->scalar) : std::nullopt;
        if (parsed) return parsed;
        auto& f =
            error(o.path(key) + ": quantities must be a number with an optional suffix", v->at);
        f.help = "write a quantity such as `5000`, `500M` or `1Gi`";
        return std::nullopt;
    }

    std::optional<std::chrono::nanoseconds> duration(const strict_object& o, std::string_view key) {
        const auto* v = o.get(key);
        if (v == nullptr) return std::nullopt;
        const auto parsed = as_text(*v) ? parse_go_duration(*as_text(*v)) : std::nullopt;
        if (!parsed) {
            auto& f = error(o.path(key) + ": time: invalid duration \"" + v->scalar + "\"", v->at);
            f.help = "write a number with a unit, such as `60s` or `0s`";
            if (as_number(*v)) f.suggestion = v->scalar + "s";
            return std::nullopt;
        }
        if (parsed->count() < 0) {
            error(o.path(key) + " must be non-negative, got " + v->scalar, v->at);
            return std::nullopt;
        }
        return parsed;
    }

    const settings_entry* policy(const std::string& name, settings_role role,
                                 std::string_view interface_name, const config::span& at) {
        if (plugins_.is_broken(name)) return nullptr;
        const auto* p = plugins_.settings(name);
        if (p == nullptr) p = plugins_.make_implicit_settings(name);
        if (p != nullptr && p->role == role) return p;
        if (p != nullptr || plugins_.is_known(name)) {
            found_.error(code::wrong_role,
                         std::string(flow_prefix) + "plugin \"" + name + "\" does not implement " +
                             std::string(interface_name),
                         at);
            return nullptr;
        }
        const auto names = plugins_.names();
        auto& f = found_.error(code::undefined_plugin,
                               std::string(flow_prefix) + "plugin \"" + name + "\" not found", at);
        f.suggestion = nearest(name, names);
        return nullptr;
    }

    config::band_settings read_band(const node* value, const std::string& path, bool listed) {
        const strict_object o(
            value, path, found_,
            {"priority", "maxBytes", "maxRequests", "fairnessPolicyRef", "orderingPolicyRef"});
        config::band_settings band;
        if (const auto* p = o.get("priority")) {
            const auto n = as_integer(*p);
            if (!n || std::abs(*n) > 2147483647) {
                error(o.path("priority") + " must be a whole number", p->at);
            } else {
                band.priority = static_cast<int>(*n);
            }
        } else if (listed && o.given()) {
            band.priority = 0;
        }
        // Zero asks for the default, as an absent value does.
        if (const auto q = quantity(o, "maxBytes"); q && *q != 0) band.max_bytes = *q;
        if (const auto q = quantity(o, "maxRequests"); q && *q != 0) band.max_requests = *q;
        const auto fairness = o.text("fairnessPolicyRef").value_or("global-strict-fairness-policy");
        if (const auto* p = policy(fairness, settings_role::fairness, "FairnessPolicy",
                                   o.at("fairnessPolicyRef"))) {
            band.fairness = p->fairness;
        }
        const auto ordering = o.text("orderingPolicyRef").value_or("fcfs-ordering-policy");
        if (const auto* p = policy(ordering, settings_role::ordering, "OrderingPolicy",
                                   o.at("orderingPolicyRef"))) {
            band.ordering = p->ordering;
        }
        return band;
    }

    void read_bands(const strict_object& o, config::flow_control_settings& out) {
        std::size_t i = 0;
        for (const auto* item : o.items("priorityBands")) {
            const auto path = "flowControl.priorityBands[" + std::to_string(i++) + "]";
            auto band = read_band(item, path, true);
            const bool twice = std::any_of(out.bands.begin(), out.bands.end(), [&](const auto& b) {
                return b.priority == band.priority;
            });
            if (twice) {
                const auto* p = item->get("priority");
                error("duplicate priority level " + std::to_string(band.priority) +
                          " in priorityBands",
                      p != nullptr ? p->at : item->at);
                continue;
            }
            out.bands.push_back(std::move(band));
        }
        if (const auto* v = o.get("defaultPriorityBand")) {
            out.default_band = read_band(v, "flowControl.defaultPriorityBand", false);
        }
        if (const auto* v = o.get("defaultNegativePriorityBand")) {
            out.default_negative_band =
                read_band(v, "flowControl.defaultNegativePriorityBand", false);
        }
    }

    config::finding& error(const std::string& message, const config::span& at) {
        return found_.error(code::flow_control, std::string(flow_prefix) + message, at);
    }

    plugin_builder& plugins_;
    findings& found_;
};

config::detector_settings read_detector(const picker_spec& spec, plugin_builder& plugins,
                                        findings& found) {
    static constexpr std::string_view default_name = "utilization-detector";
    const std::string name = spec.detector ? spec.detector->name : std::string(default_name);
    if (auto* p = plugins.find(name)) {
        if (const auto* d = dynamic_cast<const detector_plugin*>(p)) {
            auto out = d->detector();
            out.name = name;
            return out;
        }
        if (spec.detector) {
            found.error(code::wrong_role, "plugin '" + name + "' is not a fwkfc.SaturationDetector",
                        spec.detector->at);
        }
        return {};
    }
    config::detector_settings out;
    if (!spec.detector) {
        // The mean-ratio detector comes with flow control; without it the guide's rule stays.
        if (spec.flow_control_gate) out.kind = config::detector_kind::utilization;
        return out;
    }
    if (name == default_name) {
        out.kind = config::detector_kind::utilization;
        return out;
    }
    if (plugins.settings(name) != nullptr) {
        found.error(code::wrong_role, "plugin '" + name + "' is not a fwkfc.SaturationDetector",
                    spec.detector->at);
    } else if (!plugins.is_broken(name)) {
        const auto names = plugins.names();
        auto& f = found.error(code::undefined_plugin,
                              "saturation detector references undefined plugin '" + name + "'",
                              spec.detector->at);
        f.suggestion = nearest(name, names);
    }
    return out;
}

std::vector<config::parser_kind> read_parsers(const picker_spec& spec, plugin_builder& plugins,
                                              findings& found) {
    static constexpr std::array<std::string_view, 4> defaults = {
        "openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser"};
    std::vector<config::parser_kind> out;
    if (spec.parsers.empty()) {
        for (const auto name : defaults) {
            if (const auto* p = plugins.make_implicit_settings(name)) out.push_back(p->parser);
        }
        return out;
    }
    for (const auto& ref : spec.parsers) {
        const auto* p = plugins.make_implicit_settings(ref.name);
        if (p != nullptr && p->role == settings_role::parser) {
            out.push_back(p->parser);
        } else if (p != nullptr || plugins.instance(ref.name) != nullptr) {
            found.error(code::wrong_role, "plugin '" + ref.name + "' is not a fwkrh.Parser",
                        ref.at);
        } else if (!plugins.is_broken(ref.name)) {
            const auto names = plugins.names();
            auto& f = found.error(code::undefined_plugin,
                                  "parser references undefined plugin '" + ref.name + "'", ref.at);
            f.suggestion = nearest(ref.name, names);
        }
    }
    return out;
}

/// Scheduling plugins that the reference also feeds from data sources.
bool may_extract(const plugin_instance& p) {
    return p.kind->name == "topology-extractor" ||
           p.kind->name == "precise-prefix-cache-producer" ||
           p.kind->name == "precise-prefix-cache-scorer" ||
           p.kind->name == "approx-prefix-cache-producer";
}

void read_source(const source_entry& entry, plugin_builder& plugins, findings& found,
                 config::data_layer_settings& out) {
    const auto* source = plugins.settings(entry.ref.name);
    const auto bad = [&](std::string_view code, const std::string& message, const config::span& at,
                         const std::string& name) {
        const auto names = plugins.names();
        auto& f = found.error(code, "data layer config build failed: " + message, at);
        f.suggestion = nearest(name, names);
        if (f.suggestion == name) f.suggestion.clear();
    };
    if (source == nullptr || source->role != settings_role::source) {
        if (!plugins.is_broken(entry.ref.name)) {
            bad(code::wrong_role, "the plugin " + entry.ref.name + " is not a fwkdl.DataSource",
                entry.ref.at, entry.ref.name);
        }
        return;
    }
    auto settings = source->source;
    for (const auto& ref : entry.extractors) {
        const auto* extractor = plugins.settings(ref.name);
        const auto* other = plugins.instance(ref.name);
        if (extractor == nullptr && other == nullptr) {
            if (!plugins.is_broken(ref.name)) {
                bad(code::undefined_plugin, "the plugin " + ref.name + " is not registered", ref.at,
                    ref.name);
            }
            continue;
        }
        const bool fits = extractor != nullptr ? extractor->role == settings_role::extractor
                                               : may_extract(*other);
        if (!fits) {
            bad(code::wrong_role, "the plugin " + ref.name + " is not an extractor", ref.at,
                ref.name);
            continue;
        }
        settings.extractors.push_back(ref.name);
    }
    out.sources.push_back(std::move(settings));
}

void inject_metrics(const picker_spec& spec, plugin_builder& plugins,
                    config::data_layer_settings& out) {
    const bool listed = std::any_of(spec.sources.begin(), spec.sources.end(), [](const auto& s) {
        return s.ref.name == "metrics-data-source";
    });
    if (!spec.inject_data_defaults || listed) return;
    const auto* source = plugins.make_implicit_settings("metrics-data-source");
    if (source == nullptr) return;
    auto settings = source->source;
    plugins.make_implicit_settings("core-metrics-extractor");
    settings.extractors.emplace_back("core-metrics-extractor");
    out.sources.push_back(std::move(settings));
}

void read_discovery(const plugin_ref& ref, plugin_builder& plugins, findings& found,
                    config::data_layer_settings& out) {
    const auto* p = plugins.settings(ref.name);
    if (p != nullptr && p->role == settings_role::discovery) {
        out.discovery = p->discovery;
        return;
    }
    if (plugins.is_broken(ref.name)) return;
    const auto names = plugins.names();
    auto& f = found.error(p != nullptr ? code::wrong_role : code::undefined_plugin,
                          p != nullptr ? "plugin '" + ref.name + "' is not an endpoint discovery"
                                       : "discovery references undefined plugin '" + ref.name + "'",
                          ref.at);
    f.suggestion = nearest(ref.name, names);
}

config::data_layer_settings read_data_layer(const picker_spec& spec, plugin_builder& plugins,
                                            findings& found) {
    config::data_layer_settings out;
    for (const auto& entry : spec.sources) read_source(entry, plugins, found, out);
    inject_metrics(spec, plugins, out);
    for (const auto& entry : plugins.settings_entries()) {
        if (entry.type != "core-metrics-extractor") continue;
        out.engine_label_key = entry.engine_label_key;
        out.default_engine = entry.default_engine;
        out.extractor = entry.name;
        out.engines = entry.engines;
        break;
    }
    if (spec.discovery) read_discovery(*spec.discovery, plugins, found, out);
    for (const auto* ref : {&spec.peer_discovery, &spec.syncer}) {
        if (!*ref) continue;
        found.warning(code::approximated,
                      "weir is one process: replicas are neither discovered nor synchronised",
                      (*ref)->at);
    }
    if (spec.sync_interval) {
        const auto text = as_text(*spec.sync_interval);
        const auto parsed = text ? parse_go_duration(*text) : std::nullopt;
        if (parsed) {
            out.cross_replica_sync_interval = *parsed;
        } else {
            found.error(code::envelope,
                        "dataLayer.crossReplicaSyncInterval: time: invalid duration \"" +
                            spec.sync_interval->scalar + "\"",
                        spec.sync_interval->at);
        }
    }
    return out;
}

}  // namespace

config::picker_settings build_settings(const picker_spec& spec, plugin_builder& plugins,
                                       findings& found) {
    config::picker_settings out;
    out.flow_control = spec.flow_control_gate;
    out.ha_populate_non_leader_datastore = spec.ha_gate;
    out.data_layer = read_data_layer(spec, plugins, found);
    out.detector = read_detector(spec, plugins, found);
    out.flow = flow_reader(plugins, found).read(spec.flow_control);
    for (const auto* name : {"fcfs-ordering-policy", "global-strict-fairness-policy"}) {
        plugins.make_implicit_settings(name);
    }
    for (const auto& entry : plugins.settings_entries()) {
        if (entry.role == settings_role::eviction_filter) out.flow.eviction_filter = entry.name;
        if (entry.role == settings_role::eviction_order) out.flow.eviction_order = entry.name;
    }
    if (out.flow.present && !spec.flow_control_gate) {
        const bool only_detector =
            spec.flow_control->fields.size() == 1 &&
            spec.flow_control->fields[0].first.scalar == "saturationDetector";
        if (!only_detector) {
            auto& f = found.warning(
                code::gate_is_off,
                "the flowControl config section is set but the flowControl feature gate is "
                "disabled; its settings (other than saturationDetector) are ignored",
                spec.flow_control->at);
            f.help = "add `featureGates: [flowControl]`";
        }
    }
    out.parsers = read_parsers(spec, plugins, found);
    return out;
}

}  // namespace weir::scheduling
