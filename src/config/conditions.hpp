#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "config/model.hpp"

namespace weir::config {

/// What Kubernetes writes into `status.parents[].controllerName`.
inline constexpr std::string_view controller_name = "weir.dev/gateway";

/// The object under `status`, as Kubernetes writes it.
void write_status(json_writer& json, const resource_status& status);

/// Writes `{"apiVersion":"v1","kind":"List","items":[{apiVersion, kind, metadata, status}]}` as a
/// value, as `kubectl get -o json` does.
void write_status_list(json_writer& json, const std::vector<resource_status>& statuses);

/// Calls `each(of, condition)` for every condition; `of` is the listener, the parent as
/// `namespace/name[/section]`, or empty.
void each_condition(const resource_status& status,
                    const std::function<void(std::string_view, const condition&)>& each);

}  // namespace weir::config
