#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/snapshot.hpp"
#include "http/address.hpp"
#include "weir/endpoint.hpp"
#include "weir/signals.hpp"

namespace weir::datalayer {

/// Why an endpoint is, or is not, a candidate.
enum class endpoint_health : std::uint8_t {
    ready,
    not_ready,
    down,
    ejected,
    draining,
    loading,
    asleep
};
inline constexpr std::size_t endpoint_health_count = 7;

/// The word of an endpoint_health in logs and admin answers: `ready`, `not_ready`, ….
std::string_view to_string(endpoint_health h);

/// Custom signals a pool can have; further ones are not read.
inline constexpr std::size_t max_attributes = 8;

/// A cell of each custom signal, NaN until a page had it. Which is which says
/// `pool_view::attribute_keys`.
struct attribute_cells {
    std::array<std::atomic<double>, max_attributes> values;
    attribute_cells() { clear(); }
    void clear() {
        for (auto& v : values) v.store(std::numeric_limits<double>::quiet_NaN());
    }
};

/// What is known and counted about one endpoint. Lives as long as anyone refers to it and survives
/// reloads by identity; two threads never write one cache line of it at a high rate.
class endpoint_state {
  public:
    explicit endpoint_state(std::uint64_t number) : serial(number) {}

    const std::uint64_t serial;  ///< unique in the process; the key of upstream connections

    // Scraped: written by the control thread, read by workers.
    alignas(64) std::atomic<double> waiting{0};
    std::atomic<double> running{0};
    std::atomic<double> kv_usage{0};
    std::atomic<std::int64_t> updated_ns{0};  ///< steady clock; 0: no good scrape yet
    std::atomic<std::uint32_t> block_size{0};
    std::atomic<std::uint32_t> block_count{0};
    std::atomic<double> staleness_floor{0};  ///< seconds, 3 × the current scrape period
    std::atomic<const lora_state*> lora{
        nullptr};  ///< kept alive by the data layer while views exist
    attribute_cells attributes;

    // Counted: written by the workers that use this endpoint.
    alignas(64) std::atomic<std::int64_t> inflight_requests{0};
    std::atomic<std::int64_t> inflight_tokens{0};
    std::atomic<std::uint32_t> connect_failures{0};  ///< in a row
    std::atomic<std::uint32_t> server_errors{0};     ///< 5xx answers in a row
    std::atomic<endpoint_health> health{endpoint_health::ready};
    /// Of what was scraped. It stands on this line because readers come here for every request;
    /// what has not changed they need not fetch.
    std::atomic<std::uint32_t> scraped_version{1};
    std::atomic<std::uint64_t> picks{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::int64_t> returned_ns{
        0};  ///< steady clock; when its slow start began, 0: none under way

    /// After anything scraped has been written (control thread): readers look at it again.
    void scraped_changed() { scraped_version.fetch_add(1, std::memory_order_release); }
};

/// What one reader found last time in the columns it keeps: only changes are fetched again.
class read_memory {
  public:
    /// Whoever wrote into the columns says so.
    void forget() { seen_.clear(); }

  private:
    friend struct pool_view;
    std::uint64_t view_ = 0;           ///< its version
    std::vector<std::uint32_t> seen_;  ///< endpoint_state::scraped_version
    std::vector<std::int64_t> updated_ns_;
};

/// The endpoints of a pool as one immutable list. Element i of every list belongs to endpoint i.
struct pool_view {
    std::vector<endpoint> endpoints;
    std::vector<std::shared_ptr<endpoint_state>> states;
    std::vector<http::address> addresses;
    /// Of the custom signals, in the order of their cells. A cell never changes its meaning: keys
    /// are only added.
    std::vector<std::string> attribute_keys;
    std::uint64_t version = 0;  ///< changes when the list does
    /// What `endpoint_state::lora` may point at while this view lives.
    std::shared_ptr<const void> kept;

    std::size_t size() const { return endpoints.size(); }

    /// Copies the signals of all endpoints into `out` and the indexes of those that are ready into
    /// `candidates`. An endpoint that came back a moment ago is left out while it has its share of
    /// requests already (slow start), unless that would leave nothing. Any thread.
    void read(time_point now, signal_columns& out, std::vector<std::uint32_t>& candidates) const;
    /// The same for a reader that keeps its columns, and `known` with them, from request to
    /// request.
    void read(time_point now, signal_columns& out, std::vector<std::uint32_t>& candidates,
              read_memory& known) const;

  private:
    void prepare(signal_columns& out, read_memory& known) const;
    void read_attributes(signal_columns& out) const;
};

/// Seconds. A scrape may take as long as that: until then an old number is better than none.
inline constexpr double trusted_age = 1;

/// Makes candidates whose data are older than `limit` seconds (than `trusted_age` and their own
/// floor, too) look fully loaded: as the worst of the others, with a full cache. When all are that
/// old, the requests this gateway has under way at each stand in for what they said. True when it
/// changed anything. Any thread.
bool distrust_stale(signal_columns& signals, std::span<const std::uint32_t> candidates,
                    double limit);

/// How long an endpoint that came back is eased in.
inline constexpr duration slow_start_window = std::chrono::seconds(10);

}  // namespace weir::datalayer
