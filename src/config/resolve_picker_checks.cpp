#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

/// What is right by itself in a picker configuration, but does not fit the rest: the scrape period,
/// the objectives, the memory limit, the other weights. Reads the tree; knows no plugin.
namespace weir::config {
namespace {

std::string_view scalar_of(const node* mapping, std::string_view key) {
    const auto* value = mapping != nullptr ? mapping->get(key) : nullptr;
    return value != nullptr && value->is_scalar() ? std::string_view(value->scalar)
                                                  : std::string_view();
}

const lean_vector<node>& items_of(const node* mapping, std::string_view key) {
    static const lean_vector<node> none;
    const auto* list = mapping != nullptr ? mapping->get(key) : nullptr;
    return list != nullptr ? list->items : none;
}

bool is_on(const node& root, std::string_view gate) {
    const auto& gates = items_of(&root, "featureGates");
    return std::any_of(gates.begin(), gates.end(), [&](const node& g) {
        return g.scalar == gate || g.scalar == std::string(gate) + "=true";
    });
}

// --- the scrape period
// ---------------------------------------------------------------------------

/// A staleness limit below the scrape period would make every endpoint stale between two scrapes.
void check_staleness(resolve_state& state, const node& root) {
    for (const auto& plugin : items_of(&root, "plugins")) {
        if (scalar_of(&plugin, "type") != "utilization-detector") continue;
        const auto* parameters = plugin.get("parameters");
        const auto* limit =
            parameters != nullptr ? parameters->get("metricsStalenessThreshold") : nullptr;
        if (limit == nullptr || !limit->is_scalar()) continue;
        const auto value = parse_go_duration(limit->scalar);
        const auto period = state.options.refresh_metrics_interval;
        if (!value || value->count() <= 0 || *value >= period) continue;
        auto& f = state.found.warning(codes::stale_before_scraped,
                                      "metrics are stale after " + limit->scalar +
                                          ", but scraped only every " + format_go_duration(period),
                                      limit->at);
        f.help = "raise it to at least three scrape periods, or lower --refresh-metrics-interval";
        f.note =
            "an idle pool would look saturated and shed: 429 `system saturated, sheddable request "
            "dropped`; weir uses three scrape periods instead";
    }
}

/// A request that may wait less than a scrape period gives up before weir can see room for it.
void check_ttl(resolve_state& state, const node& flow) {
    for (const auto* name : {"defaultRequestTTL", "noEndpointRequestTTL"}) {
        const auto* ttl = flow.get(name);
        if (ttl == nullptr || !ttl->is_scalar()) continue;
        const auto value = parse_go_duration(ttl->scalar);
        const auto period = state.options.refresh_metrics_interval;
        if (!value || value->count() <= 0 || *value >= period) continue;
        auto& f = state.found.warning(codes::ttl_below_scrape,
                                      std::string(name) + " is " + ttl->scalar +
                                          ", but endpoints are scraped only every " +
                                          format_go_duration(period),
                                      ttl->at);
        f.help = "raise it above the scrape period, or lower --refresh-metrics-interval";
        f.note =
            "a queued request would give up before weir can see room for it: 429 `request timed "
            "out in queue`";
    }
}

// --- priority bands
// ------------------------------------------------------------------------------

using objectives_by_pool = std::vector<std::vector<const objective_resource*>>;

objectives_by_pool sort_objectives(const resolve_state& state) {
    objectives_by_pool sorted(state.pools.size());
    for (const auto& o : state.in.objectives) {
        const auto& ref = o.pool_ref;
        const auto pool = state.find_pool(ref.group.value, o.meta.name_space.value, ref.name.value);
        if (pool) sorted[*pool].push_back(&o);
    }
    return sorted;
}

/// Objectives whose priority no band names share the template of the default band.
void check_bands(resolve_state& state, const node& flow,
                 const std::vector<const objective_resource*>& objectives) {
    std::set<std::int64_t> listed;
    for (const auto& band : items_of(&flow, "priorityBands")) {
        if (const auto number = parse_int(scalar_of(&band, "priority"))) listed.insert(*number);
    }
    if (listed.empty()) return;
    for (const auto* o : objectives) {
        const auto priority = o->priority.value;
        const auto* otherwise =
            priority < 0 ? "defaultNegativePriorityBand" : "defaultPriorityBand";
        if (listed.contains(priority) || flow.get(otherwise) != nullptr) continue;
        auto& f = state.found.note(
            codes::priority_without_band,
            "priority " + std::to_string(priority) + " has no band in flowControl.priorityBands",
            o->priority.at);
        f.help = "add a band {priority: " + std::to_string(priority) + "}, or a " + otherwise;
        f.note = "it gets a band of its own with the default limits, 1 GB and 5000 requests";
    }
}

/// Caps that add up to more than weir ever buffers: the process limit refuses first.
void check_band_bytes(resolve_state& state, const node& flow) {
    const auto limit = state.options.max_buffered;
    const auto whole = parse_quantity(scalar_of(&flow, "maxBytes"));
    if (whole && *whole != 0 && *whole <= limit) return;
    std::uint64_t sum = 0;
    const node* last = nullptr;
    for (const auto& band : items_of(&flow, "priorityBands")) {
        const auto bytes = parse_quantity(scalar_of(&band, "maxBytes"));
        if (!bytes) continue;
        sum += std::min(*bytes, std::uint64_t{1} << 50);
        last = band.get("maxBytes");
    }
    if (last == nullptr || sum <= limit) return;
    auto& f = state.found.note(codes::bands_above_memory,
                               "the bands may hold " + std::to_string(sum) +
                                   " bytes together, but all buffered bodies at most " +
                                   std::to_string(limit) + " (--max-buffered)",
                               last->at);
    f.help = "lower maxBytes of the bands, or raise --max-buffered";
    f.note = "requests are refused with 503 before a band is full";
}

// --- weights
// -------------------------------------------------------------------------------------

/// The types of the plugins of a configuration by their names, which default to the types.
std::unordered_map<std::string_view, std::string_view> plugin_types(const node& root) {
    std::unordered_map<std::string_view, std::string_view> types;
    for (const auto& p : items_of(&root, "plugins")) {
        const auto type = scalar_of(&p, "type");
        const auto own = scalar_of(&p, "name");
        types.try_emplace(own.empty() ? type : own, type);
    }
    return types;
}

void check_weights(resolve_state& state, const node& root) {
    const auto types = plugin_types(root);
    for (const auto& profile : items_of(&root, "schedulingProfiles")) {
        const node* zero = nullptr;
        const node* weighted = nullptr;
        const node* plain = nullptr;
        for (const auto& entry : items_of(&profile, "plugins")) {
            const auto type = types.find(scalar_of(&entry, "pluginRef"));
            if (type == types.end() || !type->second.ends_with("-scorer")) continue;
            const auto* weight = entry.get("weight");
            if (weight == nullptr) {
                plain = entry.get("pluginRef");
            } else if (parse_double(weight->scalar) == 0.0) {
                zero = weight;
            } else {
                weighted = weight;
            }
        }
        if (zero != nullptr && weighted == nullptr && plain == nullptr) {
            auto& f =
                state.found.warning(codes::zero_scorer_weights,
                                    "every scorer of this profile has the weight 0", zero->at);
            f.help = "give at least one scorer a weight above 0";
            f.note = "scores do not count: endpoints are picked at random";
        }
        if (plain != nullptr && weighted != nullptr) {
            auto& f = state.found.note(codes::omitted_weight,
                                       "this scorer has no weight, so it counts 1", plain->at);
            f.help = "write the weight: beside others, 1 may be more or less than meant";
        }
    }
}

// --- timeouts
// ------------------------------------------------------------------------------------

std::optional<std::chrono::milliseconds> ttft_target(const header_edit& edit) {
    for (const auto* list : {&edit.set, &edit.add}) {
        for (const auto& [name, value] : *list) {
            const bool is_target =
                iequals(name, "x-llm-d-slo-ttft-ms") || iequals(name, "x-slo-ttft-ms");
            const auto number = parse_double(value);
            if (is_target && number && *number > 0 && *number < 1e9)
                return std::chrono::milliseconds(static_cast<std::int64_t>(*number));
        }
    }
    return std::nullopt;
}

/// A rule that promises a first token later than it lets the request live.
void check_timeouts(resolve_state& state, const route_rule_spec& rule) {
    if (!rule.request_timeout || rule.request_timeout->value.count() == 0) return;
    for (const auto& f : rule.filters) {
        const auto* edit = std::get_if<header_edit>(&f.value);
        if (edit == nullptr || f.type != filter_type::request_header_modifier) continue;
        const auto target = ttft_target(*edit);
        if (!target || rule.request_timeout->value >= *target) continue;
        auto& found = state.found.warning(
            codes::timeout_below_slo,
            "the request timeout is " + format_go_duration(rule.request_timeout->value) +
                ", but the rule asks for a first token within " + format_go_duration(*target),
            rule.request_timeout->at);
        found.help = "raise timeouts.request above the target, or lower the target";
        found.note =
            "a request on target is cut before its first token: 504 `upstream request "
            "timeout`";
    }
}

}  // namespace

void check_picker_settings(resolve_state& state) {
    const auto objectives = sort_objectives(state);
    std::unordered_set<const node*> seen;
    for (std::uint32_t i = 0; i < state.pools.size(); ++i) {
        const auto* root = state.out.pools[i].picker.root.get();
        if (root == nullptr) continue;
        const auto* flow = is_on(*root, "flowControl") ? root->get("flowControl") : nullptr;
        if (flow != nullptr) check_bands(state, *flow, objectives[i]);
        if (!seen.insert(root).second) continue;
        check_staleness(state, *root);
        check_weights(state, *root);
        if (flow == nullptr) continue;
        check_ttl(state, *flow);
        check_band_bytes(state, *flow);
    }
    for (const auto& route : state.in.http_routes) {
        for (const auto& rule : route.rules) check_timeouts(state, rule);
    }
}

}  // namespace weir::config
