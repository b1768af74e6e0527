#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scheduling/data_graph.hpp"
#include "scheduling/picker_spec.hpp"
#include "scheduling/pipeline_parts.hpp"
#include "scheduling/settings_types.hpp"

namespace weir::scheduling {

/// Makes the plugins of one configuration, reports what is wrong with them, and knows them by name.
class plugin_builder final : public plugin_directory {
  public:
    plugin_builder(const picker_spec& spec, config::findings& found) : spec_(spec), found_(found) {}

    /// Every entry of `plugins`: types, names, parameters.
    void make_listed();
    /// A plugin that nobody wrote down, under its type's name; null when the type is unknown or
    /// needs parameters.
    plugin_instance* make_implicit(std::string_view type);
    settings_entry* make_implicit_settings(std::string_view type);
    /// Creates the default producers of required data until nothing is missing; reports data
    /// without a producer.
    void make_missing_producers();
    /// Follows the references between plugins: unknown names, wrong roles, cycles; then links them.
    void link_references();

    plugin* find(std::string_view name) const override;
    std::uint32_t profile(std::string_view name) const override;
    void set_profiles(std::vector<std::string> names) { profile_names_ = std::move(names); }
    plugin_instance* instance(std::string_view name);
    settings_entry* settings(std::string_view name);
    /// A name that an entry carries, even when that entry is broken (its own finding is enough).
    bool is_known(std::string_view name) const;
    bool is_broken(std::string_view name) const { return broken_.contains(name); }
    std::vector<std::string_view> names() const;

    std::vector<plugin_instance>& plugins() { return plugins_; }
    std::vector<settings_entry>& settings_entries() { return settings_; }
    data_graph& graph() { return graph_; }

  private:
    friend class build_context;

    struct reference {
        std::uint32_t from = 0;
        std::string key;
        std::string to;
        std::string role;
        config::span at;
    };

    void make_entry(const plugin_entry& entry);
    void make_settings_entry(const plugin_entry& entry, const settings_type& type, bool implicit);
    plugin_instance* make_plugin(const plugin_entry& entry, const plugin_type& type, bool implicit);
    void note_maturity(std::string_view type, stability level, std::string_view replacement,
                       const config::span& at);
    config::span place_of_producer_name(std::uint32_t plugin, std::string_view producer) const;
    bool reaches(std::uint32_t from, std::uint32_t target, std::set<std::uint32_t>& seen) const;

    const picker_spec& spec_;
    config::findings& found_;
    std::vector<plugin_instance> plugins_;
    std::vector<const config::node*> parameters_;  ///< element i: of plugin i
    std::vector<settings_entry> settings_;
    std::set<std::string, std::less<>> broken_;
    std::vector<reference> references_;
    std::vector<std::string> profile_names_;
    data_graph graph_;
};

}  // namespace weir::scheduling
