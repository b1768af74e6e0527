#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/schema.hpp"

namespace weir::config {

enum class kind_id : std::uint8_t {
    gateway,
    gateway_class,
    http_route,
    reference_grant,
    pool,
    objective,
    model_rewrite,
    inference_model,
    picker_config,
    pod,
    service,
    secret,
    name_space,
    config_map,
    endpoint_slice,
    skipped,  ///< weir does not read it
};

struct kind_info {
    std::string_view group;
    std::string_view kind;
    std::string_view versions;  ///< separated by spaces
    kind_id id = kind_id::skipped;
    bool cluster_scoped = false;
};

/// Finds the kind of an object by group, version and kind. What looks like a mistake (a misspelled
/// kind in a known group, a wrong version, a known kind in the wrong group) is a warning and
/// skipped; what belongs to others is skipped silently.
kind_info identify(const metadata& meta, const field& api_version, const field& kind);

/// What `apiVersion` may say for objects of that kind, the newest group first.
std::vector<std::string> api_versions_of(std::string_view kind);

}  // namespace weir::config
