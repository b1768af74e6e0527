#include "sim/faults.hpp"

#include <array>
#include <utility>

#include "base/strings.hpp"

namespace weir::sim {
namespace {

struct break_word {
    std::string_view word;
    break_kind kind;
    bool head_alone;  ///< without a number it breaks before the head
};

constexpr std::array<break_word, 9> break_words{{
    {"reset", break_kind::reset, true},
    {"close", break_kind::close, true},
    {"truncate", break_kind::truncate, false},
    {"half-event", break_kind::half_event, false},
    {"stall", break_kind::stall, true},
    {"short-length", break_kind::short_length, false},
    {"long-length", break_kind::long_length, false},
    {"garbage", break_kind::garbage, true},
    {"error-event", break_kind::error_event, false},
}};

constexpr std::array<std::pair<std::string_view, metrics_fault>, 14> metrics_words{{
    {"none", metrics_fault::none},
    {"garbage", metrics_fault::garbage},
    {"html", metrics_fault::html},
    {"empty", metrics_fault::empty},
    {"nan", metrics_fault::nan},
    {"inf", metrics_fault::infinite},
    {"negative", metrics_fault::negative},
    {"huge", metrics_fault::huge},
    {"missing", metrics_fault::missing},
    {"truncated", metrics_fault::truncated},
    {"frozen", metrics_fault::frozen},
    {"slow", metrics_fault::slow},
    {"hang", metrics_fault::hang},
    {"reset", metrics_fault::reset},
}};

bool valid_status(std::optional<std::int64_t> status) {
    return status && *status >= 100 && *status <= 599;
}

// A duration; a bare number is milliseconds.
std::optional<duration> read_duration(std::string_view text) {
    if (const auto ms = parse_double(text)) {
        if (*ms < 0 || *ms > 1e9) return std::nullopt;
        return duration(static_cast<duration::rep>(*ms * 1e6));
    }
    const auto d = parse_go_duration(text);
    if (!d || *d < d->zero()) return std::nullopt;
    return *d;
}

bool complain(std::string& error, std::string_view word, std::string_view value) {
    error = "unknown or malformed fault: " + std::string(word);
    if (!value.empty()) error.append("=").append(value);
    return false;
}

// One word of a fault, from a header or a JSON member. Empty value: the word alone.
bool apply_word(fault& f, std::string_view word, std::string_view value, std::string& error) {
    if (word == "delay") {
        const auto d = read_duration(value);
        if (!d) return complain(error, word, value);
        f.delay = *d;
        return true;
    }
    if (word == "status") {
        const auto status = parse_int(value);
        if (!valid_status(status) || *status < 200) return complain(error, word, value);
        f.status = static_cast<int>(*status);
        return true;
    }
    if (word == "retry-after") {
        f.retry_after = parse_double(value);
        return f.retry_after ? true : complain(error, word, value);
    }
    for (const auto& b : break_words) {
        if (b.word != word) continue;
        const bool alone = value.empty() || value == "true";
        const auto bytes = alone ? std::optional<std::int64_t>(1) : parse_int(value);
        if (!bytes || *bytes < 0) return complain(error, word, value);
        f.breaks = b.kind;
        f.bytes = static_cast<std::size_t>(*bytes);
        f.at_head = alone && b.head_alone;
        return true;
    }
    return complain(error, word, value);
}

std::string plain_value(json_value v) {
    if (const auto text = v.string()) return *text;
    return std::string(v.raw());
}

bool apply_metrics(server_faults& s, json_value v, std::string& error) {
    if (const auto status = v.integer()) {
        if (!valid_status(status)) return complain(error, "metrics", v.raw());
        s.metrics = metrics_fault::status;
        s.metrics_status = static_cast<int>(*status);
        return true;
    }
    const auto word = v.string();
    for (const auto& [name, kind] : metrics_words) {
        if (word != name) continue;
        s.metrics = kind;
        return true;
    }
    return complain(error, "metrics", plain_value(v));
}

// What concerns the server rather than a request. Nothing when `name` is no such word.
std::optional<bool> apply_server(server_faults& s, std::string_view name, json_value v,
                                 std::string& error) {
    if (name == "metrics") return apply_metrics(s, v, error);
    if (name == "health") {
        const auto status = v.integer();
        if (!valid_status(status)) return complain(error, name, plain_value(v));
        s.health_status = static_cast<int>(*status);
        return true;
    }
    if (name == "slowdown") {
        const auto factor = v.number();
        if (!factor || *factor <= 0 || *factor > 1e6) return complain(error, name, plain_value(v));
        s.slowdown = *factor;
        return true;
    }
    if (name == "loading") {
        s.loading = read_duration(plain_value(v));
        return s.loading ? true : complain(error, name, plain_value(v));
    }
    if (name == "refuse") {
        s.refuse = read_duration(plain_value(v));
        return s.refuse ? true : complain(error, name, plain_value(v));
    }
    return std::nullopt;
}

bool read_rule(json_value object, fault_rule& rule, server_faults& server, std::string& error) {
    if (!object.is(json_value::kind::object)) {
        error = "a fault is a JSON object";
        return false;
    }
    for (auto v = object.first(); v; v = v.next()) {
        const auto name = v.name();
        if (const auto done = apply_server(server, name, v, error)) {
            if (!*done) return false;
        } else if (name == "rate") {
            rule.rate = v.number().value_or(-1);
            if (rule.rate < 0 || rule.rate > 1) return complain(error, name, v.raw());
        } else if (name == "count") {
            const auto count = v.integer();
            if (!count) return complain(error, name, v.raw());
            rule.count = *count;
        } else if (name == "path") {
            rule.path = plain_value(v);
        } else if (!apply_word(rule.what, name, plain_value(v), error)) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::optional<fault> parse_fault(std::string_view text, std::string& error) {
    fault f;
    for (auto part : split(text, ';')) {
        part = trim(part);
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto value =
            equals == std::string_view::npos ? std::string_view() : trim(part.substr(equals + 1));
        if (!apply_word(f, trim(part.substr(0, equals)), value, error)) return std::nullopt;
    }
    return f;
}

bool fault_book::load(json_value body, std::string& error) {
    std::vector<fault_rule> rules;
    server_faults server;
    const auto list = body.is(json_value::kind::array) ? body : body.get("faults");
    const bool many = list.is(json_value::kind::array);
    for (auto v = many ? list.first() : body; v; v = many ? v.next() : json_value()) {
        fault_rule rule;
        if (!read_rule(v, rule, server, error)) return false;
        if (rule.what.any()) rules.push_back(std::move(rule));
    }
    rules_ = std::move(rules);
    server_ = server;
    return true;
}

void fault_book::clear() {
    rules_.clear();
    server_ = {};
}

fault fault_book::pick(std::string_view path, bool inference) {
    for (auto& rule : rules_) {
        const bool concerned = rule.path.empty() ? inference : path.starts_with(rule.path);
        if (!concerned || rule.count == 0) continue;
        if (rule.rate < 1 && random_.unit() >= rule.rate) continue;
        if (rule.count > 0) --rule.count;
        return rule.what;
    }
    return {};
}

}  // namespace weir::sim
