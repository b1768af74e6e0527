#pragma once

#include <memory>
#include <string>
#include <vector>

#include "payload/media.hpp"
#include "scheduling/plugin_times.hpp"
#include "scheduling/profile.hpp"
#include "scheduling/scheduler.hpp"

namespace weir::scheduling {

/// How many columns of each sort the producers of a configuration fill.
struct slot_counts {
    std::size_t prefix = 0;
    std::size_t latency = 0;
    std::size_t numbers = 0;
    std::size_t texts = 0;
};

/// One plugin of a pipeline and where it came from.
struct plugin_instance {
    std::string name;
    std::string type;  ///< as configured, maybe an alias
    const plugin_type* kind = nullptr;
    std::unique_ptr<plugin> object;
    bool implicit = false;
    config::span at;     ///< valid while the configuration is being built
    std::string file{};  ///< of `at`; empty: in no file
    std::uint32_t line = 0;
};

struct pipeline_parts {
    std::uint64_t serial = 0;  ///< unique in the process; a workspace knows its pipeline by it
    config::picker_settings settings;
    std::vector<plugin_instance> plugins;
    std::vector<std::string> identity;          ///< `name/type`, element i: plugin i
    std::vector<plugin_summary> other_plugins;  ///< sources, extractors, parsers, policies
    std::vector<profile> profiles;
    std::vector<std::string> profile_names;
    profile_handler* handler = nullptr;
    std::uint32_t handler_index = 0;
    std::vector<player<request_header_hook>> header_hooks;
    std::vector<player<gatherer>> gatherers;
    std::vector<player<screener>> screeners;
    std::vector<player<producer>> producers;  ///< in dependency order
    std::vector<player<admitter>> admitters;
    std::vector<player<pre_request_hook>> pre_request_hooks;
    std::vector<player<response_hook>> response_hooks;
    slot_counts slots;
    std::shared_ptr<plugin_times> times;
    time_slots timed;
    data_slot default_prefix =
        no_slot;  ///< where `approx-prefix-cache-producer` of that name puts its matches
    payload::media_rules media;             ///< of the first token-producer
    std::vector<std::string> headers_read;  ///< by its plugins while they decide
    std::string load_producer;  ///< the plugin that fills decision::charges; empty: none
};

struct workspace_parts {
    std::uint64_t owner = 0;  ///< pipeline_parts::serial
    producer_data data;
    run_buffers buffers;
    std::vector<profile_buffers> profiles;
    std::vector<std::uint32_t> next;
    std::vector<std::uint32_t> candidates;
    std::vector<std::uint8_t> screened;

    /// Fits the buffers to a pipeline; does nothing when they already fit.
    void adapt(const pipeline_parts& to);
};

}  // namespace weir::scheduling
