#include "scheduling/picker_spec.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"
#include "config/kinds.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/scalar.hpp"
#include "scheduling/strict_object.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::findings;
using config::node;

namespace {

std::string indexed(std::string_view list, std::size_t i) {
    return std::string(list) + "[" + std::to_string(i) + "]";
}

std::optional<plugin_ref> read_ref(const node* value, const std::string& path, findings& found,
                                   std::string_view key = "pluginRef") {
    const strict_object o(value, path, found, {key});
    if (!o.given()) return std::nullopt;
    const auto name = o.text(key);
    return plugin_ref{name.value_or(""), o.at(key)};
}

void check_header(const strict_object& o, picker_spec& spec, findings& found) {
    const auto kind = o.text("kind").value_or("");
    const auto version = o.text("apiVersion").value_or("");
    if (kind != "EndpointPickerConfig") {
        auto& f = found.error(
            code::envelope, "no kind \"" + kind + "\" is registered for the picker", o.at("kind"));
        f.help = "write `kind: EndpointPickerConfig`";
        f.suggestion = "EndpointPickerConfig";
    }
    spec.old_group = version == "inference.networking.x-k8s.io/v1alpha1";
    auto versions = config::api_versions_of("EndpointPickerConfig");
    if (std::find(versions.begin(), versions.end(), version) != versions.end()) return;
    auto& f = found.error(
        code::envelope,
        "no kind \"EndpointPickerConfig\" is registered for version \"" + version + "\"",
        o.at("apiVersion"));
    f.suggestion = versions.front();
    f.allowed = std::move(versions);
}

/// Go's ParseBool over lower-cased, trimmed text.
std::optional<bool> parse_bool(std::string_view text) {
    const auto word = to_lower(trim(text));
    if (word == "1" || word == "t" || word == "true") return true;
    if (word == "0" || word == "f" || word == "false") return false;
    return std::nullopt;
}

void read_gate(const node& value, picker_spec& spec, findings& found) {
    const auto text = as_text(value);
    if (!text) {
        found.error(code::envelope, "featureGates must be a list of strings", value.at);
        return;
    }
    const auto equals = text->find('=');
    const std::string name(trim(text->substr(0, equals)));
    static constexpr std::array<std::string_view, 2> known = {"flowControl",
                                                              "haPopulateNonLeaderDatastore"};
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        auto& f = found.error(code::feature_gate,
                              "feature gate '" + name + "' is unknown or unregistered", value.at);
        f.suggestion = nearest(name, known);
        f.allowed.assign(known.begin(), known.end());
        return;
    }
    bool on = true;
    if (equals != std::string_view::npos) {
        const auto written = text->substr(equals + 1);
        const auto parsed = parse_bool(written);
        if (!parsed) {
            auto& f = found.error(
                code::feature_gate,
                std::string(written) + " is not a valid value for the feature gate " + name,
                value.at);
            f.help = "write `" + name + "=true` or `" + name + "=false`";
            return;
        }
        on = *parsed;
    }
    (name == "flowControl" ? spec.flow_control_gate : spec.ha_gate) = on;
}

void read_plugin(const node& value, std::size_t i, picker_spec& spec, findings& found) {
    const strict_object o(&value, indexed("plugins", i), found, {"name", "type", "parameters"});
    if (!o.given()) return;
    plugin_entry entry;
    entry.type = o.text("type").value_or("");
    entry.name = o.text("name").value_or("");
    if (entry.name.empty()) entry.name = entry.type;
    entry.parameters = o.get("parameters");
    entry.at = value.at;
    entry.type_at = o.at("type");
    entry.name_at = o.get("name") != nullptr ? o.at("name") : entry.type_at;
    spec.plugins.push_back(std::move(entry));
}

void read_profile(const node& value, std::size_t i, picker_spec& spec, findings& found) {
    const auto path = indexed("schedulingProfiles", i);
    const strict_object o(&value, path, found, {"name", "plugins"});
    if (!o.given()) return;
    profile_entry entry;
    entry.name = o.text("name").value_or("");
    entry.at = value.at;
    entry.name_at = o.at("name");
    std::size_t j = 0;
    for (const auto* item : o.items("plugins")) {
        const strict_object p(item, path + "." + indexed("plugins", j++), found,
                              {"pluginRef", "weight"});
        entry.plugins.push_back(
            {{p.text("pluginRef").value_or(""), p.given() ? p.at("pluginRef") : item->at},
             p.number("weight")});
    }
    spec.profiles.push_back(std::move(entry));
}

void read_data_layer(const node* value, picker_spec& spec, findings& found) {
    const strict_object o(value, "dataLayer", found,
                          {"injectDefaults", "sources", "discovery", "peerDiscovery",
                           "crossReplicaSyncerPluginRef", "crossReplicaSyncInterval"});
    if (!o.given()) return;
    spec.inject_data_defaults = o.boolean("injectDefaults").value_or(true);
    std::size_t i = 0;
    for (const auto* item : o.items("sources")) {
        const auto path = indexed("dataLayer.sources", i++);
        const strict_object s(item, path, found, {"pluginRef", "extractors"});
        source_entry entry{{s.text("pluginRef").value_or(""), s.at("pluginRef")}, {}};
        std::size_t j = 0;
        for (const auto* extractor : s.items("extractors")) {
            if (auto ref = read_ref(extractor, path + "." + indexed("extractors", j++), found)) {
                entry.extractors.push_back(std::move(*ref));
            }
        }
        spec.sources.push_back(std::move(entry));
    }
    spec.discovery = read_ref(o.get("discovery"), "dataLayer.discovery", found);
    spec.peer_discovery = read_ref(o.get("peerDiscovery"), "dataLayer.peerDiscovery", found);
    if (const auto name = o.text("crossReplicaSyncerPluginRef")) {
        spec.syncer = plugin_ref{*name, o.at("crossReplicaSyncerPluginRef")};
    }
    if (const auto* interval = o.get("crossReplicaSyncInterval")) spec.sync_interval = *interval;
}

void read_parsers(const strict_object& root, picker_spec& spec, findings& found) {
    const strict_object handler(root.get("requestHandler"), "requestHandler", found, {"parsers"});
    std::size_t i = 0;
    for (const auto* item : handler.items("parsers")) {
        if (auto ref = read_ref(item, indexed("requestHandler.parsers", i++), found)) {
            spec.parsers.push_back(std::move(*ref));
        }
    }
    auto older = read_ref(root.get("parser"), "parser", found);
    if (older && spec.parsers.empty()) {
        found.note(code::translated, "`parser` is deprecated and read as `requestHandler.parsers`",
                   older->at);
        spec.parsers.push_back(std::move(*older));
    }
}

void read_detector(const strict_object& root, picker_spec& spec, findings& found) {
    if (spec.flow_control != nullptr && spec.flow_control->is_mapping()) {
        spec.detector = read_ref(spec.flow_control->get("saturationDetector"),
                                 "flowControl.saturationDetector", found);
    }
    auto older = read_ref(root.get("saturationDetector"), "saturationDetector", found);
    if (older && !spec.detector) {
        found.note(
            code::translated,
            "`saturationDetector` is deprecated and read as `flowControl.saturationDetector`",
            older->at);
        spec.detector = std::move(older);
    }
}

}  // namespace

picker_spec read_picker_spec(std::shared_ptr<const node> root, findings& found) {
    picker_spec spec;
    spec.root = std::move(root);
    spec.at = spec.root->at;
    const strict_object o(
        spec.root.get(), "", found,
        {"apiVersion", "kind", "metadata", "featureGates", "plugins", "schedulingProfiles",
         "saturationDetector", "dataLayer", "flowControl", "requestHandler", "parser"});
    if (!o.given()) return spec;
    check_header(o, spec, found);
    for (const auto* gate : o.items("featureGates")) read_gate(*gate, spec, found);
    std::size_t i = 0;
    for (const auto* item : o.items("plugins")) read_plugin(*item, i++, spec, found);
    i = 0;
    for (const auto* item : o.items("schedulingProfiles")) read_profile(*item, i++, spec, found);
    read_data_layer(o.get("dataLayer"), spec, found);
    spec.flow_control = o.get("flowControl");
    read_detector(o, spec, found);
    read_parsers(o, spec, found);
    return spec;
}

}  // namespace weir::scheduling
