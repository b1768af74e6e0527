#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Endpoints that got requests nobody had a prefix of, oldest first.
class cold_order {
  public:
    explicit cold_order(std::size_t capacity) : capacity_(capacity) {}

    void touch(std::uint64_t key) {
        const std::lock_guard guard(lock_);
        if (const auto it = at_.find(key); it != at_.end()) order_.erase(it->second);
        order_.push_back({key, 0});
        at_[key] = std::prev(order_.end());
        if (order_.size() <= capacity_) return;
        at_.erase(order_.front().key);
        order_.pop_front();
    }

    /// Position of each candidate in the whole order, 0 the oldest; -1 when it was never used.
    void positions(const candidate_view& candidates, std::vector<std::int64_t>& out) {
        out.assign(candidates.size(), -1);
        const std::lock_guard guard(lock_);
        std::int64_t position = 0;
        for (auto& used : order_) used.position = position++;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto it = at_.find(candidates.at(i).key());
            if (it != at_.end()) out[i] = it->second->position;
        }
    }

  private:
    struct use {
        std::uint64_t key;
        std::int64_t position;
    };
    std::size_t capacity_;
    std::mutex lock_;
    std::list<use> order_;
    std::unordered_map<std::uint64_t, std::list<use>::iterator> at_;
};

/// What scoring found out about the request in hand waits here for `pre_request`.
struct evaluation final : plugin_scratch {
    std::vector<std::int64_t> positions;
    std::string request_id;
    bool cold = false;
};

bool is_cold(const prefix_match& match, const candidate_view& candidates) {
    if (!match.present) return true;
    return std::none_of(candidates.indexes.begin(), candidates.indexes.end(),
                        [&](auto e) { return match.matched_blocks[e] > 0; });
}

/// Spreads requests whose prefix nobody holds: to endpoints never used for such, then to the least
/// recently used.
class spread_cold final : public plugin_of<scorer, pre_request_hook> {
  public:
    spread_cold(data_slot match, std::size_t capacity)
        : match_(match), order_(std::make_shared<cold_order>(capacity)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<evaluation>();
    }
    void link(const plugin_directory& plugins) override { prefill_ = plugins.profile("prefill"); }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<spread_cold*>(&previous)) order_ = p->order_;
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        auto& seen = context.scratch<evaluation>();
        seen.request_id.assign(context.request.request_id);
        seen.cold = is_cold(candidates.data->prefix[match_], candidates);
        if (!seen.cold) {
            std::fill(scores.begin(), scores.end(), 0.5);
        } else if (candidates.size() == 1) {
            scores[0] = 1;
        } else {
            order_->positions(candidates, seen.positions);
            spread(seen.positions, scores);
        }
    }

    /// A request is cold when the endpoints that were scored held nothing of it.
    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        auto& seen = context.scratch<evaluation>();
        if (!std::exchange(seen.cold, false) || seen.request_id != context.request.request_id)
            return;
        touch(chosen.primary_targets(), candidates);
        if (prefill_ != chosen.primary) touch(chosen.targets_of(prefill_), candidates);
    }

  private:
    static void spread(const std::vector<std::int64_t>& positions, std::span<double> scores) {
        const auto last = static_cast<double>(positions.size() - 1);
        double never_used = 0;
        for (std::size_t i = 0; i < positions.size(); ++i) {
            if (positions[i] < 0) scores[i] = 1 - never_used++ / last;
        }
        for (std::size_t i = 0; i < positions.size(); ++i) {
            if (positions[i] < 0) continue;
            scores[i] = std::max(0.0, 1 - (never_used + static_cast<double>(positions[i])) / last);
        }
    }

    void touch(std::span<const std::uint32_t> targets, const candidate_view& candidates) {
        if (!targets.empty()) order_->touch(candidates.endpoints[targets[0]].key());
    }

    data_slot match_;
    std::uint32_t prefill_ = plugin_directory::no_profile;
    std::shared_ptr<cold_order> order_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    p.text("prefixPluginType", "");
    p.text("prefixPluginName", "");
    const auto size = p.integer("lruSize", 1024);
    const auto producer = p.text("prefixMatchInfoProducerName", "");
    const auto slot = context.consume(data_kind::prefix_match, producer, data_need::required);
    return std::make_unique<spread_cold>(slot, size <= 0 ? 1024 : static_cast<std::size_t>(size));
}

constexpr parameter_doc docs[] = {
    {"lruSize", "int", "1024", "endpoints to remember"},
    {"prefixMatchInfoProducerName", "string", "approx-prefix-cache-producer",
     "whose matches to read"},
    {"prefixPluginType", "string", "", "deprecated, ignored"},
    {"prefixPluginName", "string", "", "deprecated, ignored"},
};

}  // namespace

extern const plugin_type no_hit_lru_scorer = {
    .name = "no-hit-lru-scorer",
    .level = stability::beta,
    .summary = "spreads requests whose prefix nobody holds over the least recently used endpoints",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
