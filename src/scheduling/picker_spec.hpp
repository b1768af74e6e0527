#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace weir::scheduling {

/// A plugin's name where the document mentions it.
struct plugin_ref {
    std::string name;
    config::span at;
};

struct plugin_entry {
    std::string name;
    std::string type;
    const config::node* parameters = nullptr;  ///< null: absent
    config::span at;                           ///< the whole entry
    config::span type_at;
    config::span name_at;
};

struct profile_plugin {
    plugin_ref ref;
    std::optional<double> weight;
};

struct profile_entry {
    std::string name;
    std::vector<profile_plugin> plugins;
    config::span at;
    config::span name_at;
};

struct source_entry {
    plugin_ref ref;
    std::vector<plugin_ref> extractors;
};

/// The envelope of an EndpointPickerConfig, fields checked, references not yet followed.
struct picker_spec {
    std::shared_ptr<const config::node> root;  ///< keeps `parameters` alive
    bool old_group = false;  ///< apiVersion of the old group: unknown parameters were allowed
    bool flow_control_gate = false;
    bool ha_gate = true;
    std::vector<plugin_entry> plugins;
    std::vector<profile_entry> profiles;
    bool inject_data_defaults = true;
    std::vector<source_entry> sources;
    std::optional<plugin_ref> discovery;
    std::optional<plugin_ref> peer_discovery;
    std::optional<plugin_ref> syncer;
    std::optional<config::node> sync_interval;
    const config::node* flow_control = nullptr;
    /// FlowControl.saturationDetector, else the older top-level field.
    std::optional<plugin_ref> detector;
    std::vector<plugin_ref> parsers;  ///< requestHandler.parsers, else the older `parser`
    config::span at;                  ///< the document
};

/// Reads the envelope strictly (unknown fields are errors, names are case-sensitive).
picker_spec read_picker_spec(std::shared_ptr<const config::node> root, config::findings& found);

}  // namespace weir::scheduling
