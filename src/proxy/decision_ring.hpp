#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace weir::proxy {

/// What one candidate looked like when it was, or was not, picked.
struct recorded_candidate {
    std::uint32_t endpoint = 0;  ///< index in the pool view of the decision
    float waiting = 0;
    float running = 0;
    float kv_usage = 0;
    float age_seconds = 0;
    float inflight = 0;
    float matched_blocks = 0;
    float total = 0;  ///< weighted score
};

struct recorded_attempt {
    std::uint32_t endpoint = 0;
    std::int32_t status = 0;  ///< 0: no answer
};

/// One request as the ring keeps it. Scores are recomputed from the signals when somebody asks.
struct decision_record {
    std::uint64_t sequence = 0;
    std::int64_t wall_ms = 0;  ///< Unix time
    std::uint64_t runtime_version = 0;
    std::uint64_t view_version = 0;
    std::uint64_t seed = 0;
    std::string request_id;
    std::string pool;
    std::string model;
    std::string target_model;
    std::string objective;
    std::string fairness_id;
    std::string path;
    std::string endpoint;  ///< `namespace/name` of the pick; empty: none
    std::string endpoint_address;
    std::string reason;  ///< of a refusal
    std::int32_t priority = 0;
    std::int32_t status = 0;
    std::uint32_t input_tokens = 0;
    float total_blocks = 0;
    float block_tokens = 0;
    float decide_us = 0;
    float first_byte_ms = -1;
    float total_ms = -1;
    bool stream = false;
    std::vector<recorded_candidate> candidates;
    std::vector<std::string>
        endpoint_names;  ///< of the candidates, only in copies that leave the worker
    std::vector<recorded_attempt> attempts;

    std::size_t bytes() const;
};

/// The last decisions of one worker, bounded by bytes. The worker's thread only.
class decision_ring {
  public:
    explicit decision_ring(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    /// An empty record to fill, recycled from the oldest when the ring is full; owned by the ring.
    /// Its memory counts once `keep` is called. Valid until the next `add`.
    decision_record& add();
    void keep(decision_record& record);
    /// The record of that sequence number, or null when it has gone.
    decision_record* find(std::uint64_t sequence);
    const std::deque<decision_record>& records() const { return records_; }

  private:
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::uint64_t next_ = 1;
    std::deque<decision_record> records_;
    decision_record spare_;
};

}  // namespace weir::proxy
