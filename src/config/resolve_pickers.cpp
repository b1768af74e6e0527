#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/strings.hpp"
#include "config/kinds.hpp"
#include "config/parse.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"
#include "config/schema.hpp"

namespace weir::config {
namespace {

/// A picker configuration that might serve a pool.
struct found_config {
    std::shared_ptr<const node> root;
    std::string origin;
    span at;
};

std::string_view scalar_of(const node& mapping, std::string_view key) {
    const auto* value = mapping.get(key);
    return value != nullptr && value->is_scalar() ? std::string_view(value->scalar)
                                                  : std::string_view();
}

bool is_picker_config(const node& root) {
    if (scalar_of(root, "kind") != "EndpointPickerConfig") return false;
    const auto versions = api_versions_of("EndpointPickerConfig");
    return std::find(versions.begin(), versions.end(), scalar_of(root, "apiVersion")) !=
           versions.end();
}

/// An entry that means to be a picker configuration, but has its kind or version wrong, gets the
/// finding that a document of its own would get.
void warn_of_near_miss(const node& root, findings& found) {
    metadata meta;
    meta.api_version = scalar_of(root, "apiVersion");
    meta.kind = scalar_of(root, "kind");
    constexpr std::array<std::string_view, 1> wanted{"EndpointPickerConfig"};
    if (meta.kind != wanted.front() && nearest(meta.kind, wanted).empty()) return;
    const auto slash = meta.api_version.find('/');
    meta.group = slash == std::string::npos ? std::string() : meta.api_version.substr(0, slash);
    meta.version = meta.api_version.substr(slash == std::string::npos ? 0 : slash + 1);
    bool valid = true;
    report to(found, valid);
    const object top(field(to, &root, {}, root.at), {});
    identify(meta, top["apiVersion"], top["kind"]);
}

const source_ptr& source_of(const resolve_state& state, const span& at) {
    static const source_ptr none;
    for (const auto& s : state.in.sources) {
        if (s.get() == at.file) return s;
    }
    return none;
}

std::vector<found_config> in_config_map(resolve_state& state, const config_map_resource& map) {
    std::vector<found_config> all;
    for (const auto& entry : map.data) {
        if (entry.value.value.find("EndpointPicker") == std::string::npos) continue;
        findings trouble;
        auto root = parse_embedded(source_of(state, entry.value.at), entry.value, trouble);
        if (root != nullptr && !is_picker_config(*root)) {
            warn_of_near_miss(*root, state.found);
            continue;
        }
        state.found.append(std::move(trouble));
        if (root == nullptr) continue;
        all.push_back({std::move(root), "configmap " + map.meta.id(), entry.key.at});
    }
    return all;
}

class picker_finder {
  public:
    explicit picker_finder(resolve_state& state) : state_(state), flag_(from_flag(state)) {
        for (const auto& doc : state.in.picker_configs) {
            if (doc.root != nullptr) documents_[doc.meta.name.value].push_back(as_found(doc));
        }
    }

    /// The configuration of a pool in the order of the contract: ConfigMap, named document,
    /// nameless document, flag. Nothing: the built-in default.
    std::optional<found_config> find(const pool_resource* pool) {
        if (pool != nullptr && pool->picker_ref) {
            const auto& name = pool->picker_ref->ref.name.value;
            const auto map = state_.config_maps.find(pool->meta.name_space.value + "/" + name);
            if (map != state_.config_maps.end()) {
                auto c = only_one(in_config_map(state_, *map->second),
                                  "stand in ConfigMap " + map->first);
                if (c) return c;
            }
            if (auto c = only_one(documents(name), "have the name \"" + name + "\"")) return c;
        }
        if (auto c = only_one(documents(""), "have no name")) return c;
        return flag_;
    }

    /// Every document, and the flag. ConfigMaps are left out: one that no pool names may be
    /// anybody's.
    std::vector<found_config> everything() const {
        std::vector<found_config> all;
        for (const auto& doc : state_.in.picker_configs) {
            if (doc.root != nullptr) all.push_back(as_found(doc));
        }
        if (flag_) all.push_back(*flag_);
        return all;
    }

  private:
    static std::optional<found_config> from_flag(resolve_state& state) {
        if (state.picker_flag == nullptr) return std::nullopt;
        auto root = parse_single(state.picker_flag, state.found);
        if (root == nullptr) return std::nullopt;
        if (is_picker_config(*root)) return found_config{root, state.picker_flag->path, root->at};
        auto& f = state.found.error(codes::not_a_picker_config, "this is no EndpointPickerConfig",
                                    root->at);
        f.help = "begin with `apiVersion: llm-d.ai/v1alpha1` and `kind: EndpointPickerConfig`";
        return std::nullopt;
    }

    std::vector<found_config> documents(const std::string& name) const {
        const auto found = documents_.find(name);
        return found == documents_.end() ? std::vector<found_config>() : found->second;
    }

    static found_config as_found(const picker_config_resource& doc) {
        const auto* file = doc.meta.at.file;
        return {doc.root, "file " + (file != nullptr ? file->path : std::string()), doc.meta.at};
    }

    std::optional<found_config> only_one(std::vector<found_config> all, const std::string& what) {
        if (all.empty()) return std::nullopt;
        if (all.size() > 1 &&
            std::find(reported_.begin(), reported_.end(), what) == reported_.end()) {
            reported_.push_back(what);
            for (std::size_t i = 0; i < all.size(); ++i)
                report_ambiguous(all[i], all[i == 0 ? 1 : 0], what);
        }
        return std::move(all.front());
    }

    void report_ambiguous(const found_config& one, const found_config& other,
                          const std::string& what) {
        auto& f =
            state_.found.error(codes::ambiguous_picker_config,
                               "several EndpointPickerConfigs fit equally: they " + what, one.at);
        f.help =
            "keep one, or give each the name of the endpointPickerRef of the pool it is meant for";
        if (other.at.file == nullptr) return;
        f.note = "another one is at " + other.at.file->path + ":" +
                 std::to_string(other.at.start.line) + ":" + std::to_string(other.at.start.column);
    }

    resolve_state& state_;
    std::unordered_map<std::string, std::vector<found_config>> documents_;  ///< by name
    std::optional<found_config> flag_;
    std::vector<std::string> reported_;
};

/// The plugin entry of a picker configuration with this name (which defaults to its type), or null.
const node* plugin_named(const node& root, std::string_view name) {
    const auto* plugins = root.get("plugins");
    if (plugins == nullptr) return nullptr;
    for (const auto& p : plugins->items) {
        const auto own = scalar_of(p, "name");
        if ((own.empty() ? scalar_of(p, "type") : own) == name) return &p;
    }
    return nullptr;
}

/// `dataLayer.discovery` may name a file-discovery plugin: its file then says what the endpoints
/// are.
void take_discovery_file(const node& root, pool& into) {
    const auto* layer = root.get("dataLayer");
    const auto* discovery = layer != nullptr ? layer->get("discovery") : nullptr;
    if (discovery == nullptr) return;
    const auto* plugin = plugin_named(root, scalar_of(*discovery, "pluginRef"));
    if (plugin == nullptr || scalar_of(*plugin, "type") != "file-discovery") return;
    const auto* parameters = plugin->get("parameters");
    if (parameters == nullptr) return;
    into.endpoints_file = std::string(scalar_of(*parameters, "path"));
    into.watch_endpoints_file = scalar_of(*parameters, "watchFile") == "true";
}

/// The names that pools look for, for whoever wrote another one.
std::string wanted_names(const resolve_state& state) {
    std::string wanted;
    for (const auto& p : state.pools) {
        if (p.from == nullptr || !p.from->picker_ref) continue;
        wanted += (wanted.empty() ? "" : ", ") + p.from->picker_ref->ref.name.value;
        if (wanted.size() > 500) return wanted + ", ...";
    }
    return wanted;
}

/// What serves no pool is still read, so that its mistakes are found in the same pass.
void keep_idle(resolve_state& state, const found_config& config, const std::string& wanted) {
    state.out.idle_pickers.push_back({config.root, config.origin});
    if (state.pools.empty() || !state.options.pool_name.empty()) return;
    auto& f = state.found.note(codes::idle_picker_config,
                               "this EndpointPickerConfig serves no pool", config.at);
    f.help = wanted.empty() ? "leave out its metadata.name"
                            : "leave out its metadata.name, or use the name of an "
                              "endpointPickerRef: " +
                                  wanted;
    f.note = "requests are picked by another configuration, or by the built-in default";
}

}  // namespace

void resolve_pickers(resolve_state& state) {
    picker_finder finder(state);
    for (std::size_t i = 0; i < state.pools.size(); ++i) {
        auto config = finder.find(state.pools[i].from);
        if (!config) continue;
        auto& into = state.out.pools[i];
        take_discovery_file(*config->root, into);
        if (!into.endpoints_file.empty()) state.pools[i].endpoints_replaced = true;
        into.picker = {std::move(config->root), std::move(config->origin)};
    }
    std::unordered_set<const node*> serving;
    for (const auto& p : state.out.pools) serving.insert(p.picker.root.get());
    const auto wanted = wanted_names(state);
    for (const auto& config : finder.everything()) {
        if (!serving.contains(config.root.get())) keep_idle(state, config, wanted);
    }
}

}  // namespace weir::config
