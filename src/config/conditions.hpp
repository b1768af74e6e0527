#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "config/model.hpp"

namespace weir::config {

/// The conditions of one status, in the order they were first set.
class condition_list {
  public:
    /// Replaces a condition of the same type.
    void set(std::string_view type, bool status, std::string_view reason, std::string_view message);
    /// Null when it was never set.
    const condition* find(std::string_view type) const;
    const std::vector<condition>& list() const { return list_; }

  private:
    std::vector<condition> list_;
};

/// What Kubernetes writes into `status.parents[].controllerName`.
inline constexpr std::string_view controller_name = "weir.dev/gateway";

/// Writes `"conditions": [...]` into an open object, in the shape of metav1.Condition. There is no
/// clock in a configuration, so lastTransitionTime is always the epoch.
void write_conditions(json_writer& json, const condition_list& conditions);

/// Adds the conditions to the flat list of a status, under the name of a parent or listener ("" for
/// neither).
void append_conditions(resource_status& status, std::string_view under,
                       const condition_list& conditions);

/// Writes `{"apiVersion":"v1","kind":"List","items":[{apiVersion, kind, metadata, status}]}` as a
/// value, as `kubectl get -o json` does.
void write_status_list(json_writer& json, const std::vector<resource_status>& statuses);

}  // namespace weir::config
