#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metric_help.hpp"
#include "base/metrics.hpp"
#include "scheduling/prefix_hash.hpp"
#include "scheduling/prefix_index.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

constexpr std::int64_t least_block_tokens = 64;
constexpr std::int64_t default_block_tokens = 16;
constexpr std::int64_t default_capacity = 31250;
constexpr std::chrono::minutes sweep_period{2};

struct settings {
    bool auto_tune = true;
    std::int64_t block_tokens = default_block_tokens;
    std::int64_t max_blocks = 2048;  ///< 0: all; counts when `max_tokens` is 0
    std::int64_t max_tokens = 131072;
    std::int64_t capacity = default_capacity;  ///< blocks an endpoint
    double token_capacity = 0;  ///< of the tokens it reports to hold, this share; 0: as many blocks

    /// Blocks of a prompt that are looked at; nothing: all of them.
    std::size_t blocks_of(std::size_t bytes, std::size_t block) const {
        const auto all = prompt_blocks(bytes, block, 0);
        if (max_tokens > 0) return std::min(all, static_cast<std::size_t>(max_tokens) / block);
        return max_blocks > 0 ? std::min(all, static_cast<std::size_t>(max_blocks)) : all;
    }
};

constexpr std::array ratio_bounds{0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
constexpr std::array bytes_bounds{0.0,    16.0,   32.0,   64.0,   128.0,   256.0,   512.0,
                                  1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 32768.0, 65536.0};

constexpr auto* hit_ratio_help =
    "Ratio of prefix length matched to total prefix length in the cache lookup.";
constexpr auto* hit_bytes_help =
    "Length of the prefix match in number of bytes in the cache lookup.";

/// What one worker saw.
struct observations {
    metrics::histogram ratio{ratio_bounds};
    metrics::histogram bytes{bytes_bounds};
};

/// What outlives a reload.
struct learned {
    prefix_index index;
    std::atomic<std::int64_t> next_sweep{0};  ///< steady clock ticks; 0: not planned yet
    std::mutex mutex;
    std::vector<std::shared_ptr<observations>> observed;  ///< one a worker

    /// Cells that no worker writes to any more are used again.
    std::shared_ptr<observations> add_worker() {
        const std::lock_guard lock(mutex);
        for (const auto& cells : observed) {
            if (cells.use_count() == 1) return cells;
        }
        return observed.emplace_back(std::make_shared<observations>());
    }
};

/// Finds the endpoints of a pool view by key, and their slots by position. Answers are checked
/// against the view at hand, so that a view may be replaced unnoticed.
class view_map {
  public:
    static constexpr std::uint32_t absent = 0xffffffff;

    std::uint32_t position_of(endpoint_slot slot, std::uint64_t key,
                              std::span<const endpoint> view) {
        if (slot >= positions_.size()) positions_.resize(std::size_t{slot} + 1, absent);
        auto& known = positions_[slot];
        if (known < view.size() && view[known].key() == key) return known;
        remember(view);
        const auto found = by_key_.find(key);
        known = found == by_key_.end() ? absent : found->second;
        return known;
    }

    endpoint_slot slot_of(std::uint32_t position, std::uint64_t key, prefix_index& index) {
        if (position >= slots_.size()) slots_.resize(std::size_t{position} + 1, no_endpoint_slot);
        auto& known = slots_[position];
        if (index.key_of(known) != key) known = index.acquire(key);
        return known;
    }

    void forget_slot(std::uint32_t position) { slots_[position] = no_endpoint_slot; }

  private:
    void remember(std::span<const endpoint> view) {
        const auto last = view.empty() ? 0 : view.back().key();
        if (view.data() == data_ && view.size() == size_ && last == last_) return;
        data_ = view.data();
        size_ = view.size();
        last_ = last;
        by_key_.clear();
        for (std::uint32_t i = 0; i < view.size(); ++i) by_key_.emplace(view[i].key(), i);
    }

    const endpoint* data_ = nullptr;
    std::size_t size_ = 0;
    std::uint64_t last_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> by_key_;
    std::vector<std::uint32_t> positions_;  ///< by slot
    std::vector<endpoint_slot> slots_;      ///< by position
};

/// The request in hand: its hashes wait here from `produce` to `pre_request`.
class request_state final : public plugin_scratch {
  public:
    explicit request_state(std::shared_ptr<observations> cells) : observed(std::move(cells)) {}

    std::vector<std::uint64_t> hashes;  ///< of all prompts
    std::vector<std::size_t> ends;      ///< of each prompt, in `hashes`
    prefix_scratch index;
    view_map view;
    std::shared_ptr<observations> observed;
};

/// Believes that an endpoint remembers the prompts it was sent, and says how much of a request each
/// endpoint holds. Works on text, four bytes a token.
class approx_prefix final : public plugin_of<producer, pre_request_hook>, public metrics::source {
  public:
    approx_prefix(const settings& s, std::string name, std::string type, data_slot slot)
        : settings_(s), name_(std::move(name)), type_(std::move(type)), slot_(slot) {}

    void link(const plugin_directory& others) override { prefill_ = others.profile("prefill"); }
    void adopt(plugin& previous) override { state_ = static_cast<approx_prefix&>(previous).state_; }
    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<request_state>(state_->add_worker());
    }

    void produce(const decision_context& context, const candidate_view& candidates,
                 producer_data& data) override {
        auto& state = context.scratch<request_state>();
        const auto block = block_tokens(candidates);
        hash(context.request, block, state);
        if (state.hashes.empty()) return;
        auto& out = data.prefix[slot_];
        out.reset(candidates.endpoints.size(), static_cast<double>(state.hashes.size()),
                  static_cast<double>(block));
        state.index.reset();
        std::size_t begin = 0;
        for (const auto end : state.ends) {
            state_->index.match(std::span(state.hashes).subspan(begin, end - begin), state.index);
            begin = end;
        }
        for (const auto slot : state.index.hits()) {
            const auto key = state_->index.key_of(slot);
            const auto position = state.view.position_of(slot, key, candidates.endpoints);
            if (position == view_map::absent) continue;
            out.matched_blocks[position] = state.index.blocks(slot);
        }
    }

    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        const auto& match = candidates.data->prefix[slot_];
        if (!match.present) return;
        auto& state = context.scratch<request_state>();
        const auto targets = chosen.primary_targets();
        if (!targets.empty()) {
            observe(match, targets[0], *state.observed);
            remember(targets[0], candidates, state);
        }
        if (prefill_ != chosen.primary) {
            const auto prefill = chosen.targets_of(prefill_);
            if (!prefill.empty()) remember(prefill[0], candidates, state);
        }
        sweep(context.now, candidates.endpoints);
    }

    void collect(metrics::exposition& out) const override {
        const metrics::labels own{{"plugin_name", name_}, {"plugin_type", type_}};
        collect_as(out, "llm_d_epp_", own);
        collect_as(out, "inference_extension_", {});
        out.gauge("weir_prefix_index_bytes", "Memory of the prefix index, free lists included.",
                  own, static_cast<double>(state_->index.bytes()));
    }

  private:
    std::size_t block_tokens(const candidate_view& candidates) const {
        auto tokens = settings_.block_tokens;
        if (settings_.auto_tune && !candidates.empty()) {
            const auto reported = candidates.signals->block_size[candidates[0]];
            if (reported > 0) tokens = static_cast<std::int64_t>(reported);
        }
        return static_cast<std::size_t>(std::max(tokens, least_block_tokens));
    }

    void hash(const inference_request& request, std::size_t block, request_state& state) const {
        state.hashes.clear();
        state.ends.clear();
        const auto root = prefix_root(request.target_model, request.cache_salt);
        for (const auto& prompt : request.prompts) {
            const auto blocks = settings_.blocks_of(prompt.bytes.size(), block);
            if (blocks != 0) hash_prompt(root, prompt.bytes, block, blocks, state.hashes);
            state.ends.push_back(state.hashes.size());
        }
    }

    void remember(std::uint32_t position, const candidate_view& candidates,
                  request_state& state) const {
        const auto key = candidates.endpoints[position].key();
        const auto capacity = capacity_of(position, candidates);
        std::size_t begin = 0;
        for (const auto end : state.ends) {
            const auto chain = std::span(state.hashes).subspan(begin, end - begin);
            begin = end;
            // The slot may have been given to another endpoint just now: then ask once more.
            for (int attempt = 0; attempt < 2; ++attempt) {
                const auto slot = state.view.slot_of(position, key, state_->index);
                if (slot == no_endpoint_slot) return;
                if (state_->index.add(slot, key, chain, capacity, state.index, manner_)) break;
                state.view.forget_slot(position);
            }
        }
    }

    std::size_t capacity_of(std::uint32_t position, const candidate_view& candidates) const {
        const auto reported = candidates.signals->block_count[position];
        const auto tokens = reported * candidates.signals->block_size[position];
        if (settings_.auto_tune && settings_.token_capacity > 0 && tokens > 0) {
            const auto blocks =
                settings_.token_capacity * tokens / static_cast<double>(block_tokens(candidates));
            return std::max<std::size_t>(static_cast<std::size_t>(blocks), 1);
        }
        if (settings_.auto_tune && reported > 0) return static_cast<std::size_t>(reported);
        return static_cast<std::size_t>(settings_.capacity > 0 ? settings_.capacity
                                                               : default_capacity);
    }

    static void observe(const prefix_match& match, std::uint32_t position, observations& out) {
        const auto matched = match.matched_blocks[position];
        out.ratio.observe(matched / match.total_blocks);
        out.bytes.observe(matched * match.block_size_tokens * 4);
    }

    void sweep(std::chrono::steady_clock::time_point now, std::span<const endpoint> view) const {
        const auto ticks = now.time_since_epoch().count();
        const auto period = std::chrono::steady_clock::duration(sweep_period).count();
        auto due = state_->next_sweep.load(std::memory_order_relaxed);
        if (ticks < due) return;
        if (!state_->next_sweep.compare_exchange_strong(due, ticks + period)) return;
        if (due == 0) return;
        std::vector<std::uint64_t> keys;
        keys.reserve(view.size());
        for (const auto& e : view) keys.push_back(e.key());
        state_->index.sweep(keys);
    }

    void collect_as(metrics::exposition& out, const std::string& prefix,
                    const metrics::labels& own) const {
        const std::string today = "llm_d_epp_";
        const auto help = [&](const std::string& name, const char* text) {
            return prefix == today ? metrics::alpha(text) : metrics::deprecated(today + name, text);
        };
        out.gauge(prefix + "prefix_indexer_size",
                  help("prefix_indexer_size", "Size of the prefix indexer."), own,
                  static_cast<double>(state_->index.blocks()));
        out.declare(prefix + "prefix_indexer_hit_ratio",
                    help("prefix_indexer_hit_ratio", hit_ratio_help), "histogram");
        out.declare(prefix + "prefix_indexer_hit_bytes",
                    help("prefix_indexer_hit_bytes", hit_bytes_help), "histogram");
        const std::lock_guard lock(state_->mutex);
        for (const auto& cells : state_->observed) {
            out.histogram(prefix + "prefix_indexer_hit_ratio",
                          help("prefix_indexer_hit_ratio", hit_ratio_help), own, cells->ratio);
            out.histogram(prefix + "prefix_indexer_hit_bytes",
                          help("prefix_indexer_hit_bytes", hit_bytes_help), own, cells->bytes);
        }
    }

    const settings settings_;
    // Who counts in tokens means what the engine has room for, and what an engine loses first.
    const prefix_index::forgetting manner_ = settings_.token_capacity > 0
                                                 ? prefix_index::forgetting::blocks
                                                 : prefix_index::forgetting::prompts;
    const std::string name_;
    const std::string type_;
    const data_slot slot_;
    std::uint32_t prefill_ = plugin_directory::no_profile;
    std::shared_ptr<learned> state_ = std::make_shared<learned>();
};

settings read_settings(parameters& p) {
    settings s;
    s.auto_tune = p.boolean("autoTune", s.auto_tune);
    s.block_tokens = p.integer("blockSizeTokens", s.block_tokens);
    const auto old_block = p.integer("blockSize", 0);
    if (p.has("blockSize")) p.note("blockSize", "deprecated: use blockSizeTokens");
    if (old_block > 0 && s.block_tokens == default_block_tokens) s.block_tokens = old_block;
    s.max_blocks = p.integer("maxPrefixBlocksToMatch", s.max_blocks);
    s.max_tokens = p.integer("maxPrefixTokensToMatch", s.max_tokens);
    s.capacity = p.integer("lruCapacityPerServer", s.capacity);
    s.token_capacity = p.number("tokenCapacityShare", s.token_capacity, at_least(0));
    if (s.max_tokens < 0) p.reject("maxPrefixTokensToMatch", "must not be negative");
    if (!s.auto_tune && s.block_tokens <= 0) {
        p.reject("blockSizeTokens", "BlockSizeTokens must be > 0 when AutoTune is disabled");
    } else if (p.has("blockSizeTokens") && s.block_tokens < least_block_tokens) {
        p.note("blockSizeTokens", "blocks smaller than 64 tokens are not used: it will be 64");
    }
    return s;
}

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto s = read_settings(p);
    context.consume(data_kind::tokenized_prompt, "", data_need::required);
    const auto slot = context.publish(data_kind::prefix_match);
    if (!p.ok()) return nullptr;
    return std::make_unique<approx_prefix>(s, std::string(context.name()),
                                           std::string(context.type()), slot);
}

constexpr std::array<parameter_doc, 7> docs{{
    {"autoTune", "bool", "true",
     "use the block size and the number of blocks that the model server reports"},
    {"blockSizeTokens", "int", "16", "tokens a block; less than 64 counts as 64"},
    {"blockSize", "int", "0", "deprecated: blockSizeTokens"},
    {"maxPrefixBlocksToMatch", "int", "2048",
     "deprecated: blocks of a prompt that are looked at when maxPrefixTokensToMatch is 0; 0: all"},
    {"maxPrefixTokensToMatch", "int", "131072",
     "tokens of a prompt that are looked at; 0: maxPrefixBlocksToMatch decides"},
    {"lruCapacityPerServer", "int", "31250",
     "blocks an endpoint is believed to remember, unless it reports its own number"},
    {"tokenCapacityShare", "float", "0",
     "believe this share of the tokens that fit the blocks it reports; 0: as many blocks as it "
     "reports, whatever their size"},
}};

}  // namespace

extern const plugin_type approx_prefix_cache = {
    .name = "approx-prefix-cache-producer",
    .level = stability::beta,
    .summary = "guesses how much of a prompt each endpoint has in its cache from what it was sent",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
