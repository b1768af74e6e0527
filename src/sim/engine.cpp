#include "sim/engine.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::sim {
namespace {

std::size_t blocks_for(std::size_t tokens, std::size_t block_size) {
    return (tokens + block_size - 1) / block_size;
}

engine_options sane(engine_options o) {
    o.max_num_seqs = std::max<std::size_t>(o.max_num_seqs, 1);
    o.max_num_batched_tokens = std::max(o.max_num_batched_tokens, o.max_num_seqs);
    o.block_size = std::max<std::size_t>(o.block_size, 1);
    o.num_blocks = std::max<std::size_t>(o.num_blocks, 1);
    return o;
}

}  // namespace

engine::engine(const engine_options& options)
    : options_(sane(options)),
      cache_(options_.num_blocks, options_.prefix_caching),
      loras_(options_.max_loras, options_.lora_load),
      random_(options_.seed) {}

std::optional<time_point> engine::next() const { return step_end_ ? step_end_ : wake_; }

std::size_t engine::prefill_ahead() const {
    std::size_t tokens = 0;
    for (const auto id : running_) {
        const auto& s = slots_[id];
        if (s.generated == 0) tokens += total(s) - s.computed;
    }
    for (const auto& key : waiting_) {
        const auto& s = slots_[std::get<2>(key)];
        const auto held = cache_.match(s.request.block_hashes) * options_.block_size;
        tokens += total(s) - std::min(held, total(s) - 1);
    }
    return tokens;
}

engine::queue_key engine::key_of(slot_id id) const {
    const auto& s = slots_[id];
    const int priority = options_.policy == queue_policy::priority ? s.request.priority : 0;
    return {priority, s.arrival, id};
}

void engine::advance(time_point now, std::vector<engine_event>& out) {
    while (next() && *next() <= now) {
        const auto at = *next();
        if (step_end_) end_step(out);
        begin_step(at, out);
    }
}

submit_outcome engine::submit(sequence&& request, time_point now, handle& id,
                              std::vector<engine_event>& out) {
    request.prompt_tokens = std::max<std::size_t>(request.prompt_tokens, 1);
    request.output_tokens = std::max<std::size_t>(request.output_tokens, 1);
    const auto longest = request.prompt_tokens + request.output_tokens - 1;
    const bool no_slot = request.lora != 0 && loras_.size() == 0;
    if (no_slot || blocks_for(longest, options_.block_size) > cache_.size()) {
        ++counters_.refused;
        return submit_outcome::too_long;
    }
    // Who came since the last step and finds a free seat at the next one does not queue.
    const auto seats = blocked_ ? 0 : options_.max_num_seqs - running_.size();
    if (options_.max_queued != 0 && waiting_.size() >= options_.max_queued + seats) {
        ++counters_.refused;
        return submit_outcome::queue_full;
    }
    slot_id index = 0;
    if (unused_.empty()) {
        index = static_cast<slot_id>(slots_.size());
        slots_.emplace_back();
    } else {
        index = unused_.back();
        unused_.pop_back();
    }
    auto& s = slots_[index];
    s.request = std::move(request);
    s.arrival = ++arrivals_;
    s.computed = s.generated = s.scheduled = s.committed = 0;
    s.admitted = false;
    s.where = slot::state::waiting;
    waiting_.insert(key_of(index));
    id = (static_cast<handle>(s.generation) << 32) | index;
    if (!step_end_) begin_step(now, out);
    return submit_outcome::accepted;
}

bool engine::abort(handle id, time_point now, std::vector<engine_event>& out) {
    const auto index = static_cast<slot_id>(id & 0xFFFFFFFFU);
    if (index >= slots_.size() || slots_[index].generation != (id >> 32)) return false;
    auto& s = slots_[index];
    if (s.where == slot::state::unused) return false;
    if (s.where == slot::state::waiting) {
        waiting_.erase(key_of(index));
        deferred_ = std::min(deferred_, waiting_.size());
    } else {
        running_.erase(std::find(running_.begin(), running_.end(), index));
        loras_.release(s.request.lora);
    }
    retire(index);
    if (!step_end_) begin_step(now, out);
    return true;
}

std::size_t engine::waiting_uncached_tokens() const {
    std::size_t tokens = 0;
    for (const auto& key : waiting_) {
        const auto& r = slots_[std::get<2>(key)].request;
        const auto known = cache_.match(r.block_hashes) * options_.block_size;
        tokens += r.prompt_tokens - std::min(known, r.prompt_tokens);
    }
    return tokens;
}

// Running sequences first, then the queue: vLLM's order.
void engine::begin_step(time_point now, std::vector<engine_event>& out) {
    step_end_.reset();
    wake_.reset();
    step_prefill_ = step_decodes_ = 0;
    auto budget = options_.max_num_batched_tokens;
    const auto preempted_before = counters_.preemptions;
    schedule_running(budget, now, out);
    if (counters_.preemptions == preempted_before) admit_waiting(budget, now, out);
    blocked_ = !waiting_.empty();
    if (running_.empty()) {
        wake_ = waiting_.empty() ? std::nullopt : loras_.next_ready(now);
        return;
    }
    for (const auto id : running_) {
        const auto& s = slots_[id];
        const bool decode = s.generated > 0 && s.scheduled == 1 && s.computed + 1 == total(s);
        (decode ? step_decodes_ : step_prefill_) += s.scheduled;
    }
    step_end_ = now + step_time();
}

void engine::schedule_running(std::size_t& budget, time_point now, std::vector<engine_event>& out) {
    for (std::size_t i = 0; i < running_.size(); ++i) {
        const auto id = running_[i];
        const auto tokens = std::min(total(slots_[id]) - slots_[id].computed, budget);
        slots_[id].scheduled = 0;
        while (tokens > 0 && !reserve(slots_[id], slots_[id].computed + tokens)) {
            const auto loser = victim();
            preempt(loser, budget, now, out);
            if (loser == id) break;
            // A loser before this one (priority policy) moves the rest up.
            i = static_cast<std::size_t>(std::find(running_.begin(), running_.end(), id) -
                                         running_.begin());
        }
        if (slots_[id].where != slot::state::running) {
            --i;
            continue;
        }
        slots_[id].scheduled = tokens;
        budget -= tokens;
    }
}

void engine::admit_waiting(std::size_t& budget, time_point now, std::vector<engine_event>& out) {
    deferred_ = 0;
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        if (budget == 0 || running_.size() >= options_.max_num_seqs) return;
        const auto id = std::get<2>(*it);
        if (loras_.acquire(slots_[id].request.lora, now) != lora_slots::outcome::ready) {
            ++deferred_;
            ++it;
            continue;
        }
        if (!try_admit(id, budget, now, out)) {
            loras_.release(slots_[id].request.lora);
            return;
        }
        it = waiting_.erase(it);
    }
}

// Takes what the cache holds and reserves blocks for the first chunk. The last token is always
// computed, since its logits are what the first output token is drawn from.
bool engine::try_admit(slot_id id, std::size_t& budget, time_point now,
                       std::vector<engine_event>& out) {
    auto& s = slots_[id];
    const auto reusable =
        std::min(s.request.block_hashes.size(), (total(s) - 1) / options_.block_size);
    const auto known = std::span(s.request.block_hashes).first(reusable);
    const auto held = cache_.match(known);
    const auto cached = held * options_.block_size;
    const auto tokens = std::min(total(s) - cached, budget);
    const auto fresh = blocks_for(cached + tokens, options_.block_size) - held;
    if (cache_.idle_among(known.first(held)) + fresh > cache_.free()) return false;

    for (const auto hash : known.first(held)) s.blocks.push_back(cache_.take(hash));
    s.computed = cached;
    s.committed = held;
    reserve(s, cached + tokens);
    s.scheduled = tokens;
    s.where = slot::state::running;
    budget -= tokens;
    running_.push_back(id);
    if (!s.admitted) {
        s.admitted = true;
        counters_.prompt_tokens += s.request.prompt_tokens;
        counters_.cached_tokens += cached;
        out.push_back(
            {s.request.tag, now, static_cast<std::uint32_t>(cached), engine_event::kind::admitted});
    } else {
        counters_.recomputed_tokens += total(s) - cached;
    }
    return true;
}

bool engine::reserve(slot& s, std::size_t tokens) {
    const auto wanted = blocks_for(tokens, options_.block_size);
    if (wanted > s.blocks.size() + cache_.free()) return false;
    while (s.blocks.size() < wanted) s.blocks.push_back(cache_.allocate());
    return true;
}

engine::slot_id engine::victim() const {
    if (options_.policy == queue_policy::fcfs) return running_.back();
    return *std::max_element(running_.begin(), running_.end(),
                             [this](slot_id a, slot_id b) { return key_of(a) < key_of(b); });
}

void engine::preempt(slot_id id, std::size_t& budget, time_point now,
                     std::vector<engine_event>& out) {
    auto& s = slots_[id];
    running_.erase(std::find(running_.begin(), running_.end(), id));
    loras_.release(s.request.lora);
    release_blocks(s);
    budget += s.scheduled;
    s.scheduled = s.computed = s.committed = 0;
    s.where = slot::state::waiting;
    waiting_.insert(key_of(id));
    ++counters_.preemptions;
    out.push_back({s.request.tag, now, 0, engine_event::kind::preempted});
}

// Two uniform draws make a triangular spread of the wanted deviation; no tail can stall the engine.
duration engine::step_time() {
    auto time = options_.step_base +
                options_.prefill_token * static_cast<duration::rep>(step_prefill_) +
                options_.decode_seq * static_cast<duration::rep>(step_decodes_);
    double factor = slowdown_;
    if (options_.jitter > 0) {
        const double spread = (random_.unit() + random_.unit() - 1) * std::sqrt(6.0);
        factor *= std::max(0.1, 1 + options_.jitter * spread);
    }
    if (factor == 1) return time;
    return duration(static_cast<duration::rep>(static_cast<double>(time.count()) * factor));
}

void engine::end_step(std::vector<engine_event>& out) {
    ++counters_.steps;
    out.push_back({0, *step_end_, static_cast<std::uint32_t>(step_prefill_ + step_decodes_),
                   engine_event::kind::step});
    std::size_t kept = 0;
    for (const auto id : running_) {
        if (complete_share(id, out)) {
            loras_.release(slots_[id].request.lora);
            retire(id);
        } else {
            running_[kept++] = id;
        }
    }
    running_.resize(kept);
}

// Counts what the step computed for one sequence; true when it has its last token.
bool engine::complete_share(slot_id id, std::vector<engine_event>& out) {
    auto& s = slots_[id];
    s.computed += s.scheduled;
    const bool sampled = s.scheduled > 0 && s.computed == total(s);
    s.scheduled = 0;
    const auto full = std::min(s.computed / options_.block_size, s.request.block_hashes.size());
    for (; s.committed < full; ++s.committed) {
        cache_.commit(s.blocks[s.committed], s.request.block_hashes[s.committed]);
    }
    if (!sampled) return false;
    ++s.generated;
    ++counters_.generated_tokens;
    const auto count = static_cast<std::uint32_t>(s.generated);
    out.push_back({s.request.tag, *step_end_, count, engine_event::kind::token});
    if (s.generated < s.request.output_tokens) return false;
    out.push_back({s.request.tag, *step_end_, count, engine_event::kind::finished});
    return true;
}

// Tail first, so that the front of a prefix outlives its end.
void engine::release_blocks(slot& s) {
    for (auto it = s.blocks.rbegin(); it != s.blocks.rend(); ++it) cache_.release(*it);
    s.blocks.clear();
}

void engine::retire(slot_id id) {
    auto& s = slots_[id];
    release_blocks(s);
    s.where = slot::state::unused;
    ++s.generation;
    unused_.push_back(id);
}

}  // namespace weir::sim
