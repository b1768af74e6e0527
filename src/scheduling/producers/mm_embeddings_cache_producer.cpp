#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
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

constexpr std::array ratio_bounds{0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};

struct learned {
    std::mutex lock;
    std::unordered_map<std::uint64_t, item_cache> endpoints;

    std::map<std::string, double, std::less<>> queries;          ///< by modality
    std::map<std::pair<std::string, std::string>, double> hits;  ///< by pod and modality
    metrics::histogram ratio{ratio_bounds};
};

using item = std::pair<std::uint64_t, std::string_view>;  ///< hash and modality

struct distinct_items final : plugin_scratch {
    std::vector<item> items;
};

/// Believes that an endpoint keeps what it encoded; says which share of a request's items each
/// endpoint has.
class encoder_cache final : public plugin_of<producer, pre_request_hook>, public metrics::source {
  public:
    encoder_cache(std::size_t capacity, data_slot share, std::string name, std::string type)
        : capacity_(capacity), share_(share), name_(std::move(name)), type_(std::move(type)) {}

    void collect(metrics::exposition& out) const override {
        const metrics::labels own = {{"plugin_type", type_}, {"plugin_name", name_}};
        const std::string prefix = "llm_d_epp_encoder_cache_";
        const auto* queries = "[ALPHA] Images, clips and videos looked for.";
        const auto* hits = "[ALPHA] Those an endpoint is believed to have encoded.";
        out.declare(prefix + "queries_total", queries, "counter");
        out.declare(prefix + "hits_total", hits, "counter");
        const std::lock_guard guard(learned_->lock);
        for (const auto& [modality, n] : learned_->queries) {
            auto labels = own;
            labels.emplace_back("modality", modality);
            out.counter(prefix + "queries_total", queries, labels, n);
        }
        for (const auto& [where, n] : learned_->hits) {
            auto labels = own;
            labels.emplace_back("pod", where.first);
            labels.emplace_back("modality", where.second);
            out.counter(prefix + "hits_total", hits, labels, n);
        }
        out.histogram(prefix + "hit_ratio",
                      "[ALPHA] Share of a request's items on the best endpoint.", own,
                      learned_->ratio);
    }

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<distinct_items>();
    }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<encoder_cache*>(&previous)) learned_ = p->learned_;
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        auto& items = context.scratch<distinct_items>().items;
        items.clear();
        for (const auto& m : context.request.media) items.emplace_back(m.hash, m.modality);
        std::sort(items.begin(), items.end());
        items.erase(std::unique(items.begin(), items.end()), items.end());
        if (items.empty()) return;
        auto& out = data.numbers[share_];
        out.reset(candidates.endpoints.size(), 0);
        const std::lock_guard guard(learned_->lock);
        for (const auto e : candidates.indexes) {
            const auto it = learned_->endpoints.find(candidates.endpoints[e].key());
            if (it == learned_->endpoints.end()) continue;
            double held = 0;
            for (const auto& [hash, modality] : items) {
                if (!it->second.holds(hash)) continue;
                held += 1;
                if (!context.dry)
                    learned_->hits[{candidates.endpoints[e].name, std::string(modality)}] += 1;
            }
            out.values[e] = held / static_cast<double>(items.size());
        }
        if (!context.dry) count(items, out.values);
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        const auto& items = context.scratch<distinct_items>().items;
        if (items.empty()) return;
        const std::lock_guard guard(learned_->lock);
        for (const auto& result : chosen.profiles) {
            if (result.status != profile_status::ran || result.count == 0) continue;
            auto& cache =
                learned_->endpoints[candidates.endpoints[chosen.targets[result.first]].key()];
            for (const auto& i : items) cache.add(i.first, capacity_);
        }
    }

  private:
    /// Under the lock.
    void count(const std::vector<item>& items, const std::vector<double>& shares) const {
        for (const auto& i : items) learned_->queries[std::string(i.second)] += 1;
        learned_->ratio.observe(*std::max_element(shares.begin(), shares.end()));
    }

    std::size_t capacity_;
    data_slot share_;
    std::string name_;
    std::string type_;
    std::shared_ptr<learned> learned_ = std::make_shared<learned>();
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    auto mebibytes = p.integer("cacheSizeInMBPerServer", 4096);
    if (mebibytes <= 0) mebibytes = 4096;
    // An item is taken to be 2 MiB.
    const auto capacity = static_cast<std::size_t>(std::max<std::int64_t>(1, mebibytes / 2));
    return std::make_unique<encoder_cache>(capacity, context.publish(data_kind::encoder_match),
                                           std::string(context.name()),
                                           std::string(context.type()));
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
