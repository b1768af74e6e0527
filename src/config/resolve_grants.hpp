#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/resources.hpp"

namespace weir::config {

/// Who refers to something in another namespace.
struct grant_from {
    std::string_view group;
    std::string_view kind;
    std::string_view name_space;
};

/// What is referred to.
struct grant_to {
    std::string_view group;
    std::string_view kind;
    std::string_view name_space;
    std::string_view name;
};

/// Answers whether a reference across namespaces is allowed. Groups and kinds are compared exactly;
/// `from` and `to` must stand in one grant, in the namespace of the target (Gateway API
/// ReferenceGrant).
class grant_index {
  public:
    explicit grant_index(const std::vector<reference_grant_resource>& grants);
    bool allows(const grant_from& from, const grant_to& to) const;

  private:
    std::unordered_map<std::string, std::vector<const reference_grant_resource*>> by_referrer_;
};

/// A ReferenceGrant that would allow it, as YAML on one line for a help text.
std::string grant_example(const grant_from& from, const grant_to& to);

}  // namespace weir::config
