#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/picker_settings.hpp"
#include "weir/parameters.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling {

/// What a plugin that does not schedule is good for.
enum class settings_role : std::uint8_t {
    source,
    extractor,
    discovery,
    fairness,
    ordering,
    usage_limit,
    eviction_filter,
    eviction_order,
    parser,
};

/// One configured plugin that other rooms act on: its values, of which those of its role count.
struct settings_entry {
    std::string name;
    std::string type;  ///< canonical
    settings_role role = settings_role::source;
    config::span at;
    bool implicit = false;
    config::source_settings source;
    std::string engine_label_key = "llm-d.ai/engine-type";
    std::string default_engine = "vllm";
    std::vector<config::engine_settings> engines;
    config::discovery_settings discovery;
    config::fairness_settings fairness;
    config::ordering_settings ordering;
    config::usage_limit_settings usage_limit;
    config::parser_kind parser = config::parser_kind::openai;
};

struct settings_type {
    std::string_view name;
    settings_role role;
    stability level;
    std::string_view summary;
    void (*read)(parameters&, settings_entry&);
};

std::span<const settings_type> settings_types();

/// The type of that name (older names of extractors included), or null.
const settings_type* find_settings_type(std::string_view name);

}  // namespace weir::scheduling
