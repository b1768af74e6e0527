#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "config/resources.hpp"

/// Reading typed fields out of a tree, with the path of each for messages. Every reader reports
/// what is wrong with the value and then returns nothing, so that parsers read on and one pass
/// finds every mistake.
namespace weir::config {

/// Where the findings of one object go; an error marks the object invalid.
class report {
  public:
    report(findings& found, bool& valid) : found_(found), valid_(valid) {}

    finding& error(std::string_view code, std::string_view message, const span& at) {
        valid_ = false;
        return found_.error(code, message, at);
    }
    finding& warning(std::string_view code, std::string_view message, const span& at) {
        return found_.warning(code, message, at);
    }
    finding& note(std::string_view code, std::string_view message, const span& at) {
        return found_.note(code, message, at);
    }
    findings& found() { return found_; }

  private:
    findings& found_;
    bool& valid_;
};

/// A chain of names towards the root, kept on the stack and spelled out only for a message.
struct field_path {
    const field_path* up = nullptr;
    std::string_view name;
    std::ptrdiff_t index = -1;  ///< of a list item; -1 for a named field

    std::string str() const;  ///< `spec.rules[0].matches`
};

/// One value at a path, or its absence (a null counts as absent).
class field {
  public:
    field(report& to, const node* value, const field_path& path, const span& around)
        : report_(&to),
          value_(value != nullptr && value->is_null() ? nullptr : value),
          path_(path),
          around_(around) {}

    explicit operator bool() const { return value_ != nullptr; }
    const node* value() const { return value_; }
    const field_path& path() const { return path_; }
    report& reports() const { return *report_; }
    /// The place of the value, of what surrounds it when absent.
    const span& at() const { return value_ != nullptr ? value_->at : around_; }

    std::optional<text> string() const;
    /// A text of `min` to `max` bytes.
    std::optional<text> string(std::size_t min, std::size_t max) const;
    std::optional<text> choice(std::initializer_list<std::string_view> allowed) const;
    std::optional<located<std::int64_t>> integer(std::int64_t min, std::int64_t max) const;
    std::optional<located<std::uint16_t>> port() const {
        return narrow<std::uint16_t>(integer(1, 65535));
    }
    std::optional<located<bool>> boolean() const;
    /// A mapping of texts; values of other types are errors.
    std::vector<named_value> strings() const;

    /// Whether the value is a mapping or a list; anything else but an absent value is reported. A
    /// plain text where a mapping should be is most likely its field `main`.
    bool is_mapping(std::string_view main = {}) const;
    bool is_list(std::size_t min, std::size_t max) const;

    /// Calls `each(field)` for the items of a list of `min` to `max` items.
    template <class Each>
    void items(std::size_t min, std::size_t max, Each&& each) const {
        if (!is_list(min, max)) return;
        for (std::size_t i = 0; i < value_->items.size(); ++i) {
            const field item(*report_, &value_->items[i],
                             {&path_, {}, static_cast<std::ptrdiff_t>(i)}, value_->items[i].at);
            if (item) {
                each(item);
            } else {
                item.wrong_type("a value");
            }
        }
    }

    /// `<path> <what>`, as in `spec.port must be a number`.
    finding& error(std::string_view code, std::string_view what) const;
    finding& wrong_type(std::string_view expected) const;

    template <class To, class From>
    static std::optional<located<To>> narrow(const std::optional<located<From>>& v) {
        if (!v) return std::nullopt;
        return located<To>{static_cast<To>(v->value), v->at};
    }

  private:
    report* report_;
    const node* value_;
    field_path path_;
    span around_;
};

/// The fields of a mapping. Outlives the fields taken from it.
class object {
  public:
    /// Reports fields that are not in `known`; an empty list knows everything. `main` as in
    /// `field::is_mapping`.
    object(const field& from, std::initializer_list<std::string_view> known,
           std::string_view main = {});
    object(const object&) = delete;
    object& operator=(const object&) = delete;

    /// Whether there is a mapping at all.
    explicit operator bool() const { return value_ != nullptr; }
    const span& at() const { return at_; }
    const field_path& path() const { return path_; }
    report& reports() const { return *report_; }
    const node* value() const { return value_; }

    field operator[](std::string_view name) const;
    /// The field; when it is missing and no misspelling of it was found, that is reported.
    field need(std::string_view name) const;
    /// The key of a field that is there.
    span key_at(std::string_view name) const;
    bool has(std::string_view name) const { return static_cast<bool>((*this)[name]); }
    /// Whether something stands under the name, or under a misspelling of it. After a list came out
    /// empty this tells one that could not be read from one that was left out.
    bool is_written(std::string_view name) const;

    /// A finding about the whole mapping: `<path>: <what>`.
    finding& error(std::string_view code, std::string_view what) const;

  private:
    void check_known(std::initializer_list<std::string_view> known);

    report* report_;
    const node* value_;
    field_path path_;
    span at_;
    std::vector<std::string_view> meant_;  ///< known names that unknown ones were close to
};

/// "the number 8000", "the text \"x\"", "a list", … for messages.
std::string describe(const node& value);

/// Labels sorted by key; values that are not texts are reported as `not_texts` says, since a
/// cluster refuses them. Nothing is said of metadata, which is not weir's to judge.
label_list read_labels(const field& from, std::optional<severity> not_texts = std::nullopt);
/// A label selector with matchLabels and matchExpressions.
label_selector read_selector(const field& from);
/// Checks the grammar of label keys and values.
void check_labels(const field& from);

}  // namespace weir::config
