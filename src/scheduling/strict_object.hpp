#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace weir::scheduling {

/// An object of the envelope: exact field names, unknown ones reported with the nearest valid name.
/// Every getter takes an absent or null field for "not given".
class strict_object {
  public:
    /// `value` null, absent or not a mapping (reported) reads as empty. `path` names it in
    /// messages.
    strict_object(const config::node* value, std::string path, config::findings& found,
                  std::initializer_list<std::string_view> allowed);

    bool given() const { return value_ != nullptr; }
    const config::node* get(std::string_view key) const;
    std::optional<std::string> text(std::string_view key) const;
    std::optional<double> number(std::string_view key) const;
    std::optional<bool> boolean(std::string_view key) const;
    /// The items of a list; empty when absent.
    std::vector<const config::node*> items(std::string_view key) const;
    /// Where the field's value is, else the object.
    config::span at(std::string_view key) const;
    config::span at() const;
    std::string path(std::string_view key) const;

  private:
    void wrong(const config::node& value, std::string_view key, std::string_view expected) const;

    const config::node* value_ = nullptr;
    std::string path_;
    config::findings* found_;
    config::span at_;
};

}  // namespace weir::scheduling
