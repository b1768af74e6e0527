#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "sim/block_cache.hpp"
#include "sim/lora_slots.hpp"
#include "weir/random.hpp"

namespace weir::sim {

enum class queue_policy : std::uint8_t { fcfs, priority };

/// The shape and speed of one simulated engine.
struct engine_options {
    std::size_t max_num_seqs = 256;             ///< sequences in one batch
    std::size_t max_num_batched_tokens = 2048;  ///< tokens of one step, prefill and decode together
    std::size_t block_size = 16;                ///< tokens per KV block
    std::size_t num_blocks = 8192;              ///< KV blocks in all
    bool prefix_caching = true;
    duration step_base = std::chrono::milliseconds(8);  ///< of every step: the inter-token time
    duration prefill_token =
        std::chrono::microseconds(100);                   ///< per uncached prompt token in a step
    duration decode_seq = std::chrono::microseconds(50);  ///< per decoding sequence in a step
    double jitter = 0;  ///< standard deviation of a step's time, as a share of it
    queue_policy policy = queue_policy::fcfs;
    std::size_t max_queued = 0;  ///< waiting sequences beyond which one is refused; 0 no limit
    std::size_t max_loras = 4;
    duration lora_load = std::chrono::milliseconds(200);
    std::uint64_t seed = 0;
};

/// What one sequence asks of the engine. Content is known to the engine by hashes only.
struct sequence {
    std::uint64_t tag = 0;          ///< the caller's own; comes back in every event
    std::size_t prompt_tokens = 0;  ///< at least 1
    std::size_t output_tokens = 1;  ///< at least 1
    int priority = 0;               ///< lower goes first, with `queue_policy::priority` only
    lora_slots::adapter lora = 0;
    /// Chained hashes of the full blocks that prompt and output will fill, in order; may be
    /// shorter.
    std::vector<std::uint64_t> block_hashes;
};

struct engine_event {
    enum class kind : std::uint8_t {
        admitted,  ///< left the queue for the first time; `value` prompt tokens came from the cache
        token,     ///< `value` output tokens so far
        finished,  ///< follows the last token
        preempted,  ///< back to the queue, all blocks lost
        step,       ///< a step that computed `value` tokens has ended; no tag
    };
    std::uint64_t tag = 0;
    time_point at{};
    std::uint32_t value = 0;
    kind what = kind::token;
};

enum class submit_outcome : std::uint8_t { accepted, queue_full, too_long };

/// Totals since the start; all only grow.
struct engine_counters {
    std::uint64_t steps = 0;
    std::uint64_t prompt_tokens = 0;  ///< of admitted sequences, cached ones included
    std::uint64_t cached_tokens = 0;
    std::uint64_t generated_tokens = 0;
    std::uint64_t recomputed_tokens = 0;
    std::uint64_t preemptions = 0;
    std::uint64_t refused = 0;
};

/// One inference engine as a deterministic step function: continuous batching with chunked prefill,
/// a block cache, preemption by recomputation, LoRA slots. Reads no clock and does no I/O: the
/// caller brings the time, and the same calls with the same seed give the same events. Times passed
/// in never go back.
class engine {
  public:
    using handle = std::uint64_t;

    explicit engine(const engine_options& options);

    /// When `advance` has something to do next; nothing while the engine is idle.
    std::optional<time_point> next() const;
    /// Completes every step that ends until `now`, appending what happened to `out` in order.
    void advance(time_point now, std::vector<engine_event>& out);

    /// A sequence arrives at `now` (after `advance(now)`); `id` names it to `abort` until it has
    /// finished. Events of a step begun here go to `out`.
    submit_outcome submit(sequence&& s, time_point now, handle& id, std::vector<engine_event>& out);
    /// The caller lost interest; no events follow. False when `id` is finished or unknown.
    bool abort(handle id, time_point now, std::vector<engine_event>& out);

    std::size_t running() const { return running_.size(); }
    std::size_t waiting() const { return waiting_.size(); }
    /// Waiting for an adapter rather than for capacity.
    std::size_t deferred() const { return deferred_; }
    /// Prompt tokens of waiting sequences that the cache does not hold now.
    std::size_t waiting_uncached_tokens() const;
    const block_cache& cache() const { return cache_; }
    /// Prompt tokens that sequences here have yet to compute, as far as the cache knows today.
    std::size_t prefill_ahead() const;
    std::size_t resident_loras() const { return loras_.used(); }
    bool holds_lora(lora_slots::adapter a) const { return loras_.resident(a); }
    /// Forgets all reusable content.
    void reset_cache() { cache_.clear(); }
    const engine_counters& counters() const { return counters_; }
    /// Visits the adapters of waiting (`true`) or running sequences, with repetitions.
    template <class F>
    void each_lora(bool of_waiting, F&& visit) const {
        if (of_waiting) {
            for (const auto& key : waiting_) visit(slots_[std::get<2>(key)].request.lora);
        } else {
            for (const auto id : running_) visit(slots_[id].request.lora);
        }
    }

    /// Steps begun from now on take `factor` times as long.
    void set_slowdown(double factor) { slowdown_ = factor; }
    const engine_options& options() const { return options_; }

  private:
    using slot_id = std::uint32_t;
    struct slot {
        sequence request;
        std::uint64_t arrival = 0;
        std::uint32_t generation = 0;
        std::size_t computed = 0;  ///< tokens with KV
        std::size_t generated = 0;
        std::size_t scheduled = 0;  ///< tokens in the step under way
        std::size_t committed = 0;  ///< full blocks published
        std::vector<block_cache::block_id> blocks;
        enum class state : std::uint8_t { unused, waiting, running } where = state::unused;
        bool admitted = false;
    };
    using queue_key = std::tuple<int, std::uint64_t, slot_id>;

    queue_key key_of(slot_id id) const;
    std::size_t total(const slot& s) const { return s.request.prompt_tokens + s.generated; }
    void begin_step(time_point now, std::vector<engine_event>& out);
    void schedule_running(std::size_t& budget, time_point now, std::vector<engine_event>& out);
    void admit_waiting(std::size_t& budget, time_point now, std::vector<engine_event>& out);
    bool try_admit(slot_id id, std::size_t& budget, time_point now, std::vector<engine_event>& out);
    bool reserve(slot& s, std::size_t tokens);
    slot_id victim() const;
    void preempt(slot_id id, std::size_t& budget, time_point now, std::vector<engine_event>& out);
    void end_step(std::vector<engine_event>& out);
    bool complete_share(slot_id id, std::vector<engine_event>& out);
    duration step_time();
    void release_blocks(slot& s);
    void retire(slot_id id);

    engine_options options_;
    block_cache cache_;
    lora_slots loras_;
    random_source random_;
    std::vector<slot> slots_;
    std::vector<slot_id> unused_;
    std::vector<slot_id> running_;  ///< in order of admission
    std::set<queue_key> waiting_;   ///< priority, arrival
    std::uint64_t arrivals_ = 0;
    std::size_t deferred_ = 0;
    bool blocked_ = false;  ///< the last step left somebody in the queue
    std::size_t step_prefill_ = 0;
    std::size_t step_decodes_ = 0;
    std::optional<time_point> step_end_;
    std::optional<time_point> wake_;  ///< while no step is under way
    double slowdown_ = 1;
    engine_counters counters_;
};

}  // namespace weir::sim
