#include "scheduling/plugin_builder.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/node_parameters.hpp"
#include "scheduling/plugin_registry.hpp"
#include "scheduling/thrown.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::node;

/// What a factory sees while it makes one plugin.
class build_context final : public plugin_context {
  public:
    build_context(plugin_builder& owner, const plugin_entry& entry, std::uint32_t index)
        : owner_(owner), entry_(entry), index_(index) {}

    std::string_view name() const override { return entry_.name; }
    std::string_view type() const override { return entry_.type; }

    data_slot consume(data_kind kind, std::string_view producer_name, data_need need) override {
        return owner_.graph_.consume(index_, kind, producer_name, need);
    }
    data_slot publish(data_kind kind) override {
        return owner_.graph_.publish(index_, kind, entry_.name);
    }
    void refer(parameters& at, std::string_view key, std::string_view plugin_name,
               std::string_view role) override {
        config::span place = entry_.at;
        if (const auto* p = dynamic_cast<const node_parameters*>(&at)) place = p->place(key);
        owner_.references_.push_back(
            {index_, std::string(key), std::string(plugin_name), std::string(role), place});
    }

  private:
    plugin_builder& owner_;
    const plugin_entry& entry_;
    std::uint32_t index_;
};

namespace {

std::shared_ptr<const node_parameters::style> style_for(const plugin_entry& entry, bool old_group) {
    auto style = std::make_shared<node_parameters::style>();
    style->prefix = "failed to create plugin '" + entry.name + "' (type: " + entry.type + "): ";
    style->allow_unknown = old_group;
    return style;
}

std::vector<std::string_view> all_type_names() {
    auto names = plugin_type_names();
    for (const auto& t : settings_types()) names.push_back(t.name);
    return names;
}

const node* scalar_below(const node* value, std::string_view text) {
    if (value == nullptr) return nullptr;
    if (value->is_scalar()) return value->scalar == text ? value : nullptr;
    for (const auto& item : value->items) {
        if (const auto* hit = scalar_below(&item, text)) return hit;
    }
    for (const auto& [k, v] : value->fields) {
        if (const auto* hit = scalar_below(&v, text)) return hit;
    }
    return nullptr;
}

}  // namespace

void plugin_builder::make_listed() {
    std::set<std::string, std::less<>> seen;
    for (const auto& entry : spec_.plugins) {
        if (entry.type.empty()) {
            auto& f = found_.error(code::missing_type,
                                   "plugin '" + entry.name + "' is missing a type", entry.at);
            f.help = "add `type:` with the plugin type";
            broken_.insert(entry.name);
            continue;
        }
        if (!seen.insert(entry.name).second) {
            auto& f = found_.error(code::duplicate_name,
                                   "duplicate plugin name '" + entry.name + "'", entry.name_at);
            f.help = "give one of them another `name`; without one the name is the type";
            continue;
        }
        make_entry(entry);
    }
}

void plugin_builder::make_entry(const plugin_entry& entry) {
    if (const auto* type = find_plugin_type(entry.type)) {
        make_plugin(entry, *type, false);
        return;
    }
    if (const auto* type = find_settings_type(entry.type)) {
        make_settings_entry(entry, *type, false);
        return;
    }
    if (entry.type.starts_with("multicluster-")) {
        auto& f = found_.error(
            code::dependency,
            "no default producer found for the data of plugin type '" + entry.type + "'",
            entry.type_at);
        f.help = "weir serves the endpoints of one cluster: use the type without `multicluster-`";
        f.suggestion = entry.type.substr(std::string_view("multicluster-").size());
        broken_.insert(entry.name);
        return;
    }
    const auto names = all_type_names();
    auto& f = found_.error(code::unknown_type, "plugin type '" + entry.type + "' is not registered",
                           entry.type_at);
    f.label = "unknown plugin type";
    f.suggestion = nearest(entry.type, names);
    broken_.insert(entry.name);
}

void plugin_builder::note_maturity(std::string_view type, stability level,
                                   std::string_view replacement, const config::span& at) {
    if (level == stability::alpha) {
        found_.note(code::maturity, "plugin type '" + std::string(type) + "' is of alpha stability",
                    at);
    } else if (level == stability::deprecated) {
        auto& f = found_.note(code::maturity,
                              "plugin type '" + std::string(type) + "' is deprecated", at);
        if (!replacement.empty()) f.help = "write `" + std::string(replacement) + "`";
    }
}

plugin_instance* plugin_builder::make_plugin(const plugin_entry& entry, const plugin_type& type,
                                             bool implicit) {
    node_parameters given(entry.parameters, style_for(entry, spec_.old_group), found_, entry.at);
    const auto index = static_cast<std::uint32_t>(plugins_.size());
    build_context context(*this, entry, index);
    std::unique_ptr<plugin> object;
    try {
        object = type.make(given, context);
    } catch (...) {
        given.reject("", "its factory threw an exception: " + thrown(), {});
    }
    given.report_unknown();
    if (object == nullptr || !given.ok()) {
        if (given.ok()) {
            found_.error(code::bad_parameter,
                         "failed to create plugin '" + entry.name + "' (type: " + entry.type + ")",
                         entry.at);
        }
        // The next plugin gets its number.
        std::erase_if(references_, [&](const reference& r) { return r.from == index; });
        graph_.forget(index);
        broken_.insert(entry.name);
        return nullptr;
    }
    const bool alias = entry.type != type.name;
    note_maturity(entry.type, alias ? stability::deprecated : type.level,
                  alias ? type.name : std::string_view(), entry.type_at);
    object->index = index;
    plugins_.push_back({entry.name, entry.type, &type, std::move(object), implicit, entry.at});
    parameters_.push_back(entry.parameters);
    return &plugins_.back();
}

void plugin_builder::make_settings_entry(const plugin_entry& entry, const settings_type& type,
                                         bool implicit) {
    node_parameters given(entry.parameters, style_for(entry, spec_.old_group), found_, entry.at);
    settings_entry out;
    out.name = entry.name;
    out.type = entry.type;
    out.role = type.role;
    out.at = entry.at;
    out.implicit = implicit;
    out.source.name = out.fairness.name = out.ordering.name = out.usage_limit.name = entry.name;
    out.source.type = entry.type;
    type.read(given, out);
    given.report_unknown();
    if (!given.ok()) {
        broken_.insert(entry.name);
        return;
    }
    out.discovery.at = given.place("path");
    note_maturity(entry.type, type.level, {}, entry.type_at);
    if (type.role == settings_role::source && entry.type.starts_with("multicluster")) {
        found_.warning(code::approximated, "weir reads the metrics of its own endpoints only",
                       entry.type_at);
    }
    settings_.push_back(std::move(out));
}

plugin_instance* plugin_builder::make_implicit(std::string_view type) {
    const auto* kind = find_plugin_type(type);
    if (kind == nullptr || is_known(type)) return nullptr;
    plugin_entry entry;
    entry.name = entry.type = type;
    return make_plugin(entry, *kind, true);
}

settings_entry* plugin_builder::make_implicit_settings(std::string_view type) {
    if (auto* known = settings(type)) return known;
    const auto* kind = find_settings_type(type);
    if (kind == nullptr || is_known(type)) return nullptr;
    plugin_entry entry;
    entry.name = entry.type = type;
    make_settings_entry(entry, *kind, true);
    return settings(type);
}

config::span plugin_builder::place_of_producer_name(std::uint32_t plugin,
                                                    std::string_view producer) const {
    if (plugin >= plugins_.size()) return spec_.at;
    if (const auto* hit = scalar_below(parameters_[plugin], producer)) return hit->at;
    return plugins_[plugin].at;
}

void plugin_builder::make_missing_producers() {
    std::size_t at = 0;
    while (const auto* use = graph_.missing(at)) {
        const auto wanted = *use;
        ++at;
        if (is_broken(wanted.producer)) continue;
        const auto default_name = data_graph::default_producer(wanted.kind);
        if (wanted.producer == default_name && !is_known(default_name) &&
            default_name != "session-id-producer") {
            make_implicit(default_name);
            if (graph_.find(wanted.kind, wanted.producer) != no_slot) continue;
            // Kinds without a slot of their own are filled by the plugin's being there.
            if (instance(default_name) != nullptr) continue;
        }
        auto& f =
            found_.error(code::dependency,
                         "no default producer found for missing data key " +
                             std::string(data_graph::key_name(wanted.kind)) + "/" + wanted.producer,
                         place_of_producer_name(wanted.plugin, wanted.producer));
        const auto known = names();
        f.suggestion = nearest(wanted.producer, known);
        f.help = "configure a producer of that name, or leave the name out to use `" +
                 std::string(default_name) + "`";
    }
}

bool plugin_builder::reaches(std::uint32_t from, std::uint32_t target,
                             std::set<std::uint32_t>& seen) const {
    for (const auto& r : references_) {
        if (r.from != from) continue;
        for (std::uint32_t i = 0; i < plugins_.size(); ++i) {
            if (plugins_[i].name != r.to) continue;
            if (i == target) return true;
            if (seen.insert(i).second && reaches(i, target, seen)) return true;
        }
    }
    return false;
}

void plugin_builder::link_references() {
    const auto before = found_.count(config::severity::error);
    for (const auto& r : references_) {
        if (r.from >= plugins_.size()) continue;  // of a plugin that could not be made
        const auto prefix = "failed to create plugin '" + plugins_[r.from].name +
                            "' (type: " + plugins_[r.from].type + "): ";
        auto* target = find(r.to);
        if (target == nullptr) {
            if (is_broken(r.to)) continue;
            const auto known = names();
            auto& f = found_.error(code::undefined_plugin,
                                   prefix + r.key + " plugin not found: " + r.to, r.at);
            f.suggestion = nearest(r.to, known);
            f.note = "a plugin has a dependency on the unregistered plugin " + r.to;
            continue;
        }
        std::set<std::uint32_t> seen;
        if (reaches(r.from, r.from, seen)) {
            found_.error(code::dependency,
                         "failed to build plugin dependency graph: plugin '" +
                             plugins_[r.from].name + "' depends on itself through '" + r.to + "'",
                         r.at);
            continue;
        }
        if (r.role == "decider" && target->as_decider() == nullptr) {
            found_.error(code::wrong_role,
                         prefix + "plugin " + r.to + " does not implement a decider", r.at);
        }
    }
    if (found_.count(config::severity::error) != before) return;
    for (auto& p : plugins_) {
        try {
            p.object->link(*this);
        } catch (...) {
            found_.error(code::bad_parameter,
                         "failed to create plugin '" + p.name + "' (type: " + p.type +
                             "): it threw an exception when it was linked: " + thrown(),
                         p.at);
        }
    }
}

plugin* plugin_builder::find(std::string_view name) const {
    for (const auto& p : plugins_) {
        if (p.name == name) return p.object.get();
    }
    return nullptr;
}

std::uint32_t plugin_builder::profile(std::string_view name) const {
    const auto it = std::find(profile_names_.begin(), profile_names_.end(), name);
    return it == profile_names_.end() ? no_profile
                                      : static_cast<std::uint32_t>(it - profile_names_.begin());
}

plugin_instance* plugin_builder::instance(std::string_view name) {
    for (auto& p : plugins_) {
        if (p.name == name) return &p;
    }
    return nullptr;
}

settings_entry* plugin_builder::settings(std::string_view name) {
    for (auto& s : settings_) {
        if (s.name == name) return &s;
    }
    return nullptr;
}

bool plugin_builder::is_known(std::string_view name) const {
    const auto same = [&](const auto& p) { return p.name == name; };
    return is_broken(name) || std::any_of(plugins_.begin(), plugins_.end(), same) ||
           std::any_of(settings_.begin(), settings_.end(), same);
}

std::vector<std::string_view> plugin_builder::names() const {
    std::vector<std::string_view> out;
    for (const auto& p : plugins_) out.push_back(p.name);
    for (const auto& s : settings_) out.push_back(s.name);
    return out;
}

}  // namespace weir::scheduling
