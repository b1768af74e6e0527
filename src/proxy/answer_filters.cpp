#include "proxy/answer_filters.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "gateway/filters.hpp"
#include "proxy/header_rules.hpp"

namespace weir::proxy {
namespace {

void edit(const config::header_edit& how, std::vector<http::field>& fields) {
    http::field_list before;
    for (const auto& f : fields) before.add(f.name, f.value);
    fields.clear();
    for (const auto& f : gateway::edit_headers(how, before)) {
        // Framing and the connection are weir's business, whatever a manifest says.
        const auto what = classify_field(f.name);
        if (what != field_class::framing && what != field_class::hop_by_hop) fields.push_back(f);
    }
}

bool varies_by_origin(const std::vector<http::field>& fields) {
    return std::any_of(fields.begin(), fields.end(), [](const http::field& f) {
        if (!iequals(f.name, "vary")) return false;
        const auto names = split(f.value, ',');
        return std::any_of(names.begin(), names.end(), [](std::string_view name) {
            return trim(name) == "*" || iequals(trim(name), "origin");
        });
    });
}

}  // namespace

answer_filters answer_filters_of(const gateway::rule& selected, const config::backend_ref* backend,
                                 const http::field_list& request) {
    const bool edits =
        backend != nullptr && (backend->filters.response_headers || backend->filters.cors);
    if (selected.plain && !edits) return {};
    answer_filters out;
    out.rule = &selected.config->filters;
    if (backend != nullptr) out.backend = &backend->filters;
    const auto* cors = out.rule->cors                   ? &*out.rule->cors
                       : edits && backend->filters.cors ? &*backend->filters.cors
                                                        : nullptr;
    out.has_cors = cors != nullptr;
    if (cors != nullptr) out.cors = gateway::cors_response_fields(*cors, request);
    return out;
}

void apply_answer_filters(const answer_filters& filters, std::vector<http::field>& fields) {
    if (filters.rule == nullptr) return;
    for (const auto* set : {filters.rule, filters.backend}) {
        if (set != nullptr && set->response_headers) edit(*set->response_headers, fields);
    }
    if (!filters.has_cors) return;
    std::erase_if(fields, [](const auto& f) { return gateway::is_cors_response_field(f.name); });
    for (const auto& [name, value] : filters.cors) {
        if (name == "vary" && varies_by_origin(fields)) continue;
        fields.push_back({name, value});
    }
}

}  // namespace weir::proxy
