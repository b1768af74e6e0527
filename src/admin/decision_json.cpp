#include "admin/decision_json.hpp"

#include <algorithm>
#include <vector>

#include "admin/page.hpp"

namespace weir::admin {
namespace {

/// How far the winner was ahead of the second; negative: there were not two.
double margin_of(const proxy::decision_record& r) {
    std::vector<double> totals;
    for (const auto& c : r.candidates) {
        if (!c.filtered) totals.push_back(c.total);
    }
    if (totals.size() < 2) return -1;
    std::partial_sort(totals.begin(), totals.begin() + 2, totals.end(), std::greater<>());
    return totals[0] - totals[1];
}

void write_optional(json_writer& w, std::string_view name, double value) {
    w.key(name);
    if (value < 0) {
        w.null();
    } else {
        w.value(value);
    }
}

}  // namespace

bool has_ended(const proxy::decision_record& r) { return r.total_ms >= 0; }

std::string candidate_name(const proxy::decision_record& r, std::size_t i) {
    if (i < r.endpoint_names.size()) return r.endpoint_names[i];
    return "#" + std::to_string(r.candidates[i].endpoint);
}

std::string attempt_name(const proxy::decision_record& r, std::size_t attempt) {
    if (attempt == 0 && !r.endpoint.empty()) return r.endpoint;  // the pick is tried first
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
        if (r.candidates[i].endpoint == r.attempts[attempt].endpoint) return candidate_name(r, i);
    }
    return "#" + std::to_string(r.attempts[attempt].endpoint);
}

void write_decision_members(json_writer& w, const proxy::decision_record& r) {
    w.field("id", r.request_id).field("requestId", r.request_id).field("sequence", r.sequence);
    w.field("time", rfc3339(r.wall_ms)).field("unixMs", r.wall_ms);
    w.field("pool", r.pool).field("path", r.path).field("model", r.model);
    w.field("targetModel", r.target_model).field("objective", r.objective);
    w.field("priority", r.priority).field("fairnessId", r.fairness_id).field("stream", r.stream);
    w.field("inputTokens", r.input_tokens).field("endpoint", r.endpoint);
    w.field("address", r.endpoint_address).field("status", r.status).field("reason", r.reason);
    w.field("done", has_ended(r));
    const auto kept = std::count_if(r.candidates.begin(), r.candidates.end(),
                                    [](const auto& c) { return !c.filtered; });
    w.field("candidatesIn", static_cast<std::uint64_t>(r.candidates.size()));
    w.field("candidatesOut", static_cast<std::int64_t>(kept));
    write_optional(w, "margin", margin_of(r));
    w.field("decideMicroseconds", static_cast<double>(r.decide_us));
    write_optional(w, "firstByteMs", static_cast<double>(r.first_byte_ms));
    write_optional(w, "totalMs", static_cast<double>(r.total_ms));
    w.field("configVersion", r.runtime_version).field("viewVersion", r.view_version);
    w.field("seed", std::to_string(r.seed));
    w.key("attempts").begin_array();
    for (std::size_t i = 0; i < r.attempts.size(); ++i) {
        w.begin_object().field("endpoint", attempt_name(r, i));
        w.field("endpointIndex", r.attempts[i].endpoint);
        w.field("status", r.attempts[i].status).end_object();
    }
    w.end_array();
}

void write_decision(json_writer& w, const proxy::decision_record& r) {
    w.begin_object().field("apiVersion", "v1");
    write_decision_members(w, r);
    w.end_object();
}

}  // namespace weir::admin
