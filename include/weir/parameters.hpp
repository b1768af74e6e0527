#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The values a number may take. The default takes all.
struct number_range {
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    bool min_excluded = false;
    bool max_excluded = false;

    bool contains(double v) const {
        return (min_excluded ? v > min : v >= min) && (max_excluded ? v < max : v <= max);
    }
};
inline number_range at_least(double min) { return {.min = min}; }
inline number_range above(double min) { return {.min = min, .min_excluded = true}; }
inline number_range between(double min, double max) { return {.min = min, .max = max}; }

/// The `parameters` of one plugin, or an object inside them. Keys match as Go's encoding/json
/// matches them (ASCII case does not count); a null is the same as an absent key. Every getter
/// marks its key as known, returns `fallback` when the key is absent or wrong, and reports what is
/// wrong with its place in the file. Keys that no getter asked for are reported as unknown when the
/// factory has returned. Control thread only; the object dies with the factory call.
class parameters {
  public:
    virtual ~parameters() = default;

    /// False when the plugin entry has no `parameters`, or this object is absent or null.
    virtual bool given() const = 0;
    /// The key is there and not null; marks it as known.
    virtual bool has(std::string_view key) = 0;

    /// A whole number (`2.0` counts as 2, `2.5` is an error).
    virtual std::int64_t integer(std::string_view key, std::int64_t fallback,
                                 number_range range = {}) = 0;
    virtual double number(std::string_view key, double fallback, number_range range = {}) = 0;
    virtual bool boolean(std::string_view key, bool fallback) = 0;
    virtual std::string text(std::string_view key, std::string_view fallback) = 0;
    /// A text that must be one of `allowed`.
    virtual std::string one_of(std::string_view key, std::string_view fallback,
                               std::initializer_list<std::string_view> allowed) = 0;
    /// A Go duration in a string (`200ms`, `1m30s`).
    virtual std::chrono::nanoseconds duration(std::string_view key,
                                              std::chrono::nanoseconds fallback) = 0;
    virtual std::vector<std::string> texts(std::string_view key) = 0;
    /// The object under `key`; an absent one has `given() == false` and only fallbacks. Lives as
    /// long as `*this`.
    virtual parameters& object(std::string_view key) = 0;
    /// The objects in the list under `key`, in order. They live as long as `*this`.
    virtual std::vector<parameters*> objects(std::string_view key) = 0;
    /// The keys of this object as written, in order; marks all of them as known (for maps with free
    /// keys).
    virtual std::vector<std::string> keys() = 0;

    /// Reports an error under the value of `key` (under the object itself when `key` is empty or
    /// absent).
    virtual void reject(std::string_view key, std::string_view message,
                        std::string_view help = {}) = 0;
    /// Reports a warning there.
    virtual void warn(std::string_view key, std::string_view message) = 0;
    /// Reports a hint there.
    virtual void note(std::string_view key, std::string_view message) = 0;
    /// False once anything in this object or below was reported as an error.
    virtual bool ok() const = 0;
    /// Takes whatever is there, as plugins without parameters do in the reference.
    virtual void ignore_all() = 0;
};

}  // namespace weir
