#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/snapshot.hpp"
#include "config/model.hpp"
#include "datalayer/endpoint_list.hpp"
#include "datalayer/health.hpp"
#include "datalayer/own_sockets.hpp"
#include "datalayer/pool.hpp"

namespace weir::datalayer {

/// The living endpoints of one pool: sources in, immutable views out. Owned by the control thread;
/// only `views()` and what it publishes belong to everyone. Outlives reloads: the same pool gets
/// the new sources.
class endpoint_pool {
  public:
    /// One endpoint as the control thread knows it.
    struct member {
        listed_endpoint listed;
        std::shared_ptr<endpoint_state> state;
        health_record health;
        endpoint_health said = endpoint_health::ready;  ///< the state last written to the log
    };

    endpoint_pool(std::string name_space, std::string name);
    endpoint_pool(const endpoint_pool&) = delete;
    endpoint_pool& operator=(const endpoint_pool&) = delete;

    const std::string& name() const { return name_; }
    const std::string& name_space() const { return name_space_; }
    std::string id() const { return name_space_ + "/" + name_; }

    /// Leaves out endpoints that are weir's own sockets, whoever names them.
    void keep_off(std::shared_ptr<const own_sockets> own) { own_ = std::move(own); }

    /// Replaces what one origin says. An endpoint keeps its state while its identity
    /// (namespace/name and ip:port) stays; the same name at another address starts afresh.
    /// Publishes a view when something changed.
    void set_sources(endpoint_origin origin, std::vector<config::endpoint_source> sources,
                     time_point now);

    /// The resolver's newest answer for a name; an empty one removes its endpoints.
    void set_addresses(const std::string& host, std::vector<std::string> ips, time_point now);
    /// The DNS names in use.
    std::set<std::string> host_names() const;

    /// Makes room for custom signals; those known already keep their place.
    void add_attributes(const std::vector<std::string>& keys);
    /// The cell of a custom signal; `max_attributes` when it has none.
    std::size_t attribute_cell(std::string_view key) const;

    // Changes by the administrator, kept until undone or the process ends.
    /// True for a source that would be left out as weir's own socket; a name other than localhost
    /// is not looked up for it.
    bool is_own(const config::endpoint_source& source) const;
    /// Adds one (or replaces the identity, and undoes its removal).
    void admin_add(config::endpoint_source source, time_point now);
    /// False when no endpoint has that `namespace/name`.
    bool admin_remove(std::string_view id, time_point now);
    bool admin_drain(std::string_view id, bool draining, time_point now);

    /// Any thread may read it. Never null.
    const snapshot<pool_view>& views() const { return views_; }

    /// In the order of the current view. Stable until sources change.
    const std::vector<std::unique_ptr<member>>& members() const { return members_; }
    std::uint64_t version() const { return version_; }

    void configure(const health_options& options) { health_options_ = options; }
    const health_options& health() const { return health_options_; }
    void step_health(time_point now);
    /// What the page of `m` says of its engine: `datalayer::note_sleep`.
    void note_sleep(member& m, bool asleep, time_point now);

    /// Publishes what an endpoint says about its adapters; the old value lives as long as any view
    /// of its time.
    void publish_lora(endpoint_state& state, lora_state value);

  private:
    struct lora_era;

    void rebuild(time_point now);
    void publish();
    bool leaves_out(const listed_endpoint& e);
    std::shared_ptr<endpoint_state> state_of(const std::string& key);

    static constexpr std::size_t era_size = 512;

    std::string name_space_;
    std::string name_;
    health_options health_options_;
    std::array<std::vector<config::endpoint_source>, endpoint_origin_count> sources_;
    address_book book_;
    std::shared_ptr<const own_sockets> own_;
    std::set<std::string> own_said_;  ///< authorities the log has been told of
    std::set<std::string, std::less<>> removed_;
    std::set<std::string, std::less<>> drained_;
    std::vector<std::unique_ptr<member>> members_;
    std::vector<health_subject> subjects_;
    std::unordered_map<std::string, std::weak_ptr<endpoint_state>> known_;
    std::shared_ptr<lora_era> era_;
    std::vector<std::string> attribute_keys_;
    std::uint64_t version_ = 0;
    snapshot<pool_view> views_;
};

}  // namespace weir::datalayer
