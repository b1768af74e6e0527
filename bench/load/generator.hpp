#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "net.hpp"
#include "response.hpp"

namespace bench {

struct load_settings {
    std::vector<sockaddr_in> targets;  ///< connections take them in turn
    std::string path;
    std::size_t connections = 32;
    double rate = 0;  ///< requests a second at Poisson times (open loop); 0: closed loop
    std::int64_t seconds_ns = 0;  ///< of the measured part
    std::int64_t warmup_ns = 0;
    std::int64_t requests = 0;  ///< the measured part ends after so many; 0: by time alone
    std::size_t body_bytes = 1024;
    bool distinct = false;         ///< every prompt differs from its first bytes on
    std::int64_t chunks = 0;       ///< events wanted of each answer; 0: one JSON body
    std::int64_t interval_us = 0;  ///< between events; 0: as fast as possible
    std::uint64_t seed = 1;
    bool hold = false;   ///< one request a connection, which then stays open and idle
    bool stall = false;  ///< nothing is read behind the first bytes of an answer
};

/// What the measured part saw. Times in nanoseconds.
struct load_result {
    std::int64_t requests = 0;  ///< complete answers with status 2xx
    std::int64_t events = 0;
    std::int64_t reconnects = 0;  ///< connections that ended between requests
    std::int64_t open_streams = 0;
    std::int64_t open_connections = 0;
    std::int64_t backlog = 0;  ///< open loop: arrivals that never found a connection
    std::int64_t elapsed = 0;
    std::map<std::string, std::int64_t> errors;
    std::vector<std::int64_t> latencies;  ///< from the intended start to the end of the answer
    /// From the intended start to the first byte of the body.
    std::vector<std::int64_t> first_events;
    std::vector<std::int64_t> event_delays;  ///< paced streams: from the fake's stamp to here
};

/// Drives connections against the targets on one thread and measures what comes back.
class generator {
  public:
    explicit generator(load_settings settings);

    /// Runs warm-up and measured part; `on_begin` is called between the two.
    load_result run(const std::function<void()>& on_begin);

  private:
    struct connection {
        int fd = -1;
        std::size_t index = 0;
        bool busy = false;  ///< a request is under way
        bool connecting = false;
        std::uint32_t watched = 0;
        std::size_t sent = 0;  ///< bytes of the request written
        std::int64_t intended = 0;
        bool first_seen = false;
        std::int64_t events_seen = 0;
        std::array<char, 16> stamp{};
        response_reader reader;
    };
    struct timed_start {
        std::int64_t at;
        std::size_t index;
        bool operator>(const timed_start& other) const { return at > other.at; }
    };

    void build_request();
    void handle(connection& c, std::uint32_t events);
    void open(connection& c);
    void reopen(connection& c, std::int64_t delay_ns);
    void ready(connection& c);
    void begin_request(connection& c, std::int64_t intended);
    void write_some(connection& c);
    void read_some(connection& c);
    void note_progress(connection& c);
    void finish(connection& c);
    void fail(connection& c, const std::string& why);
    void start_due(std::int64_t now);
    void arrive(std::int64_t now);
    void watch(connection& c, std::uint32_t events);
    std::int64_t until_next(std::int64_t now, std::int64_t limit) const;
    bool enough() const;

    load_settings settings_;
    poller poller_;
    std::vector<connection> connections_;
    std::priority_queue<timed_start, std::vector<timed_start>, std::greater<>> starts_;
    std::vector<std::size_t> idle_;
    std::deque<std::int64_t> waiting_;  ///< intended times of arrivals without a connection
    std::int64_t next_arrival_ = 0;
    std::mt19937_64 random_;
    std::uint64_t prompts_ = 0;
    std::string front_;  ///< head and body up to the stamp
    std::string back_;   ///< body behind the stamp
    std::vector<char> buffer_;
    load_result result_;
};

}  // namespace bench
