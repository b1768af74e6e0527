#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/pin.hpp"
#include "base/text_stock.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"
#include "payload/error_body.hpp"
#include "payload/json_index.hpp"
#include "payload/request.hpp"
#include "proxy/access_log.hpp"
#include "proxy/answer_filters.hpp"
#include "proxy/decision_ring.hpp"
#include "proxy/flow_waits.hpp"
#include "proxy/mirror.hpp"
#include "proxy/runtime.hpp"
#include "proxy/telemetry.hpp"
#include "scheduling/scheduler.hpp"
#include "weir/random.hpp"

namespace weir::proxy {

/// What the command line says about requests. Constant while the process runs.
struct proxy_settings {
    std::size_t max_body = std::size_t{64} << 20;
    duration first_byte_timeout{};  ///< 0: off, as the two below
    duration stream_idle_timeout{};
    duration request_timeout{};
    payload::error_format errors = payload::error_format::automatic;
    bool expose_routing = false;
    unsigned eject_after = 0;  ///< failed answers in a row; 0: never
    /// Any worker's thread: an endpoint has just reached that number.
    std::function<void()> judge_endpoints;
    std::size_t ring_bytes = std::size_t{16} << 20;  ///< of this worker
};

/// A worker's cached view of a pool's model lists.
class model_reader {
  public:
    /// Null while nobody needed the lists. Valid until the next call.
    const datalayer::model_view* get(const snapshot<datalayer::model_view>& source) {
        if (const auto version = source.version(); version != version_) {
            value_ = source.load();
            version_ = version;
        }
        return value_.get();
    }

  private:
    std::shared_ptr<const datalayer::model_view> value_;
    std::uint64_t version_ = 0;
};

/// What a worker keeps for each pool it has seen: its scratch memory and its view of the endpoints.
struct pool_slot {
    explicit pool_slot(const snapshot<datalayer::pool_view>& source) : view(source) {}

    pinned_reader<datalayer::pool_view> view;
    model_reader models;
    scheduling::workspace scratch;
    signal_columns signals;
    std::vector<std::uint32_t> candidates;
    datalayer::read_memory known;  ///< of `signals`

    /// The signals of `from` as they are now.
    void read(const datalayer::pool_view& from, time_point now) {
        from.read(now, signals, candidates, known);
    }
};

class transaction;

/// Everything one worker thread owns for requests. Its thread only, but for the constructor.
class worker {
  public:
    worker(http::event_loop& loop, const snapshot<runtime>& source, const proxy_settings& settings,
           const http::client_options& client, label_caps& caps, std::uint64_t seed,
           std::uint32_t number, access_log* log);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// The slot of a pool or Service by its serial; made at first use.
    pool_slot& slot(std::uint64_t serial, const snapshot<datalayer::pool_view>& source);
    /// Forgets slots and idle connections of pools that are in no snapshot any more.
    void sweep();

    transaction& take();
    void give(transaction& t);
    /// Ends every request that is under way, as far as its client can still be told.
    void cut_all();

    void make_request_id(std::string& out);
    /// Unix time in milliseconds, by the loop's time of the current batch.
    std::int64_t wall_ms();

    http::event_loop& loop;
    pinned_reader<runtime> current;
    const proxy_settings& settings;
    http::client_pool clients;
    payload::request_scanner scanner;
    payload::request_facts facts;
    payload::json_index json;         ///< scratch of readers of answers
    std::vector<http::field> fields;  ///< scratch: the fields of an answer on its way to the client
    answer_filters filters;           ///< scratch: what the rule does to that answer
    std::vector<header_change> changes;  ///< scratch: what plugins add to an answer
    std::vector<header_field> headers;   ///< scratch: the request's fields, names lower-cased
    std::string transformed;             ///< scratch: bytes of an answer that were rewritten
    std::string header_names;            ///< scratch behind `headers`
    text_stock heads;                    ///< memory for upstream heads
    std::string spare_text;              ///< memory for the next answer that is read for its usage
    random_source random;
    telemetry numbers;
    mirror_calls mirrors;
    flow_waits flows;
    decision_ring ring;
    access_log* log;             ///< null: off
    const std::uint32_t number;  ///< of this worker, from 0
    bool draining = false;
    std::uint64_t active = 0;  ///< requests under way

  private:
    duration wall_offset_{};  ///< wall clock minus the loop's; a new look at both each second
    time_point wall_known_until_{};
    std::unordered_map<std::uint64_t, std::unique_ptr<pool_slot>> slots_;
    std::uint64_t last_serial_ = 0;
    pool_slot* last_slot_ = nullptr;
    std::vector<std::unique_ptr<transaction>> all_;
    std::vector<transaction*> free_;
};

}  // namespace weir::proxy
