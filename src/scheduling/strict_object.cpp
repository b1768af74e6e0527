#include "scheduling/strict_object.hpp"

#include <algorithm>

#include "base/strings.hpp"
#include "config/picker_codes.hpp"
#include "scheduling/scalar.hpp"

namespace weir::scheduling {

namespace code = config::picker_code;
using config::node;

namespace {

/// No list of a configuration is longer; some are compared pair by pair.
constexpr std::size_t max_items = 1000;

constexpr std::string_view prefix = "failed to decode configuration JSON/YAML: ";

}  // namespace

strict_object::strict_object(const node* value, std::string path, config::findings& found,
                             std::initializer_list<std::string_view> allowed)
    : path_(std::move(path)), found_(&found) {
    if (value == nullptr || value->is_null()) return;
    at_ = value->at;
    if (!value->is_mapping()) {
        found.error(code::envelope,
                    std::string(prefix) + (path_.empty() ? "the document" : path_) +
                        " must be an object, not " + std::string(describe(*value)),
                    value->at);
        return;
    }
    value_ = value;
    const std::vector<std::string_view> names(allowed);
    for (const auto& [k, v] : value->fields) {
        if (std::find(names.begin(), names.end(), k.scalar) != names.end()) continue;
        auto& f = found.error(code::envelope,
                              std::string(prefix) + "strict decoding error: unknown field \"" +
                                  this->path(k.scalar) + "\"",
                              k.at);
        f.label = "unknown field";
        f.suggestion = nearest(k.scalar, names);
        f.allowed.assign(names.begin(), names.end());
    }
}

std::string strict_object::path(std::string_view key) const {
    if (path_.empty()) return std::string(key);
    return key.empty() ? path_ : path_ + "." + std::string(key);
}

const node* strict_object::get(std::string_view key) const {
    if (value_ == nullptr) return nullptr;
    const auto* v = value_->get(key);
    if (v == nullptr || v->is_null()) return nullptr;
    return v->is_scalar() && kind_of(*v) == scalar_kind::null ? nullptr : v;
}

void strict_object::wrong(const node& value, std::string_view key,
                          std::string_view expected) const {
    found_->error(code::envelope,
                  std::string(prefix) + path(key) + " must be " + std::string(expected) + ", not " +
                      std::string(describe(value)),
                  value.at);
}

std::optional<std::string> strict_object::text(std::string_view key) const {
    const auto* v = get(key);
    if (v == nullptr) return std::nullopt;
    const auto s = as_text(*v);
    if (s) return std::string(*s);
    wrong(*v, key, "a string");
    return std::nullopt;
}

std::optional<double> strict_object::number(std::string_view key) const {
    const auto* v = get(key);
    if (v == nullptr) return std::nullopt;
    const auto n = as_number(*v);
    if (!n) wrong(*v, key, "a number");
    return n;
}

std::optional<bool> strict_object::boolean(std::string_view key) const {
    const auto* v = get(key);
    if (v == nullptr) return std::nullopt;
    const auto b = as_boolean(*v);
    if (!b) wrong(*v, key, "true or false");
    return b;
}

std::vector<const node*> strict_object::items(std::string_view key) const {
    std::vector<const node*> out;
    const auto* v = get(key);
    if (v == nullptr) return out;
    if (!v->is_sequence()) {
        wrong(*v, key, "a list");
        return out;
    }
    const auto& all = v->items;
    if (all.size() > max_items) {
        found_->error(code::envelope,
                      path(key) + " may have at most " + std::to_string(max_items) +
                          " items, found " + std::to_string(all.size()),
                      all[max_items].at);
    }
    for (std::size_t i = 0; i < std::min(all.size(), max_items); ++i) out.push_back(&all[i]);
    return out;
}

config::span strict_object::at(std::string_view key) const {
    const auto* v = get(key);
    return v != nullptr ? v->at : at_;
}

config::span strict_object::at() const { return at_; }

}  // namespace weir::scheduling
