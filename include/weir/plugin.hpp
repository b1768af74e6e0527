#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "weir/filter.hpp"
#include "weir/hooks.hpp"
#include "weir/parameters.hpp"
#include "weir/picker.hpp"
#include "weir/producer.hpp"
#include "weir/profile_handler.hpp"
#include "weir/scorer.hpp"

namespace weir {

/// Increased when a contract in this folder changes its shape; a shared-library plugin must be
/// built with the same.
inline constexpr std::uint32_t plugin_abi = 4;

class plugin;

/// The other plugins of a configuration, by name.
class plugin_directory {
  public:
    virtual ~plugin_directory() = default;
    /// Null when there is none of that name.
    virtual plugin* find(std::string_view name) const = 0;
    /// The index of the profile of that name, by which decisions speak; `no_profile`: none.
    virtual std::uint32_t profile(std::string_view) const { return no_profile; }

    static constexpr std::uint32_t no_profile = 0xffffffff;
};

/// One configured plugin. It may play several roles; each accessor says whether it plays that one.
/// Created and destroyed on the control thread, shared by all workers in between.
class plugin {
  public:
    plugin() = default;
    plugin(const plugin&) = delete;
    plugin& operator=(const plugin&) = delete;
    virtual ~plugin() = default;

    virtual const filter* as_filter() const { return nullptr; }
    virtual const scorer* as_scorer() const { return nullptr; }
    virtual const picker* as_picker() const { return nullptr; }
    virtual const decider* as_decider() const { return nullptr; }
    virtual profile_handler* as_profile_handler() { return nullptr; }
    virtual producer* as_producer() { return nullptr; }
    virtual gatherer* as_gatherer() { return nullptr; }
    virtual screener* as_screener() { return nullptr; }
    virtual admitter* as_admitter() { return nullptr; }
    virtual request_header_hook* as_request_header_hook() { return nullptr; }
    virtual pre_request_hook* as_pre_request_hook() { return nullptr; }
    virtual response_hook* as_response_hook() { return nullptr; }

    /// Called once when all plugins exist: the place to look up those that were `refer`red to.
    virtual void link(const plugin_directory&) {}
    /// A reload made this plugin anew; `previous` had the same name and type. May take over its
    /// learned state, which the previous one keeps using until its last request is done.
    virtual void adopt(plugin&) {}
    /// Memory for one request at a time, one object a worker; null when none is needed.
    virtual std::unique_ptr<plugin_scratch> make_scratch() const { return nullptr; }

    std::uint32_t index =
        0;  ///< position among the configuration's plugins; the owner of `decision_note`s
};

/// A plugin that plays the given roles: `class my_scorer final : public plugin_of<scorer> {…};`
template <class... Roles>
class plugin_of : public plugin, public Roles... {
    template <class Role>
    static constexpr bool plays = (std::is_same_v<Role, Roles> || ...);
    template <class Role, class Self>
    static Role* role(Self* self) {
        if constexpr (plays<std::remove_const_t<Role>>) {
            return self;
        } else {
            return nullptr;
        }
    }

  public:
    const filter* as_filter() const final { return role<const filter>(this); }
    const scorer* as_scorer() const final { return role<const scorer>(this); }
    const picker* as_picker() const final { return role<const picker>(this); }
    const decider* as_decider() const final { return role<const decider>(this); }
    profile_handler* as_profile_handler() final { return role<profile_handler>(this); }
    producer* as_producer() final { return role<producer>(this); }
    gatherer* as_gatherer() final { return role<gatherer>(this); }
    screener* as_screener() final { return role<screener>(this); }
    admitter* as_admitter() final { return role<admitter>(this); }
    request_header_hook* as_request_header_hook() final { return role<request_header_hook>(this); }
    pre_request_hook* as_pre_request_hook() final { return role<pre_request_hook>(this); }
    response_hook* as_response_hook() final { return role<response_hook>(this); }
};

/// The kinds of data that producers give and others read; each has its home in `producer_data`.
enum class data_kind : std::uint8_t {
    prefix_match,        ///< producer_data::prefix
    latency_prediction,  ///< producer_data::latency
    uncached_tokens,   ///< producer_data::numbers: prompt tokens the endpoint would have to compute
    encoder_match,     ///< producer_data::numbers: share of the multimodal items an endpoint holds,
                       ///< 0..1
    session_id,        ///< producer_data::texts
    agent_identity,    ///< producer_data::texts
    inflight_load,     ///< signal_columns; the slot has no meaning
    tokenized_prompt,  ///< inference_request::prompts; the slot has no meaning
    core_metrics,      ///< the scraped part of signal_columns; the slot has no meaning
    topology,          ///< labels of the endpoints; the slot has no meaning
};

/// Whether the configuration makes sense without the data.
enum class data_need : std::uint8_t { required, optional };

/// What a factory gets beside its parameters.
class plugin_context {
  public:
    virtual ~plugin_context() = default;

    /// The name of this instance (its type unless the configuration names it).
    virtual std::string_view name() const = 0;
    /// The type as configured, which may be an alias.
    virtual std::string_view type() const = 0;
    /// Announces that this plugin reads data of `kind` from the producer of that instance name;
    /// empty: the kind's default producer, which is created when it is required and missing.
    virtual data_slot consume(data_kind kind, std::string_view producer_name, data_need need) = 0;
    /// Announces that this plugin, a producer, fills data of `kind` under its own name.
    virtual data_slot publish(data_kind kind) = 0;
    /// Announces that the parameter `key` names another plugin, which `link` will look up; `role`
    /// is for messages and checked (`decider` is the only one so far; empty: any plugin).
    virtual void refer(parameters& at, std::string_view key, std::string_view plugin_name,
                       std::string_view role) = 0;
};

enum class stability : std::uint8_t { stable, beta, alpha, deprecated };

/// One parameter, for documentation and the generated reference.
struct parameter_doc {
    std::string_view name;
    std::string_view type;      ///< `int`, `float`, `bool`, `string`, `duration`, `object`, `list`
    std::string_view fallback;  ///< default as one would write it, empty when required
    std::string_view meaning;
};

/// A kind of plugin: what its one file exports.
struct plugin_type {
    std::string_view name;  ///< the `type` string of the configuration
    stability level = stability::beta;
    std::string_view summary;
    std::span<const parameter_doc> docs;
    std::span<const std::string_view> aliases;  ///< older type strings that mean the same
    /// Makes one instance; reports through `parameters` and returns null when it cannot.
    std::unique_ptr<plugin> (*make)(parameters&, plugin_context&) = nullptr;
    std::uint32_t abi = plugin_abi;
};

/// A shared library given with `--plugin FILE` exports `extern "C" const weir::plugin_type*
/// weir_plugin_types(std::size_t* count)`: an array that lives as long as the library.
using plugin_types_function = const plugin_type* (*)(std::size_t* count);
inline constexpr const char* plugin_types_symbol = "weir_plugin_types";

}  // namespace weir
