#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace weir::sim {

/// What one request was and how it fared; milliseconds. What a test reads to prove where a request
/// ran and why.
struct request_record {
    std::uint64_t number = 0;  ///< in order of arrival, from 1
    double received_ms = 0;    ///< since the server's start
    std::string method;
    std::string path;                                          ///< with its query
    std::vector<std::pair<std::string, std::string>> headers;  ///< as received
    std::string body;                                          ///< the first bytes of it
    std::size_t body_bytes = 0;
    std::string model;
    bool stream = false;
    std::size_t prompt_tokens = 0;
    std::size_t cached_tokens = 0;
    std::size_t output_tokens = 0;
    int priority = 0;
    int status = 0;            ///< 0 while unanswered
    std::string_view outcome;  ///< `stop`, `length`, `abort`, `error`, `fault`; empty while it runs
    double queue_ms = 0;
    double prefill_ms = 0;
    double decode_ms = 0;
    double ttft_ms = 0;
    double total_ms = 0;
};

/// The last records, oldest first.
class request_log {
  public:
    explicit request_log(std::size_t capacity) : capacity_(capacity) {}

    bool enabled() const { return capacity_ != 0; }
    void add(request_record&& r);
    void clear() { records_.clear(); }
    const std::deque<request_record>& records() const { return records_; }

  private:
    std::size_t capacity_;
    std::deque<request_record> records_;
};

void write_record(json_writer& w, const request_record& r);

}  // namespace weir::sim
