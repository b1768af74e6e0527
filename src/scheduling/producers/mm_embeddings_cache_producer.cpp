#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Items that one endpoint has encoded, least recently used first out.
class item_cache {
  public:
    bool holds(std::uint64_t hash) const { return at_.contains(hash); }

    void add(std::uint64_t hash, std::size_t capacity) {
        if (const auto it = at_.find(hash); it != at_.end()) {
            order_.splice(order_.end(), order_, it->second);
            return;
        }
        order_.push_back(hash);
        at_.emplace(hash, std::prev(order_.end()));
        while (order_.size() > capacity) {
            at_.erase(order_.front());
            order_.pop_front();
        }
    }

  private:
    std::list<std::uint64_t> order_;
    std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> at_;
};

struct learned {
    std::mutex lock;
    std::unordered_map<std::uint64_t, item_cache> endpoints;
};

struct distinct_items final : plugin_scratch {
    std::vector<std::uint64_t> hashes;
};

/// Believes that an endpoint keeps what it encoded; says which share of a request's items each
/// endpoint has.
class encoder_cache final : public plugin_of<producer, pre_request_hook> {
  public:
    encoder_cache(std::size_t capacity, data_slot share) : capacity_(capacity), share_(share) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<distinct_items>();
    }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<encoder_cache*>(&previous)) learned_ = p->learned_;
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        auto& hashes = context.scratch<distinct_items>().hashes;
        hashes.clear();
        for (const auto& item : context.request.media) hashes.push_back(item.hash);
        std::sort(hashes.begin(), hashes.end());
        hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
        if (hashes.empty()) return;
        auto& out = data.numbers[share_];
        out.reset(candidates.endpoints.size(), 0);
        const std::lock_guard guard(learned_->lock);
        for (const auto e : candidates.indexes) {
            const auto it = learned_->endpoints.find(candidates.endpoints[e].key());
            if (it == learned_->endpoints.end()) continue;
            const auto held = std::count_if(hashes.begin(), hashes.end(),
                                            [&](auto h) { return it->second.holds(h); });
            out.values[e] = static_cast<double>(held) / static_cast<double>(hashes.size());
        }
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        const auto& hashes = context.scratch<distinct_items>().hashes;
        if (hashes.empty()) return;
        const std::lock_guard guard(learned_->lock);
        for (const auto& result : chosen.profiles) {
            if (result.status != profile_status::ran || result.count == 0) continue;
            auto& cache =
                learned_->endpoints[candidates.endpoints[chosen.targets[result.first]].key()];
            for (const auto h : hashes) cache.add(h, capacity_);
        }
    }

  private:
    std::size_t capacity_;
    data_slot share_;
    std::shared_ptr<learned> learned_ = std::make_shared<learned>();
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    auto mebibytes = p.integer("cacheSizeInMBPerServer", 4096);
    if (mebibytes <= 0) mebibytes = 4096;
    // An item is taken to be 2 MiB.
    const auto capacity = static_cast<std::size_t>(std::max<std::int64_t>(1, mebibytes / 2));
    return std::make_unique<encoder_cache>(capacity, context.publish(data_kind::encoder_match));
}

constexpr parameter_doc docs[] = {
    {"cacheSizeInMBPerServer", "int", "4096",
     "what an endpoint is believed to keep, 2 MiB an item"},
};

}  // namespace

extern const plugin_type mm_embeddings_cache_producer = {
    .name = "mm-embeddings-cache-producer",
    .level = stability::beta,
    .summary = "guesses which images each endpoint has encoded from what it was sent",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
