#include "config/conditions.hpp"

#include <algorithm>

namespace weir::config {

void condition_list::set(std::string_view type, bool status, std::string_view reason,
                         std::string_view message) {
    condition c{type, status, reason, std::string(message)};
    const auto found =
        std::find_if(list_.begin(), list_.end(), [&](const auto& x) { return x.type == type; });
    if (found == list_.end()) {
        list_.push_back(std::move(c));
    } else {
        *found = std::move(c);
    }
}

const condition* condition_list::find(std::string_view type) const {
    const auto found =
        std::find_if(list_.begin(), list_.end(), [&](const auto& x) { return x.type == type; });
    return found == list_.end() ? nullptr : &*found;
}

namespace {

/// In the shape of metav1.Condition. There is no clock in a configuration, so lastTransitionTime is
/// always the epoch.
void write_conditions(json_writer& json, const condition_list& conditions) {
    json.key("conditions").begin_array();
    for (const auto& c : conditions.list()) {
        json.begin_object()
            .field("type", c.type)
            .field("status", c.status ? "True" : "False")
            .field("reason", c.reason)
            .field("message", c.message)
            .field("lastTransitionTime", "1970-01-01T00:00:00Z")
            .end_object();
    }
    json.end_array();
}

void write_parent(json_writer& json, const status_parent& parent) {
    json.begin_object().key("parentRef").begin_object();
    json.field("group", parent.group).field("kind", parent.kind);
    json.field("namespace", parent.name_space).field("name", parent.name);
    if (!parent.section.empty()) json.field("sectionName", parent.section);
    if (parent.port != 0) json.field("port", static_cast<unsigned>(parent.port));
    json.end_object().field("controllerName", controller_name);
    write_conditions(json, parent.conditions);
    json.end_object();
}

void write_listener(json_writer& json, const status_listener& l) {
    json.begin_object().field("name", l.name).key("supportedKinds").begin_array();
    if (l.takes_http_routes) {
        json.begin_object()
            .field("group", "gateway.networking.k8s.io")
            .field("kind", "HTTPRoute")
            .end_object();
    }
    json.end_array().field("attachedRoutes", l.attached);
    write_conditions(json, l.conditions);
    json.end_object();
}

}  // namespace

void write_status(json_writer& json, const resource_status& status) {
    json.begin_object();
    if (status.shape == status_shape::gateway) {
        json.key("addresses").begin_array();
        for (const auto& address : status.addresses) {
            json.begin_object().field("type", "IPAddress").field("value", address).end_object();
        }
        json.end_array();
    }
    if (status.shape != status_shape::parents) write_conditions(json, status.conditions);
    if (status.shape == status_shape::gateway) {
        json.key("listeners").begin_array();
        for (const auto& l : status.listeners) write_listener(json, l);
        json.end_array();
    }
    if (status.shape == status_shape::parents) {
        json.key("parents").begin_array();
        for (const auto& parent : status.parents) write_parent(json, parent);
        json.end_array();
    }
    json.end_object();
}

void write_status_list(json_writer& json, const std::vector<resource_status>& statuses) {
    json.begin_object().field("apiVersion", "v1").field("kind", "List").key("items").begin_array();
    for (const auto& s : statuses) {
        json.begin_object().field("apiVersion", s.api_version).field("kind", s.kind);
        json.key("metadata").begin_object().field("name", s.name);
        if (!s.name_space.empty()) json.field("namespace", s.name_space);
        json.end_object().key("status");
        write_status(json, s);
        json.end_object();
    }
    json.end_array().end_object();
}

void each_condition(const resource_status& status,
                    const std::function<void(std::string_view, const condition&)>& each) {
    const auto all = [&](std::string_view of, const condition_list& conditions) {
        for (const auto& c : conditions.list()) each(of, c);
    };
    all("", status.conditions);
    for (const auto& l : status.listeners) all(l.name, l.conditions);
    for (const auto& p : status.parents) {
        const auto section = p.section.empty() ? std::string() : "/" + p.section;
        all(p.name_space + "/" + p.name + section, p.conditions);
    }
}

}  // namespace weir::config
