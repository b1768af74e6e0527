#include "scheduling/node_parameters.hpp"

#include <algorithm>
#include <cmath>

#include "base/strings.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/scalar.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::node;

namespace {

std::string number_text(double v) {
    if (v == std::trunc(v) && std::fabs(v) < 1e15) return std::to_string(static_cast<long long>(v));
    auto s = std::to_string(v);
    s.erase(s.find_last_not_of('0') + 1);
    return s;
}

std::string range_text(const number_range& r) {
    const bool low = std::isfinite(r.min);
    const bool high = std::isfinite(r.max);
    if (low && high) {
        return std::string("in ") + (r.min_excluded ? "(" : "[") + number_text(r.min) + "," +
               number_text(r.max) + (r.max_excluded ? ")" : "]");
    }
    if (low) return (r.min_excluded ? "> " : ">= ") + number_text(r.min);
    return (r.max_excluded ? "< " : "<= ") + number_text(r.max);
}

}  // namespace

node_parameters::node_parameters(const node* object, std::shared_ptr<const style> how,
                                 config::findings& found, const config::span& instead,
                                 std::string path)
    : style_(std::move(how)), found_(&found), instead_(instead), path_(std::move(path)) {
    if (object == nullptr || object->is_null()) return;
    if (object->is_scalar() && kind_of(*object) == scalar_kind::null) return;
    if (!object->is_mapping()) {
        wrong(*object, {}, "an object");
        return;
    }
    object_ = object;
}

const node* node_parameters::peek(std::string_view key) const {
    if (object_ == nullptr) return nullptr;
    const node* match = nullptr;
    for (const auto& [k, v] : object_->fields) {
        if (iequals(k.scalar, key)) match = &v;
    }
    if (match == nullptr || match->is_null()) return nullptr;
    return match->is_scalar() && kind_of(*match) == scalar_kind::null ? nullptr : match;
}

const node* node_parameters::look(std::string_view key) {
    known_.emplace_back(key);
    return peek(key);
}

std::string node_parameters::full(std::string_view key) const {
    if (path_.empty()) return std::string(key);
    return key.empty() ? path_ : path_ + "." + std::string(key);
}

config::span node_parameters::place(std::string_view key) const {
    if (const auto* value = peek(key)) return value->at;
    return object_ != nullptr ? object_->at : instead_;
}

void node_parameters::wrong(const node& value, std::string_view key, std::string_view expected) {
    failed_ = true;
    const auto name = full(key);
    found_->error(code::bad_parameter,
                  style_->prefix + (name.empty() ? "parameters" : name) + " must be " +
                      std::string(expected) + ", not " + std::string(describe(value)),
                  value.at);
}

bool node_parameters::in_range(const node& value, std::string_view key, double v,
                               const number_range& range) {
    if (range.contains(v)) return true;
    failed_ = true;
    auto& f = found_->error(
        code::bad_parameter,
        style_->prefix + full(key) + " must be " + range_text(range) + ", got " + value.scalar,
        value.at);
    f.label = "must be " + range_text(range);
    return false;
}

bool node_parameters::has(std::string_view key) { return look(key) != nullptr; }

std::int64_t node_parameters::integer(std::string_view key, std::int64_t fallback,
                                      number_range range) {
    const auto* value = look(key);
    if (value == nullptr) return fallback;
    const auto v = as_integer(*value);
    if (!v) {
        wrong(*value, key, "a whole number");
        return fallback;
    }
    return in_range(*value, key, static_cast<double>(*v), range) ? *v : fallback;
}

double node_parameters::number(std::string_view key, double fallback, number_range range) {
    const auto* value = look(key);
    if (value == nullptr) return fallback;
    const auto v = as_number(*value);
    if (!v) {
        wrong(*value, key, "a number");
        return fallback;
    }
    return in_range(*value, key, *v, range) ? *v : fallback;
}

bool node_parameters::boolean(std::string_view key, bool fallback) {
    const auto* value = look(key);
    if (value == nullptr) return fallback;
    const auto v = as_boolean(*value);
    if (!v) wrong(*value, key, "true or false");
    return v.value_or(fallback);
}

std::string node_parameters::text(std::string_view key, std::string_view fallback) {
    const auto* value = look(key);
    if (value == nullptr) return std::string(fallback);
    const auto v = as_text(*value);
    if (!v) wrong(*value, key, "a string");
    return std::string(v.value_or(fallback));
}

std::string node_parameters::one_of(std::string_view key, std::string_view fallback,
                                    std::initializer_list<std::string_view> allowed) {
    const auto given = text(key, fallback);
    if (given == fallback || std::find(allowed.begin(), allowed.end(), given) != allowed.end()) {
        return given;
    }
    failed_ = true;
    auto& f = found_->error(code::bad_parameter,
                            style_->prefix + "unsupported " + full(key) + " \"" + given + "\"",
                            place(key));
    const std::vector<std::string_view> words(allowed);
    f.allowed.assign(words.begin(), words.end());
    f.suggestion = nearest(given, words);
    return std::string(fallback);
}

std::chrono::nanoseconds node_parameters::duration(std::string_view key,
                                                   std::chrono::nanoseconds fallback) {
    const auto* value = look(key);
    if (value == nullptr) return fallback;
    const auto written = as_text(*value);
    // A bare 0 is the one duration without a unit.
    const auto parsed = written                   ? parse_go_duration(*written)
                        : as_integer(*value) == 0 ? std::optional(std::chrono::nanoseconds(0))
                                                  : std::nullopt;
    if (parsed) return *parsed;
    failed_ = true;
    auto& f = found_->error(
        code::bad_parameter,
        style_->prefix + full(key) + ": time: invalid duration \"" + value->scalar + "\"",
        value->at);
    f.label = "not a duration";
    f.help = "write a number with a unit, such as `200ms`, `5s` or `1m30s`";
    if (as_number(*value)) f.suggestion = value->scalar + "ms";
    return fallback;
}

std::vector<std::string> node_parameters::texts(std::string_view key) {
    std::vector<std::string> out;
    const auto* value = look(key);
    if (value == nullptr) return out;
    if (!value->is_sequence()) {
        wrong(*value, key, "a list of strings");
        return out;
    }
    for (const auto& item : value->items) {
        if (const auto v = as_text(item)) {
            out.emplace_back(*v);
        } else {
            wrong(item, key, "a list of strings");
        }
    }
    return out;
}

parameters& node_parameters::object(std::string_view key) {
    for (auto& [name, child] : below_) {
        if (name == key) return *child;
    }
    below_.emplace_back(std::string(key), std::make_unique<node_parameters>(
                                              look(key), style_, *found_, place({}), full(key)));
    return *below_.back().second;
}

std::vector<parameters*> node_parameters::objects(std::string_view key) {
    std::vector<parameters*> out;
    const auto* value = look(key);
    if (value == nullptr) return out;
    if (!value->is_sequence()) {
        wrong(*value, key, "a list");
        return out;
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
        auto name = full(key) + "[" + std::to_string(i) + "]";
        below_.emplace_back(name, std::make_unique<node_parameters>(
                                      &value->items[i], style_, *found_, value->items[i].at, name));
        out.push_back(below_.back().second.get());
    }
    return out;
}

std::vector<std::string> node_parameters::keys() {
    std::vector<std::string> out;
    if (object_ == nullptr) return out;
    for (const auto& [k, v] : object_->fields) {
        out.push_back(k.scalar);
        known_.push_back(k.scalar);
    }
    return out;
}

void node_parameters::reject(std::string_view key, std::string_view message,
                             std::string_view help) {
    failed_ = true;
    auto& f = found_->error(code::bad_parameter, style_->prefix + std::string(message), place(key));
    f.help = help;
}

void node_parameters::warn(std::string_view key, std::string_view message) {
    found_->warning(code::hint, message, place(key));
}

void node_parameters::note(std::string_view key, std::string_view message) {
    found_->note(code::hint, message, place(key));
}

bool node_parameters::ok() const {
    return !failed_ && std::all_of(below_.begin(), below_.end(),
                                   [](const auto& child) { return child.second->ok(); });
}

void node_parameters::report_key(const node& key) {
    const std::vector<std::string_view> words(known_.begin(), known_.end());
    const auto message = style_->prefix + "json: unknown field \"" + key.scalar + "\"";
    auto& f = style_->allow_unknown ? found_->note(code::translated,
                                                   "parameter \"" + key.scalar +
                                                       "\" is not known any more and has no effect",
                                                   key.at)
                                    : found_->error(code::unknown_parameter, message, key.at);
    if (!style_->allow_unknown) failed_ = true;
    f.label = "unknown parameter";
    f.suggestion = nearest(key.scalar, words);
    std::vector<std::string> names(known_.begin(), known_.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    f.allowed = std::move(names);
    if (f.allowed.empty() && f.help.empty()) f.help = "this plugin takes no parameters";
}

void node_parameters::report_unknown() {
    if (ignore_all_) return;
    if (object_ != nullptr) {
        for (const auto& [k, v] : object_->fields) {
            const bool known = std::any_of(known_.begin(), known_.end(), [&](const auto& name) {
                return iequals(name, k.scalar);
            });
            if (!known) report_key(k);
        }
    }
    for (auto& [name, child] : below_) child->report_unknown();
}

}  // namespace weir::scheduling
