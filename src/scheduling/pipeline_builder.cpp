#include <algorithm>
#include <atomic>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/default_document.hpp"
#include "scheduling/header_reader.hpp"
#include "scheduling/media_counting.hpp"
#include "scheduling/pipeline_parts.hpp"
#include "scheduling/plugin_builder.hpp"
#include "scheduling/settings_builder.hpp"
#include "scheduling/thrown.hpp"
#include "scheduling/translate.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::findings;

namespace {

std::atomic<std::uint64_t> serials{0};

std::string file_of(const config::span& at) {
    return at.file != nullptr ? at.file->path : std::string();
}

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

/// Step 4a to 4c and 5, 6 of the load pipeline: profiles, their pickers, the handler.
class profile_builder {
  public:
    profile_builder(const picker_spec& spec, plugin_builder& plugins, findings& found,
                    pipeline_parts& parts)
        : spec_(spec), plugins_(plugins), found_(found), parts_(parts) {}

    void build() {
        const auto entries =
            spec_.profiles.empty() ? std::vector{default_profile()} : spec_.profiles;
        check_names(entries);
        choose_handler(entries);
        for (const auto& entry : entries) add_profile(entry);
        for (const auto& p : parts_.profiles) parts_.profile_names.push_back(p.name);
        bind_handler();
    }

  private:
    /// One profile with every plugin that filters, scores or picks, in the order of the document.
    profile_entry default_profile() {
        profile_entry out;
        out.name = "default";
        out.at = out.name_at = spec_.at;
        for (const auto& p : plugins_.plugins()) {
            if (p.implicit) continue;
            if (p.object->as_filter() || p.object->as_scorer() || p.object->as_picker()) {
                out.plugins.push_back({{p.name, p.at}, std::nullopt});
            }
        }
        return out;
    }

    void check_names(const std::vector<profile_entry>& entries) {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto place = "schedulingProfiles[" + std::to_string(i) + "]";
            if (entries[i].name.empty()) {
                found_.error(code::bad_profile,
                             "configuration validation failed: " + place + " is missing a name",
                             entries[i].at);
                continue;
            }
            const bool twice =
                std::any_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(i),
                            [&](const auto& e) { return e.name == entries[i].name; });
            if (twice) {
                found_.error(code::bad_profile,
                             "configuration validation failed: " + place + " has duplicate name " +
                                 quoted(entries[i].name),
                             entries[i].name_at);
            }
        }
    }

    void choose_handler(const std::vector<profile_entry>& entries) {
        const plugin_instance* chosen = nullptr;
        for (auto& p : plugins_.plugins()) {
            if (p.object->as_profile_handler() == nullptr) continue;
            if (chosen != nullptr) {
                auto& f = found_.error(
                    code::profile_handler,
                    "scheduler config build failed: multiple profile handlers found (" +
                        quoted(chosen->name) + ", " + quoted(p.name) + "); only one is allowed",
                    p.at);
                f.help = "remove one of them from `plugins`";
                return;
            }
            chosen = &p;
        }
        if (chosen == nullptr && entries.size() == 1)
            chosen = plugins_.make_implicit("single-profile-handler");
        if (chosen == nullptr) {
            if (any_broken()) return;
            auto& f = found_.error(code::profile_handler,
                                   "scheduler config build failed: no profile handler configured",
                                   spec_.at);
            f.help =
                "several profiles need a profile handler plugin, such as `disagg-profile-handler`";
            return;
        }
        if (chosen->kind->name == "single-profile-handler" && entries.size() > 1) {
            auto& f = found_.error(
                code::profile_handler,
                "scheduler config build failed: SingleProfileHandler cannot support multiple "
                "scheduling profiles",
                entries[1].at);
            f.help =
                "keep one profile, or use `disagg-profile-handler` or `header-profile-handler`";
        }
        parts_.handler = plugins_.find(chosen->name)->as_profile_handler();
        parts_.handler_index = plugins_.find(chosen->name)->index;
    }

    bool any_broken() const { return found_.has_errors(); }

    void add_profile(const profile_entry& entry) {
        profile out;
        out.name = entry.name;
        for (std::size_t j = 0; j < entry.plugins.size(); ++j) add_plugin(entry, j, out);
        if (out.pick.role == nullptr) add_picker(out);
        parts_.profiles.push_back(std::move(out));
    }

    void add_plugin(const profile_entry& entry, std::size_t j, profile& out) {
        const auto& ref = entry.plugins[j].ref;
        const auto prefix =
            "configuration validation failed: schedulingProfiles[" + entry.name + "]";
        if (ref.name.empty()) {
            found_.error(code::bad_profile,
                         prefix + ".plugins[" + std::to_string(j) + "] is missing a 'pluginRef'",
                         ref.at);
            return;
        }
        if (!plugins_.is_known(ref.name)) {
            const auto names = plugins_.names();
            auto& f =
                found_.error(code::undefined_plugin,
                             prefix + " references undefined plugin " + quoted(ref.name), ref.at);
            f.label = "no plugin of that name";
            f.suggestion = nearest(ref.name, names);
            return;
        }
        const auto* instance = plugins_.instance(ref.name);
        if (instance == nullptr) return;  // broken, or of a kind that plays no part here
        const auto& object = *instance->object;
        if (object.as_scorer() != nullptr) {
            out.scorers.push_back(
                {object.as_scorer(), object.index, entry.plugins[j].weight.value_or(1.0)});
        }
        if (object.as_filter() != nullptr)
            out.filters.push_back({object.as_filter(), object.index});
        if (object.as_picker() == nullptr) return;
        if (out.pick.role != nullptr) {
            const auto& before = plugins_.plugins()[out.pick.index];
            found_.error(code::two_pickers,
                         "scheduler config build failed: failed to set '" + instance->name + "/" +
                             instance->type +
                             "' as picker, already have a registered picker plugin '" +
                             before.name + "/" + before.type + "'",
                         ref.at);
            return;
        }
        out.pick = {object.as_picker(), object.index};
    }

    /// Any picker that the configuration has, else a max-score-picker.
    void add_picker(profile& out) {
        for (const auto& p : plugins_.plugins()) {
            if (p.object->as_picker() == nullptr) continue;
            out.pick = {p.object->as_picker(), p.object->index};
            return;
        }
        if (const auto* made = plugins_.make_implicit("max-score-picker")) {
            out.pick = {made->object->as_picker(), made->object->index};
        }
    }

    std::string bound() {
        try {
            return parts_.handler->bind(parts_.profile_names);
        } catch (...) {
            return "the profile handler threw an exception: " + thrown();
        }
    }

    void bind_handler() {
        if (parts_.handler == nullptr || found_.has_errors()) return;
        const auto problem = bound();
        if (problem.empty()) return;
        found_.error(code::profile_handler, "scheduler config build failed: " + problem,
                     plugins_.plugins()[parts_.handler_index].at);
    }

    const picker_spec& spec_;
    plugin_builder& plugins_;
    findings& found_;
    pipeline_parts& parts_;
};

template <class Role, class Get>
void collect(const std::vector<plugin_instance>& plugins, std::vector<player<Role>>& out, Get get) {
    for (const auto& p : plugins) {
        if (auto* role = get(*p.object)) out.push_back({role, p.object->index});
    }
}

payload::media_rules media_rules_of(const std::vector<plugin_instance>& plugins) {
    for (const auto& p : plugins) {
        if (const auto* says = dynamic_cast<const media_counting*>(p.object.get()))
            return says->media();
    }
    return {};
}

void collect_hooks(pipeline_parts& parts) {
    collect(parts.plugins, parts.header_hooks,
            [](plugin& p) { return p.as_request_header_hook(); });
    collect(parts.plugins, parts.gatherers, [](plugin& p) { return p.as_gatherer(); });
    collect(parts.plugins, parts.screeners, [](plugin& p) { return p.as_screener(); });
    collect(parts.plugins, parts.admitters, [](plugin& p) { return p.as_admitter(); });
    collect(parts.plugins, parts.pre_request_hooks,
            [](plugin& p) { return p.as_pre_request_hook(); });
    collect(parts.plugins, parts.response_hooks, [](plugin& p) { return p.as_response_hook(); });
}

void order_producers(plugin_builder& plugins, findings& found, pipeline_parts& parts) {
    std::vector<std::uint32_t> all;
    for (const auto& p : plugins.plugins()) {
        if (p.object->as_producer() != nullptr) all.push_back(p.object->index);
    }
    std::vector<std::uint32_t> cycle;
    for (const auto index : plugins.graph().order(all, cycle)) {
        parts.producers.push_back({plugins.plugins()[index].object->as_producer(), index});
    }
    if (cycle.empty()) return;
    std::string names;
    for (const auto index : cycle)
        names += (names.empty() ? "" : ", ") + quoted(plugins.plugins()[index].name);
    found.error(code::dependency, "cycle detected in data dependencies of plugins " + names,
                plugins.plugins()[cycle.front()].at);
}

/// Every call of every plugin gets its histogram.
void plan_times(pipeline_parts& parts) {
    for (auto& slots : parts.timed) slots.assign(parts.plugins.size(), plugin_times::none);
    const auto add = [&parts](extension_point where, std::uint32_t index) {
        const auto& p = parts.plugins[index];
        parts.timed[static_cast<std::size_t>(where)][index] =
            parts.times->add(where, p.type, p.name);
    };
    const auto add_all = [&add](extension_point where, const auto& players) {
        for (const auto& p : players) add(where, p.index);
    };
    add_all(extension_point::request_header, parts.header_hooks);
    add_all(extension_point::screener, parts.screeners);
    add_all(extension_point::data_producer, parts.producers);
    add_all(extension_point::admission, parts.admitters);
    add(extension_point::profile_picker, parts.handler_index);
    add(extension_point::process_results, parts.handler_index);
    for (const auto& p : parts.profiles) {
        add_all(extension_point::filter, p.filters);
        add_all(extension_point::scorer, p.scorers);
        add(extension_point::picker, p.pick.index);
    }
    add_all(extension_point::pre_request, parts.pre_request_hooks);
    for (const auto where :
         {extension_point::response_received, extension_point::response_streaming,
          extension_point::response_complete}) {
        add_all(where, parts.response_hooks);
    }
}

/// Learned state moves to the plugin of the same name and type.
void adopt_state(const pipeline_parts& previous, pipeline_parts& parts) {
    for (auto& p : parts.plugins) {
        for (const auto& old : previous.plugins) {
            if (old.name != p.name || old.kind != p.kind) continue;
            try {
                p.object->adopt(*old.object);
            } catch (...) {
                log::error("a plugin threw an exception and begins anew",
                           {{"plugin", p.name + "/" + p.type}, {"exception", thrown()}});
            }
        }
    }
}

void summarise_others(plugin_builder& plugins, pipeline_parts& parts) {
    for (const auto& s : plugins.settings_entries()) {
        const auto* type = find_settings_type(s.type);
        parts.other_plugins.push_back({s.name, s.type,
                                       type != nullptr ? type->level : stability::beta, s.implicit,
                                       file_of(s.at), s.at.start.line});
    }
}

void note_headers(const plugin_instance& p, std::vector<std::string>& read) {
    const auto* reader = dynamic_cast<const header_reader*>(p.object.get());
    if (reader == nullptr) return;
    for (auto& name : reader->headers_read()) {
        if (std::find(read.begin(), read.end(), name) == read.end())
            read.push_back(std::move(name));
    }
}

}  // namespace

std::shared_ptr<const pipeline> pipeline::make(const config::picker_document& document,
                                               preset which, findings& found,
                                               const pipeline* previous) {
    findings mine;  // errors of other parts of the configuration do not stop this one
    auto root = document.root != nullptr ? translate(document.root, mine) : default_document(which);
    const auto spec = read_picker_spec(std::move(root), mine);
    auto parts = std::make_unique<pipeline_parts>();
    plugin_builder plugins(spec, mine);
    plugins.make_listed();
    parts->settings = build_settings(spec, plugins, mine);
    parts->settings.origin = document.root != nullptr ? document.origin : "built-in default";
    for (const auto& s : plugins.settings_entries()) {
        // Whatever it is called, there is one set of core metrics here.
        if (s.type != "core-metrics-extractor") continue;
        for (const std::string_view name : {std::string_view(s.name), std::string_view(s.type)})
            plugins.graph().publish(data_graph::nobody, data_kind::core_metrics, name);
    }
    profile_builder(spec, plugins, mine, *parts).build();
    plugins.make_missing_producers();
    plugins.set_profiles(parts->profile_names);
    plugins.link_references();
    order_producers(plugins, mine, *parts);
    parts->slots = plugins.graph().counts();
    parts->default_prefix =
        plugins.graph().find(data_kind::prefix_match, "approx-prefix-cache-producer");
    summarise_others(plugins, *parts);
    parts->plugins = std::move(plugins.plugins());
    for (auto& p : parts->plugins) {
        p.file = file_of(p.at);
        p.line = p.at.start.line;
        p.at = {};
        parts->identity.push_back(p.name + "/" + p.type);
        if (p.kind->name == "inflight-load-producer" && parts->load_producer.empty())
            parts->load_producer = p.name;
        note_headers(p, parts->headers_read);
    }
    parts->media = media_rules_of(parts->plugins);
    collect_hooks(*parts);
    const bool failed = mine.has_errors();
    found.append(std::move(mine));
    if (failed) return nullptr;
    if (previous != nullptr) adopt_state(*previous->parts_, *parts);
    parts->times = previous != nullptr ? previous->parts_->times : std::make_shared<plugin_times>();
    plan_times(*parts);
    parts->serial = ++serials;
    return std::shared_ptr<const pipeline>(new pipeline(std::move(parts)));
}

}  // namespace weir::scheduling
