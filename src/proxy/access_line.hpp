#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "payload/usage.hpp"
#include "weir/hooks.hpp"

namespace weir::proxy {

/// Where in its life a request ended.
enum class life_phase : std::uint8_t { request, queue, connect, headers, data };

/// How a request ended in HAProxy's two letters: who ended it, and where. `--` is a natural end.
std::string_view end_letters(end_cause cause, life_phase phase, std::string_view reason);

/// What is noted of a request while it runs, only where a line will be written. Kept apart from the
/// transaction, so that a waiting stream does not pay for it.
struct request_notes {
    std::string method;
    std::string path;  ///< the request target as the client sent it
    std::string host;
    std::string traceparent;
    std::vector<std::string> attempts;  ///< addresses, in order
    time_point headers{};               ///< the head was complete; the others likewise
    time_point body{};
    time_point parsed{};
    time_point queued{};    ///< began to wait in a queue
    time_point admitted{};  ///< left it
    time_point picked{};
    time_point answer_head{};
    duration longest_gap{};  ///< between two chunks of the answer
    std::uint32_t candidates = 0;
    std::uint32_t after_filters = 0;
    double score = 0;
    std::optional<double> runner_up;

    void clear();
};

/// One line of the access log (docs/access-log.md). Views live as long as the call; empty views
/// and absent values have no field.
struct access_line {
    std::string_view id;
    std::string client;
    std::string route;
    std::string_view pool;
    std::string endpoint;
    std::string address;
    std::string_view model;
    std::string_view target_model;
    std::string_view objective;
    std::string_view fairness_id;
    int priority = 0;
    bool stream = false;
    int code = 0;
    std::string_view end;
    std::string_view reason;
    std::string_view detail;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    const payload::token_usage* usage = nullptr;
    std::uint32_t chunks = 0;
    int retries = 0;
    std::uint64_t config_version = 0;
    time_point received{};
    time_point first_token{};
    time_point last_byte{};
    time_point ended{};
};

/// The line as JSON, without its end.
std::string to_json(const access_line& line, const request_notes& notes);

}  // namespace weir::proxy
