#include "config/conditions.hpp"

#include <algorithm>

namespace weir::config {

void condition_list::set(std::string_view type, bool status, std::string_view reason,
                         std::string_view message) {
    condition c{std::string(type), status, std::string(reason), std::string(message)};
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

void write_status_list(json_writer& json, const std::vector<resource_status>& statuses) {
    json.begin_object().field("apiVersion", "v1").field("kind", "List").key("items").begin_array();
    for (const auto& s : statuses) {
        json.begin_object().field("apiVersion", s.api_version).field("kind", s.kind);
        json.key("metadata").begin_object().field("name", s.name);
        if (!s.name_space.empty()) json.field("namespace", s.name_space);
        json.end_object().key("status").raw(s.status_json).end_object();
    }
    json.end_array().end_object();
}

void append_conditions(resource_status& status, std::string_view under,
                       const condition_list& conditions) {
    for (const auto& c : conditions.list()) status.conditions.emplace_back(under, c);
}

}  // namespace weir::config
