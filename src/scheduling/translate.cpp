#include "scheduling/translate.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/node_builder.hpp"
#include "scheduling/precise_parameters.hpp"
#include "scheduling/scalar.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::findings;
using config::node;

namespace {

node* field(node& object, std::string_view name) {
    for (auto& [k, v] : object.fields) {
        if (k.scalar == name) return &v;
    }
    return nullptr;
}

/// As parameters are matched: ASCII case does not count.
node* parameter(node& object, std::string_view name) {
    for (auto& [k, v] : object.fields) {
        if (iequals(k.scalar, name)) return &v;
    }
    return nullptr;
}

void remove_parameter(node& object, std::string_view name) {
    std::erase_if(object.fields.all(),
                  [&](const auto& f) { return iequals(f.first.scalar, name); });
}

std::string text_of(node& object, std::string_view name) {
    const auto* v = field(object, name);
    return v != nullptr && v->is_scalar() ? v->scalar : std::string();
}

std::string name_of(node& plugin) {
    auto name = text_of(plugin, "name");
    return name.empty() ? text_of(plugin, "type") : name;
}

node& list_of_plugins(node& root) {
    if (auto* plugins = field(root, "plugins")) {
        if (plugins->is_sequence()) return *plugins;
        if (!plugins->is_null()) return *plugins;
        *plugins = make_sequence({}, plugins->at);
        return *plugins;
    }
    root.fields.emplace_back(make_scalar("plugins", false, root.at), make_sequence({}, root.at));
    return root.fields.back().second;
}

bool has_plugin(node& root, std::string_view name) {
    for (auto& p : list_of_plugins(root).items) {
        if (p.is_mapping() && name_of(p) == name) return true;
    }
    return false;
}

void rename_data(node& root, findings& found) {
    if (field(root, "dataLayer") != nullptr) return;
    for (auto& [k, v] : root.fields) {
        if (k.scalar != "data") continue;
        k.scalar = "dataLayer";
        found.note(code::translated, "`data` is read as `dataLayer`, its name since v1.5", k.at);
    }
}

void inline_thresholds(node& root, findings& found) {
    auto& plugins = list_of_plugins(root);  // may add a field: before one is held
    auto* detector = field(root, "saturationDetector");
    if (detector == nullptr || !detector->is_mapping() || field(*detector, "pluginRef") != nullptr)
        return;
    node parameters = make_mapping({}, detector->at);
    for (const auto* name :
         {"queueDepthThreshold", "kvCacheUtilThreshold", "metricsStalenessThreshold"}) {
        if (auto* v = field(*detector, name)) {
            parameters.fields.emplace_back(make_scalar(name, false, v->at), *v);
            remove_parameter(*detector, name);
        }
    }
    if (parameters.fields.empty()) return;
    const std::string name = has_plugin(root, "utilization-detector")
                                 ? "inline-utilization-detector"
                                 : "utilization-detector";
    const auto at = detector->at;
    found.note(
        code::translated,
        "thresholds inside `saturationDetector` are read as a plugin of type utilization-detector",
        at);
    detector->fields.all().insert(
        detector->fields.all().begin(),
        {make_scalar("pluginRef", false, at), make_scalar(name, false, at)});
    plugins.items.push_back(make_mapping({{"name", make_scalar(name, false, at)},
                                          {"type", make_scalar("utilization-detector", false, at)},
                                          {"parameters", std::move(parameters)}},
                                         at));
}

/// Characters to pseudo-tokens of four bytes; at least one.
node quarter(const node& characters) {
    const auto n = as_integer(characters);
    if (!n) return characters;
    node out = characters;
    out.quoted = false;
    out.scalar = std::to_string(*n <= 0 ? *n : std::max<std::int64_t>(1, *n / 4));
    return out;
}

/// Moves what older prefix scorers took as parameters; empty when there was none of it.
node take_prefix_parameters(node& parameters) {
    static constexpr std::array<std::string_view, 4> same = {
        "autoTune", "lruCapacityPerServer", "blockSizeTokens", "maxPrefixTokensToMatch"};
    node moved = make_mapping({}, parameters.at);
    const auto add = [&moved](std::string_view name, node value) {
        const auto at = value.at;
        moved.fields.emplace_back(make_scalar(name, false, at), std::move(value));
    };
    for (const auto name : same) {
        if (auto* v = parameter(parameters, name)) add(name, *v);
    }
    const bool in_tokens = parameter(parameters, "blockSizeTokens") != nullptr;
    for (const auto* name : {"hashBlockSize", "blockSize"}) {
        auto* v = parameter(parameters, name);
        if (v != nullptr && !in_tokens && parameter(moved, "blockSizeTokens") == nullptr) {
            add("blockSizeTokens", quarter(*v));
        }
        if (v != nullptr) remove_parameter(parameters, name);
    }
    if (auto* v = parameter(parameters, "maxPrefixBlocksToMatch")) {
        const auto at = v->at;
        add("maxPrefixBlocksToMatch", *v);
        // The token cap of today would win over the blocks.
        if (parameter(moved, "maxPrefixTokensToMatch") == nullptr) {
            add("maxPrefixTokensToMatch", make_scalar("0", false, at));
        }
        remove_parameter(parameters, "maxPrefixBlocksToMatch");
    }
    for (const auto name : same) remove_parameter(parameters, name);
    return moved;
}

void split_prefix_scorer(node& root, node& plugin, std::vector<node>& added, findings& found) {
    auto* parameters = field(plugin, "parameters");
    if (parameters == nullptr || !parameters->is_mapping()) return;
    auto moved = take_prefix_parameters(*parameters);
    if (moved.fields.empty()) return;
    const auto at = moved.fields.front().first.at;
    std::string name = "approx-prefix-cache-producer";
    const bool taken =
        has_plugin(root, name) ||
        std::any_of(added.begin(), added.end(), [&](auto& a) { return name_of(a) == name; });
    if (taken) {
        name = name_of(plugin) + "-producer";
        parameters->fields.emplace_back(make_scalar("prefixMatchInfoProducerName", false, at),
                                        make_scalar(name, true, at));
    }
    found.note(code::translated,
               "index parameters of prefix-cache-scorer are read as those of "
               "approx-prefix-cache-producer '" +
                   name + "'",
               at);
    added.push_back(make_mapping({{"name", make_scalar(name, true, at)},
                                  {"type", make_scalar("approx-prefix-cache-producer", false, at)},
                                  {"parameters", std::move(moved)}},
                                 at));
}

/// pd-profile-handler up to v0.5: `threshold` counts uncached characters, 0 means always.
void split_pd_threshold(node& plugin, std::vector<node>& added, findings& found) {
    auto* parameters = field(plugin, "parameters");
    if (parameters == nullptr || !parameters->is_mapping()) return;
    auto* threshold = parameter(*parameters, "threshold");
    const bool older = threshold != nullptr || parameter(*parameters, "hashBlockSize") != nullptr;
    if (!older) return;
    const auto at = threshold != nullptr ? threshold->at : parameters->at;
    const auto characters = threshold != nullptr ? as_integer(*threshold).value_or(0) : 0;
    remove_parameter(*parameters, "threshold");
    remove_parameter(*parameters, "hashBlockSize");
    if (parameter(*parameters, "deciderPluginName") != nullptr) return;
    const std::string name = name_of(plugin) + "-decider";
    parameters->fields.emplace_back(make_scalar("deciderPluginName", false, at),
                                    make_scalar(name, true, at));
    node decider = make_mapping({{"name", make_scalar(name, true, at)}}, at);
    if (characters <= 0) {
        decider.fields.emplace_back(make_scalar("type"),
                                    make_scalar("always-disagg-pd-decider", false, at));
    } else {
        decider.fields.emplace_back(make_scalar("type"),
                                    make_scalar("prefix-based-pd-decider", false, at));
        decider.fields.emplace_back(
            make_scalar("parameters", false, at),
            make_mapping(
                {{"nonCachedTokens", make_scalar(std::to_string((characters + 3) / 4), false, at)}},
                at));
    }
    found.note(code::translated,
               "`threshold` of pd-profile-handler is read as a decider: " +
                   std::string(characters <= 0 ? "always-disagg-pd-decider"
                                               : "prefix-based-pd-decider with nonCachedTokens " +
                                                     std::to_string((characters + 3) / 4)),
               at);
    added.push_back(std::move(decider));
}

constexpr std::string_view old_version = "inference.networking.x-k8s.io/v1alpha1";

/// The slo-aware handler of v1.2 to v1.4 chose between the profiles `default` and `slo`; what it
/// learned needs no profile of its own here, so the default one serves unless a header asks.
void rename_slo_handler(node& root, node& plugin, findings& found) {
    auto* type = field(plugin, "type");
    if (type == nullptr || !type->is_scalar() || type->scalar != "slo-aware-profile-handler")
        return;
    const auto at = type->at;
    std::string chosen;
    if (auto* profiles = field(root, "schedulingProfiles"); profiles != nullptr) {
        for (auto& p : profiles->items) {
            const auto name = p.is_mapping() ? text_of(p, "name") : std::string();
            if (chosen.empty() || name == "default") chosen = name;
        }
    }
    found.note(code::translated,
               "plugin type 'slo-aware-profile-handler' is read as 'header-profile-handler' with "
               "the profile '" +
                   chosen + "'",
               at);
    const auto name = name_of(plugin);
    plugin.fields.all().clear();
    plugin.fields.emplace_back(make_scalar("name", false, at), make_scalar(name, true, at));
    plugin.fields.emplace_back(make_scalar("type", false, at),
                               make_scalar("header-profile-handler", false, at));
    plugin.fields.emplace_back(
        make_scalar("parameters", false, at),
        make_mapping({{"defaultProfile", make_scalar(chosen, true, at)}}, at));
}

struct renamed {
    std::string_view older;
    std::string_view newer;
    bool keep_parameters;
};
constexpr std::array<renamed, 4> older_types = {{
    {"model-server-protocol-metrics", "core-metrics-extractor", false},
    {"kv-cache-scorer", "kv-cache-utilization-scorer", true},
    {"predicted-latency-scorer", "latency-scorer", false},
    {"slo-aware-routing", "latency-scorer", false},
}};

void rename_type(node& plugin, findings& found) {
    auto* type = field(plugin, "type");
    if (type == nullptr || !type->is_scalar()) return;
    for (const auto& r : older_types) {
        if (type->scalar != r.older) continue;
        found.note(code::translated,
                   "plugin type '" + type->scalar + "' is read as '" + std::string(r.newer) + "'",
                   type->at);
        if (text_of(plugin, "name").empty()) {
            plugin.fields.emplace_back(make_scalar("name", false, type->at),
                                       make_scalar(r.older, true, type->at));
            type = field(plugin, "type");
        }
        type->scalar = r.newer;
        if (!r.keep_parameters) {
            std::erase_if(plugin.fields.all(),
                          [](const auto& f) { return f.first.scalar == "parameters"; });
        }
        return;
    }
}

std::vector<std::string> precise_producers(node& root) {
    std::vector<std::string> out;
    for (auto& p : list_of_plugins(root).items) {
        if (p.is_mapping() && text_of(p, "type") == "precise-prefix-cache-producer")
            out.push_back(name_of(p));
    }
    return out;
}

/// The precise index follows engine events over sockets of their own; weir believes what it sent
/// instead.
void approximate_precise(node& root, node& plugin, std::vector<node>& added, findings& found) {
    auto* type = field(plugin, "type");
    if (type == nullptr || !type->is_scalar() || !type->scalar.starts_with("precise-prefix-cache-"))
        return;
    const bool scores = type->scalar == "precise-prefix-cache-scorer";
    if (!scores && type->scalar != "precise-prefix-cache-producer") return;
    const auto at = type->at;
    const auto producers = precise_producers(root);
    // A scorer beside a producer never decodes its own parameters.
    if (!scores || producers.empty()) {
        check_precise_parameters(plugin, text_of(root, "apiVersion") == old_version, found);
    }
    auto& f = found.warning(code::approximated,
                            "weir reads no KV-cache events: '" + type->scalar +
                                "' is served by the approximate prefix index",
                            at);
    f.help = "write `approx-prefix-cache-producer` and `prefix-cache-scorer`";
    const auto name = name_of(plugin);
    node moved = make_mapping({}, at);
    if (auto* parameters = field(plugin, "parameters");
        parameters != nullptr && parameters->is_mapping()) {
        auto* tokens = parameter(*parameters, "tokenProcessorConfig");
        for (const auto* key : {"blockSizeTokens", "blockSize"}) {
            auto* size =
                tokens != nullptr && tokens->is_mapping() ? parameter(*tokens, key) : nullptr;
            if (size == nullptr) continue;
            moved.fields.emplace_back(make_scalar("blockSizeTokens", false, size->at), *size);
            break;
        }
    }
    std::erase_if(plugin.fields.all(), [](const auto& x) { return x.first.scalar != "type"; });
    plugin.fields.emplace_back(make_scalar("name", false, at), make_scalar(name, true, at));
    type = field(plugin, "type");
    if (!scores) {
        type->scalar = "approx-prefix-cache-producer";
        plugin.fields.emplace_back(make_scalar("parameters", false, at), std::move(moved));
        return;
    }
    // With one precise producer the older scorer reads that one; else it brings its own.
    type->scalar = "prefix-cache-scorer";
    if (producers.size() > 1) {
        found.error(code::dependency,
                    "failed to create plugin '" + name +
                        "' (type: precise-prefix-cache-scorer): several "
                        "precise-prefix-cache-producer plugins exist",
                    at);
    }
    const auto producer = producers.empty() ? name + "-producer" : producers.front();
    if (producers.empty()) {
        added.push_back(
            make_mapping({{"name", make_scalar(producer, true, at)},
                          {"type", make_scalar("approx-prefix-cache-producer", false, at)},
                          {"parameters", std::move(moved)}},
                         at));
    }
    plugin.fields.emplace_back(
        make_scalar("parameters", false, at),
        make_mapping({{"prefixMatchInfoProducerName", make_scalar(producer, true, at)}}, at));
}

}  // namespace

std::shared_ptr<const node> translate(std::shared_ptr<const node> root, findings& found) {
    if (root == nullptr || !root->is_mapping()) return root;
    auto copy = std::make_shared<node>(*root);
    const auto before = found.list().size();
    rename_data(*copy, found);
    inline_thresholds(*copy, found);
    std::vector<node> added;
    auto& plugins = list_of_plugins(*copy);
    // Scorers first: they look for a producer that still has its own type.
    for (const bool scorers : {true, false}) {
        for (auto& plugin : plugins.items) {
            if (!plugin.is_mapping() || text_of(plugin, "type").ends_with("-scorer") != scorers)
                continue;
            approximate_precise(*copy, plugin, added, found);
        }
    }
    for (auto& plugin : plugins.items) {
        if (!plugin.is_mapping()) continue;
        rename_slo_handler(*copy, plugin, found);
        rename_type(plugin, found);
        const auto type = text_of(plugin, "type");
        if (type == "prefix-cache-scorer") split_prefix_scorer(*copy, plugin, added, found);
        if (type == "pd-profile-handler") split_pd_threshold(plugin, added, found);
    }
    for (auto& plugin : added) plugins.items.push_back(std::move(plugin));
    return found.list().size() == before ? root : copy;
}

}  // namespace weir::scheduling
