#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/signal_table.hpp"

namespace weir {
struct endpoint;
}

namespace weir::proxy {

/// Scorers whose scores are written down beside the signals: some know more than the signals say.
constexpr std::size_t kept_scores = 8;

/// What one candidate looked like when it was, or was not, picked.
struct recorded_candidate {
    std::uint32_t endpoint = 0;  ///< index in the pool view of the decision
    bool filtered = false;       ///< left out before scoring
    float waiting = 0;
    float running = 0;
    float age_seconds = 0;
    float inflight = 0;
    float inflight_tokens = 0;
    float matched_blocks = 0;
    double kv_usage = 0;                      ///< scores come from it: not rounded
    double total = 0;                         ///< weighted score
    std::array<float, kept_scores> scores{};  ///< of the first scorers, before clamping
};

/// A prompt's blocks on one endpoint.
struct recorded_match {
    std::uint32_t endpoint = 0;
    float blocks = 0;
};

struct recorded_attempt {
    std::uint32_t endpoint = 0;
    std::int32_t status = 0;  ///< 0: no answer
};

/// The numbers of a decision, as they stand in the ring and in copies of it.
struct decision_numbers {
    std::uint64_t sequence = 0;
    std::int64_t wall_ms = 0;  ///< Unix time
    std::uint64_t runtime_version = 0;
    std::uint64_t view_version = 0;
    std::uint64_t seed = 0;
    std::int32_t priority = 0;
    std::int32_t status = 0;
    std::uint32_t input_tokens = 0;
    float total_blocks = 0;
    float block_tokens = 0;
    float decide_us = 0;
    float first_byte_ms = -1;
    float total_ms = -1;
    bool stream = false;
};

/// One request as readers of the ring get it. Scores are recomputed from the signals when somebody
/// asks.
struct decision_record : decision_numbers {
    std::string request_id;
    std::string pool;
    std::string model;
    std::string target_model;
    std::string objective;
    std::string fairness_id;
    std::string path;
    std::string headers;   ///< that the decision depended on: `name: value` and a line feed each
    std::string endpoint;  ///< `namespace/name` of the pick; empty: none
    std::string endpoint_address;
    std::string reason;  ///< of a refusal
    std::vector<recorded_candidate> candidates;
    /// Of the candidates, only in copies that leave the worker.
    std::vector<std::string> endpoint_names;
    std::vector<recorded_attempt> attempts;
};

/// What is written down when a decision has been made. Views are copied.
struct decision_facts {
    decision_numbers numbers;  ///< `sequence` is the ring's own
    std::string_view request_id;
    std::string_view pool;
    std::string_view model;
    std::string_view target_model;
    std::string_view objective;
    std::string_view fairness_id;
    std::string_view path;
    std::string_view headers;
    const endpoint* picked = nullptr;
    std::size_t candidates = 0;
};

/// What a decision among many candidates was made on; see `decision_ring::add_wide`.
struct wide_facts {
    const signal_columns& signals;
    std::span<const std::uint32_t> candidates;
    std::span<const std::uint32_t> survivors;  ///< of the filters, in the order of the candidates
    std::span<const double> totals;            ///< of the survivors
    const double* matched_blocks = nullptr;    ///< by endpoint; null: nothing known
    double now = 0;                            ///< seconds of the steady clock
};

/// The last decisions of one worker in one piece of memory, which is all the ring ever takes:
/// writing one down allocates nothing and overwrites the oldest. The worker's thread only.
class decision_ring {
  public:
    /// Where a decision stands while it is in the ring.
    struct place {
        std::uint64_t sequence = 0;  ///< 0: nowhere
        std::uint32_t offset = 0;
    };

    explicit decision_ring(std::size_t max_bytes);
    ~decision_ring();
    decision_ring(const decision_ring&) = delete;
    decision_ring& operator=(const decision_ring&) = delete;

    /// Writes a decision down; `candidates` is the room for its candidates, to be filled before the
    /// next call. One that is larger than the ring is not kept and has no room.
    place add(const decision_facts& facts, std::span<recorded_candidate>& candidates);
    /// The same among so many candidates that copying all their signals would cost more than
    /// deciding: what was read is kept as its difference to the decision before. `facts.candidates`
    /// is not used.
    place add_wide(const decision_facts& facts, const wide_facts& read);
    /// From how many candidates on that pays.
    static constexpr std::size_t wide = 64;

    // What became of it; nothing when it has gone. Of many attempts the last ones are kept.
    void note_attempt(place where, recorded_attempt attempt);
    void note_head(place where, std::int32_t status, float first_byte_ms);
    void note_end(place where, std::int32_t status, std::string_view reason, float total_ms);

    /// The newest ones first; of one request when `request_id` is not empty.
    std::vector<decision_record> copy(std::size_t limit, std::string_view request_id) const;

    std::size_t size() const { return count_; }

  private:
    struct entry;
    struct unwinding;

    place write(const decision_facts& facts, std::size_t payload);
    bool write_dump();
    void forget_all();
    static void read_entry(entry& e, decision_record& r);
    entry* at(std::uint32_t offset) const;
    entry* find(place where) const;
    std::uint32_t make_room(std::uint32_t size);
    void drop_oldest();
    void fetch_ahead(std::uint32_t bytes) const;

    std::uint32_t capacity_;
    std::unique_ptr<unsigned char[]> memory_;  ///< pages are the kernel's until they are written
    std::uint32_t begin_ = 0;                  ///< the oldest entry
    std::uint32_t end_ = 0;                    ///< where the next one goes if it fits
    std::uint32_t wrap_;                       ///< where the entries jump back to 0
    std::uint32_t newest_ = 0;
    std::uint64_t next_ = 1;
    std::size_t count_ = 0;
    signal_table table_;  ///< as the newest wide decision read it
    std::vector<signal_change> changes_;
    std::vector<recorded_match> matches_;
};

}  // namespace weir::proxy
