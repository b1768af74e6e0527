#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
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

using time_point = std::chrono::steady_clock::time_point;

/// One request of a window.
struct member {
    std::string request_id;
    std::vector<std::uint64_t> hashes;
    std::uint64_t endpoint = 0;  ///< key of its endpoint once the window is assigned; 0: none
};

/// The requests of one window, and where they go.
struct window {
    time_point ends;
    bool assigned = false;
    std::vector<member> members;
};

/// Requests that go to endpoints together: those of one prompt, or a single one that shares its
/// beginning with others.
struct unit {
    std::vector<member*> members;
    const std::vector<std::uint64_t>& hashes() const { return members.front()->hashes; }
};

std::size_t shared_blocks(const std::vector<std::uint64_t>& a,
                          const std::vector<std::uint64_t>& b) {
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    return static_cast<std::size_t>(end.first - a.begin());
}

/// Groups of equal prompts first, then singles that share `least` blocks with anybody; the longest
/// in front.
std::vector<unit> make_units(std::vector<member>& members, std::size_t least) {
    std::map<std::vector<std::uint64_t>, std::size_t> group_of;
    std::vector<unit> groups;
    for (auto& m : members) {
        const auto [it, fresh] = group_of.try_emplace(m.hashes, groups.size());
        if (fresh) groups.emplace_back();
        groups[it->second].members.push_back(&m);
    }
    // Of all others, the one that shares most stands beside it in this order.
    const auto shares_enough = [&](const unit& u) {
        const auto at = group_of.find(u.hashes());
        return (at != group_of.begin() &&
                shared_blocks(std::prev(at)->first, u.hashes()) >= least) ||
               (std::next(at) != group_of.end() &&
                shared_blocks(std::next(at)->first, u.hashes()) >= least);
    };
    std::vector<unit> out;
    for (const auto& g : groups) {
        if (g.members.size() > 1) out.push_back(g);
    }
    for (const auto& g : groups) {
        if (g.members.size() == 1 && least > 0 && shares_enough(g)) out.push_back(g);
    }
    std::stable_sort(out.begin(), out.end(), [](const unit& a, const unit& b) {
        return a.hashes().size() > b.hashes().size();
    });
    return out;
}

/// Places the units of one window on the candidates (llm-d-router head, burst prefix cache).
class placement {
  public:
    placement(const settings& s, const candidate_view& candidates)
        : s_(s), candidates_(candidates), replicas_(candidates.size()) {}

    void place(std::vector<member>& members) {
        auto units = make_units(members, s_.min_colocate);
        double total = 0;
        for (const auto& u : units) {
            const auto requests = static_cast<double>(u.members.size());
            total += s_.by_tokens ? requests * static_cast<double>(u.hashes().size()) : requests;
        }
        share_ = std::ceil(total / static_cast<double>(replicas_.size()));
        for (auto& u : units) place(u);
    }

  private:
    struct replica {
        double load = 0;
        std::unordered_set<std::uint64_t> held;  ///< blocks placed here
        std::size_t of_unit = 0;                 ///< members of the unit in hand
    };
    static constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();

    void place(unit& u) {
        for (auto& r : replicas_) r.of_unit = 0;
        auto chosen = longest_placed(u.hashes());
        for (std::size_t done = 0; done < u.members.size(); chosen = nobody) {
            if (chosen == nobody) chosen = least_loaded();
            auto& r = replicas_[chosen];
            const auto left = u.members.size() - done;
            const auto room = s_.max_per_replica < 0 ? left : room_of(r);
            const auto n = std::min(left, std::max<std::size_t>(room, 1));
            for (std::size_t i = 0; i < n; ++i)
                u.members[done++]->endpoint = candidates_.at(chosen).key();
            charge(r, u.hashes(), n);
        }
    }

    void charge(replica& r, const std::vector<std::uint64_t>& hashes, std::size_t n) const {
        std::size_t fresh = 0;
        for (const auto h : hashes) fresh += r.held.insert(h).second ? 1U : 0U;
        r.load += static_cast<double>(s_.by_tokens ? fresh : n);
        r.of_unit += n;
    }

    std::size_t room_of(const replica& r) const {
        const auto most = static_cast<std::size_t>(s_.max_per_replica);
        return r.of_unit < most ? most - r.of_unit : 0;
    }
    bool has_room(const replica& r) const { return s_.max_per_replica < 0 || room_of(r) > 0; }

    /// Lower load, then fewer running requests, then the lower id.
    bool better(std::size_t a, std::size_t b) const {
        if (replicas_[a].load != replicas_[b].load) return replicas_[a].load < replicas_[b].load;
        const auto& running = candidates_.signals->running;
        if (running[candidates_[a]] != running[candidates_[b]])
            return running[candidates_[a]] < running[candidates_[b]];
        return candidates_.at(a).id() < candidates_.at(b).id();
    }

    /// Where at least `minColocateBlocks` of the prompt's beginning were placed and the share is
    /// not used up.
    std::size_t longest_placed(const std::vector<std::uint64_t>& hashes) const {
        auto best = nobody;
        if (s_.min_colocate == 0) return best;
        std::size_t longest = 0;
        for (std::size_t i = 0; i < replicas_.size(); ++i) {
            const auto& r = replicas_[i];
            if (!has_room(r) || r.load >= share_) continue;
            std::size_t length = 0;
            while (length < hashes.size() && r.held.contains(hashes[length])) ++length;
            if (length < s_.min_colocate || length < longest) continue;
            if (length > longest || best == nobody || better(i, best)) best = i;
            longest = length;
        }
        return best;
    }

    /// Among those with room; where nobody has any, among all.
    std::size_t least_loaded() const {
        const bool full = std::none_of(replicas_.begin(), replicas_.end(),
                                       [&](const replica& r) { return has_room(r); });
        auto best = nobody;
        for (std::size_t i = 0; i < replicas_.size(); ++i) {
            if (!full && !has_room(replicas_[i])) continue;
            if (best == nobody || better(i, best)) best = i;
        }
        return best;
    }

    const settings& s_;
    const candidate_view& candidates_;
    std::vector<replica> replicas_;  ///< element i: candidate i
    double share_ = 0;
};

/// Holds the requests of a window back and assigns them together: those of one prompt to as few
/// endpoints as may be. A prompt that is alone in its window is not assigned.
class joint_placement final : public plugin_of<producer, gatherer> {
  public:
    joint_placement(const settings& s, data_slot slot) : s_(s), slot_(slot) {}

    std::chrono::nanoseconds gather(const decision_context& context) override {
        member joining;
        const auto root = prefix_root(context.request.target_model, context.request.cache_salt);
        for (const auto& p : context.request.prompts) {
            hash_prompt(root, p.bytes, s_.block_tokens, s_.max_blocks, joining.hashes);
        }
        if (joining.hashes.empty()) return {};
        joining.request_id = context.request.request_id;
        const std::lock_guard guard(lock_);
        while (!windows_.empty() && windows_.front().ends + patience < context.now)
            windows_.pop_front();  // those that never came have gone
        if (windows_.empty() || windows_.back().ends <= context.now || windows_.back().assigned)
            windows_.push_back({context.now + s_.window, false, {}});
        auto& now = windows_.back();
        // Who finds the window full is not assigned, and need not wait.
        if (s_.max_batch >= 0 && std::cmp_greater_equal(now.members.size(), s_.max_batch))
            return {};
        now.members.push_back(std::move(joining));
        return now.ends - context.now;
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        if (candidates.empty() || context.dry) return;
        const std::lock_guard guard(lock_);
        const auto* mine = find(context.request.request_id, candidates);
        if (mine == nullptr) return;
        for (const auto e : candidates.indexes) {
            if (mine->endpoint == 0 || candidates.endpoints[e].key() != mine->endpoint) continue;
            auto& out = data.prefix[slot_];
            const auto total = static_cast<double>(mine->hashes.size());
            out.reset(candidates.endpoints.size(), total, static_cast<double>(s_.block_tokens));
            out.matched_blocks[e] = total;
        }
    }

  private:
    /// How long after its end a window is remembered.
    static constexpr std::chrono::seconds patience{5};

    /// The first request of a window that comes back assigns all of it.
    const member* find(std::string_view request_id, const candidate_view& candidates) {
        for (auto& w : windows_) {
            const auto mine =
                std::find_if(w.members.begin(), w.members.end(),
                             [&](const member& m) { return m.request_id == request_id; });
            if (mine == w.members.end()) continue;
            if (!std::exchange(w.assigned, true)) placement(s_, candidates).place(w.members);
            return &*mine;
        }
        return nullptr;
    }

    settings s_;
    data_slot slot_;
    std::mutex lock_;
    std::deque<window> windows_;  ///< the newest last
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
    {"windowDurationMs", "int", "100",
     "how long requests are held back to be assigned together, 1..10000"},
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
