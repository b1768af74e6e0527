#pragma once

#include "datalayer/engine_mapping.hpp"
#include "datalayer/fetch.hpp"
#include "payload/json_index.hpp"

namespace weir::datalayer {

/// Learns what bounds a server that publishes no KV metric: its slots, its tokens. Asked once a
/// life of the server; a server that does not tell is asked again now and then. Control thread.
class capacity_reader {
  public:
    static constexpr duration retry = std::chrono::seconds(30);

    /// `key` is the endpoint's in `connections`.
    capacity_reader(http::event_loop& loop, http::client_pool& connections, std::uint64_t key,
                    payload::json_index& scratch);

    /// A page of the server was read: ask, if it is time to.
    void tick(const capacity_page& page, const http::address& where);
    /// The server went away; its successor may be another.
    void forget();

    double value() const { return value_; }  ///< 0: not known

  private:
    void take(const fetch::outcome& o);

    http::event_loop& loop_;
    payload::json_index& scratch_;
    std::string key_;
    double value_ = 0;
    time_point next_{};
    fetch question_;
};

}  // namespace weir::datalayer
