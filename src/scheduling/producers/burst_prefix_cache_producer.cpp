#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "scheduling/prefix_hash.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct settings {
    std::chrono::milliseconds window{100};
    std::int64_t max_per_replica = -1;  ///< of one unit; -1: no bound
    std::size_t block_tokens = 64;
    std::size_t max_blocks = 2048;
    std::size_t min_colocate = 0;
    std::int64_t max_batch = 1000;  ///< -1: no bound
    bool by_tokens = false;
};

/// Where the requests of the current window went.
struct burst {
    std::chrono::steady_clock::time_point began;
    std::int64_t requests = 0;
    double total = 0;                                ///< requests or blocks
    std::unordered_map<std::uint64_t, double> load;  ///< by endpoint
    std::unordered_map<std::uint64_t, std::unordered_set<std::uint64_t>>
        held;  ///< blocks placed there
    std::unordered_map<std::uint64_t, std::unordered_map<std::uint64_t, std::int64_t>>
        units;  ///< unit → endpoint → members
};

struct chain final : plugin_scratch {
    std::vector<std::uint64_t> hashes;
};

/// Sends requests that come in one burst with the same prompt to the same endpoint. The reference
/// holds all requests of a window back and assigns them together; here each is assigned at once, by
/// the same rules, after those before it, so that nothing waits. A prompt that is alone in its
/// window goes to the least loaded endpoint.
class joint_placement final : public plugin_of<producer> {
  public:
    joint_placement(const settings& s, data_slot slot) : s_(s), slot_(slot) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<chain>();
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        auto& hashes = context.scratch<chain>().hashes;
        hashes.clear();
        const auto root = prefix_root(context.request.target_model, context.request.cache_salt);
        for (const auto& p : context.request.prompts) {
            hash_prompt(root, p.bytes, s_.block_tokens, s_.max_blocks, hashes);
        }
        if (hashes.empty() || candidates.empty() || context.dry) return;
        const std::lock_guard guard(lock_);
        if (context.now - now_.began >= s_.window) start(context.now);
        if (s_.max_batch >= 0 && now_.requests >= s_.max_batch) return;
        const auto chosen = place(candidates, hashes);
        auto& out = data.prefix[slot_];
        const auto total = static_cast<double>(hashes.size());
        out.reset(candidates.endpoints.size(), total, static_cast<double>(s_.block_tokens));
        out.matched_blocks[chosen] = total;
    }

  private:
    void start(std::chrono::steady_clock::time_point now) {
        now_ = {};
        now_.began = now;
    }

    std::uint32_t place(const candidate_view& candidates,
                        const std::vector<std::uint64_t>& hashes) {
        ++now_.requests;
        now_.total += s_.by_tokens ? static_cast<double>(hashes.size()) : 1;
        auto& members = now_.units[hashes.back()];
        auto chosen = joined(candidates, members);
        if (chosen == decision_context::no_peer && members.empty())
            chosen = colocated(candidates, hashes);
        if (chosen == decision_context::no_peer) chosen = least_loaded(candidates, members);
        const auto key = candidates.endpoints[chosen].key();
        ++members[key];
        auto& held = now_.held[key];
        double fresh = 0;
        for (const auto h : hashes) fresh += held.insert(h).second ? 1 : 0;
        now_.load[key] += s_.by_tokens ? fresh : 1;
        return chosen;
    }

    bool has_room(const std::unordered_map<std::uint64_t, std::int64_t>& members,
                  std::uint64_t key) const {
        if (s_.max_per_replica < 0) return true;
        const auto it = members.find(key);
        return it == members.end() || it->second < s_.max_per_replica;
    }

    /// The endpoint that already has members of this unit and takes more.
    std::uint32_t joined(const candidate_view& candidates,
                         const std::unordered_map<std::uint64_t, std::int64_t>& members) const {
        for (const auto e : candidates.indexes) {
            const auto key = candidates.endpoints[e].key();
            if (members.contains(key) && has_room(members, key)) return e;
        }
        return decision_context::no_peer;
    }

    double load_of(std::uint64_t key) const {
        const auto it = now_.load.find(key);
        return it == now_.load.end() ? 0 : it->second;
    }

    /// Lower load, then fewer running requests, then the lower id.
    bool better(const candidate_view& candidates, std::uint32_t a, std::uint32_t b) const {
        const double x = load_of(candidates.endpoints[a].key());
        const double y = load_of(candidates.endpoints[b].key());
        if (x != y) return x < y;
        const auto& running = candidates.signals->running;
        if (running[a] != running[b]) return running[a] < running[b];
        return candidates.endpoints[a].id() < candidates.endpoints[b].id();
    }

    /// The endpoint with the longest placed prefix of at least `minColocateBlocks` that is below
    /// its share.
    std::uint32_t colocated(const candidate_view& candidates,
                            const std::vector<std::uint64_t>& hashes) const {
        auto best = decision_context::no_peer;
        if (s_.min_colocate == 0) return best;
        const double share = std::ceil(now_.total / static_cast<double>(candidates.size()));
        std::size_t longest = 0;
        for (const auto e : candidates.indexes) {
            const auto key = candidates.endpoints[e].key();
            const auto it = now_.held.find(key);
            if (it == now_.held.end() || load_of(key) >= share) continue;
            std::size_t length = 0;
            while (length < hashes.size() && it->second.contains(hashes[length])) ++length;
            if (length < s_.min_colocate || length < longest) continue;
            if (length > longest || best == decision_context::no_peer ||
                better(candidates, e, best))
                best = e;
            longest = length;
        }
        return best;
    }

    std::uint32_t least_loaded(
        const candidate_view& candidates,
        const std::unordered_map<std::uint64_t, std::int64_t>& members) const {
        auto best = decision_context::no_peer;
        for (const bool any : {false, true}) {
            for (const auto e : candidates.indexes) {
                if (!any && !has_room(members, candidates.endpoints[e].key())) continue;
                if (best == decision_context::no_peer || better(candidates, e, best)) best = e;
            }
            if (best != decision_context::no_peer) break;
        }
        return best;
    }

    settings s_;
    data_slot slot_;
    std::mutex lock_;
    burst now_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    s.window = std::chrono::milliseconds(p.integer("windowDurationMs", 100, between(1, 10000)));
    s.max_per_replica = p.integer("maxPerReplica", -1);
    if (s.max_per_replica != -1 && s.max_per_replica < 1)
        p.reject("maxPerReplica", "maxPerReplica must be -1 or >= 1");
    const auto block = p.integer("blockSizeTokens", 64, above(0));
    const auto tokens = p.integer("maxPrefixTokensToMatch", 0, at_least(0));
    if (tokens > 0 && tokens < block) {
        p.reject("maxPrefixTokensToMatch", "maxPrefixTokensToMatch must be >= blockSizeTokens");
    }
    s.block_tokens = static_cast<std::size_t>(block);
    if (tokens > 0) s.max_blocks = static_cast<std::size_t>(tokens / block);
    s.min_colocate = static_cast<std::size_t>(p.integer("minColocateBlocks", 0, at_least(0)));
    s.max_batch = p.integer("maxBatchSize", 1000);
    if (s.max_batch != -1 && s.max_batch < 1)
        p.reject("maxBatchSize", "maxBatchSize must be -1 or >= 1");
    s.by_tokens = p.one_of("balanceBy", "requests", {"", "requests", "tokens"}) == "tokens";
    context.consume(data_kind::tokenized_prompt, {}, data_need::required);
    return std::make_unique<joint_placement>(s, context.publish(data_kind::prefix_match));
}

constexpr parameter_doc docs[] = {
    {"windowDurationMs", "int", "100", "how long requests count as one burst, 1..10000"},
    {"maxPerReplica", "int", "-1", "members of one prompt on one endpoint; -1: no bound"},
    {"blockSizeTokens", "int", "64", "tokens a block"},
    {"maxPrefixTokensToMatch", "int", "0", "tokens of a prompt that are looked at; 0: 2048 blocks"},
    {"minColocateBlocks", "int", "0",
     "shared leading blocks from which different prompts are put together; 0: never"},
    {"maxBatchSize", "int", "1000",
     "requests of a window; further ones are not placed; -1: no bound"},
    {"balanceBy", "string", "requests", "requests or tokens"},
};

}  // namespace

extern const plugin_type burst_prefix_cache_producer = {
    .name = "burst-prefix-cache-producer",
    .level = stability::alpha,
    .summary = "sends requests that come together with the same prompt to the same endpoint",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
