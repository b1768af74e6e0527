#include "base/json.hpp"
#include "scheduling/pipeline_parts.hpp"

namespace weir::scheduling {

std::vector<plugin_summary> pipeline::plugins() const {
    std::vector<plugin_summary> out;
    for (const auto& p : parts_->plugins)
        out.push_back({p.name, p.type, p.kind->level, p.implicit, p.file, p.line});
    out.insert(out.end(), parts_->other_plugins.begin(), parts_->other_plugins.end());
    return out;
}

std::vector<profile_summary> pipeline::profiles() const {
    std::vector<profile_summary> out;
    for (const auto& p : parts_->profiles) {
        profile_summary s{p.name, {}};
        for (const auto& f : p.filters)
            s.plugins.push_back({parts_->plugins[f.index].name, "filter", 0});
        for (const auto& w : p.scorers)
            s.plugins.push_back({parts_->plugins[w.index].name, "scorer", w.weight});
        s.plugins.push_back({parts_->plugins[p.pick.index].name, "picker", 0});
        out.push_back(std::move(s));
    }
    return out;
}

std::string pipeline::effective_json() const {
    json_writer w;
    w.begin_object().field("origin", parts_->settings.origin);
    w.key("plugins").begin_array();
    for (const auto& p : plugins()) {
        w.begin_object().field("name", p.name).field("type", p.type).field("implicit", p.implicit);
        if (!p.file.empty()) w.field("file", p.file).field("line", p.line);
        w.end_object();
    }
    w.end_array().key("schedulingProfiles").begin_array();
    for (const auto& p : profiles()) {
        w.begin_object().field("name", p.name).key("plugins").begin_array();
        for (const auto& member : p.plugins) {
            w.begin_object().field("pluginRef", member.plugin).field("role", member.role);
            if (member.role == "scorer") w.field("weight", member.weight);
            w.end_object();
        }
        w.end_array().end_object();
    }
    w.end_array().field("profileHandler", parts_->plugins[parts_->handler_index].name);
    w.key("featureGates").begin_object();
    w.field("flowControl", parts_->settings.flow_control).end_object();
    w.field("saturationDetector", parts_->settings.detector.kind == config::detector_kind::guide
                                      ? std::string("guide")
                                      : parts_->settings.detector.name);
    w.end_object();
    return w.take();
}

}  // namespace weir::scheduling
