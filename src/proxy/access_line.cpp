#include "proxy/access_line.hpp"

#include <array>
#include <chrono>
#include <ctime>

#include "base/json.hpp"

namespace weir::proxy {
namespace {

std::string timestamp() {
    const auto now = std::chrono::system_clock::now();
    const auto us =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    const std::time_t second = us / 1'000'000;
    std::tm utc{};
    gmtime_r(&second, &utc);
    char text[40];
    const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(us % 1'000'000));
    return std::string(text, n) + fraction;
}

std::int64_t micros(duration d) {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

void text(json_writer& w, std::string_view name, std::string_view value) {
    if (!value.empty()) w.field(name, value);
}

bool is_hex(std::string_view s) {
    return s.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Ids of zeros alone say that there is none.
bool is_id(std::string_view s) {
    return is_hex(s) && s.find_first_not_of('0') != std::string_view::npos;
}

/// The ids of a W3C traceparent: version, trace id, parent id and flags, of fixed widths. Only a
/// later version than 00 may go on behind them, and ff is none.
void trace(json_writer& w, std::string_view traceparent) {
    if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-' ||
        traceparent[52] != '-') {
        return;
    }
    const auto version = traceparent.substr(0, 2);
    const auto trace_id = traceparent.substr(3, 32);
    const auto span_id = traceparent.substr(36, 16);
    if (!is_hex(version) || version == "ff" || !is_hex(traceparent.substr(53, 2))) return;
    if (traceparent.size() > 55 && (version == "00" || traceparent[55] != '-')) return;
    if (!is_id(trace_id) || !is_id(span_id)) return;
    w.field("trace_id", trace_id).field("span_id", span_id);
}

void times(json_writer& w, const access_line& line, const request_notes& notes) {
    struct moment {
        std::string_view name;
        time_point when;
    };
    // Since the first byte of the request; t_queue is how long it waited.
    for (const auto& m :
         std::array{moment{"t_headers", notes.headers}, moment{"t_body", notes.body},
                    moment{"t_parse", notes.parsed}, moment{"t_pick", notes.picked},
                    moment{"t_first_byte", notes.answer_head},
                    moment{"t_first_token", line.first_token}, moment{"t_last", line.last_byte}}) {
        if (m.when != time_point{}) w.field(m.name, micros(m.when - line.received));
    }
    if (notes.queued != time_point{}) {
        const auto left = notes.admitted != time_point{} ? notes.admitted : line.ended;
        w.field("t_queue", micros(left - notes.queued));
    }
    w.field("t_total", micros(line.ended - line.received));
    if (line.chunks > 1) w.field("itl_max", micros(notes.longest_gap));
}

void decision(json_writer& w, const request_notes& notes) {
    if (notes.candidates == 0) return;
    w.key("decision").begin_object().field("candidates", notes.candidates);
    w.field("after_filters", notes.after_filters).field("score", notes.score);
    if (notes.runner_up) w.field("runner_up", *notes.runner_up);
    w.end_object();
}

}  // namespace

std::string_view end_letters(end_cause cause, life_phase phase, std::string_view reason) {
    // By phase: request, queue, connect, headers, data.
    static constexpr std::array<std::string_view, 5> client = {"CR", "CQ", "CC", "CH", "CD"};
    static constexpr std::array<std::string_view, 5> server = {"SC", "SQ", "SC", "SH", "SD"};
    static constexpr std::array<std::string_view, 5> server_slow = {"sC", "sQ", "sC", "sH", "sD"};
    static constexpr std::array<std::string_view, 5> refused = {"PR", "PQ", "PC", "PH", "PD"};
    const auto at = static_cast<std::size_t>(phase);
    switch (cause) {
        case end_cause::natural:
            return "--";
        case end_cause::client_disconnect:
            return client[at];
        case end_cause::evicted:
            return phase == life_phase::data ? "KD" : "KH";
        case end_cause::error:
            break;
    }
    if (reason == "request-timeout") return "cR";
    if (reason == "upstream-timeout") return server_slow[at];
    if (reason == "rejected-ttl-expired") return "sQ";
    if (reason == "connect-failed" || reason == "no-endpoints") return "SC";
    if (reason == "upstream-reset") return server[at];
    return refused[at];
}

void request_notes::clear() {
    for (auto* text : {&method, &path, &host, &traceparent}) text->clear();
    attempts.clear();
    headers = body = parsed = queued = admitted = picked = answer_head = {};
    longest_gap = {};
    candidates = after_filters = 0;
    score = 0;
    runner_up.reset();
}

std::string to_json(const access_line& line, const request_notes& notes) {
    json_writer w;
    w.begin_object().field("ts", timestamp()).field("id", line.id);
    trace(w, notes.traceparent);
    w.field("client", line.client).field("method", notes.method).field("path", notes.path);
    w.field("host", notes.host);
    text(w, "route", line.route);
    text(w, "pool", line.pool);
    text(w, "endpoint", line.endpoint);
    text(w, "address", line.address);
    if (!notes.attempts.empty()) {
        w.key("endpoint_attempts").begin_array();
        for (const auto& a : notes.attempts) w.value(a);
        w.end_array();
    }
    w.field("model", line.model).field("target_model", line.target_model);
    w.field("objective", line.objective).field("priority", line.priority);
    w.field("fairness_id", line.fairness_id).field("stream", line.stream);
    w.field("code", line.code).field("end", line.end).field("reason", line.reason);
    text(w, "detail", line.detail);
    w.field("bytes_in", line.bytes_in).field("bytes_out", line.bytes_out);
    if (line.usage != nullptr && line.usage->present) {
        w.field("tok_in", line.usage->prompt).field("tok_out", line.usage->completion);
        w.field("tok_cached", line.usage->cached);
    }
    w.field("chunks", line.chunks).field("retries", line.retries);
    times(w, line, notes);
    decision(w, notes);
    w.field("cfg", line.config_version).end_object();
    return w.take();
}

}  // namespace weir::proxy
