#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "scheduling/plugin_registry.hpp"
#include "weir/plugin.hpp"

using namespace weir;
using namespace weir::scheduling;

namespace {

/// Parameters out of a map; booleans are 0 and 1.
class given_parameters final : public parameters {
  public:
    explicit given_parameters(std::map<std::string, double, std::less<>> values)
        : values_(std::move(values)) {}

    std::vector<std::string> rejected;
    std::vector<std::string> noted;

    bool given() const override { return !values_.empty(); }
    bool has(std::string_view key) override { return values_.contains(key); }
    std::int64_t integer(std::string_view key, std::int64_t fallback, number_range) override {
        return static_cast<std::int64_t>(number(key, static_cast<double>(fallback), {}));
    }
    double number(std::string_view key, double fallback, number_range) override {
        asked.emplace(key);
        const auto it = values_.find(key);
        return it == values_.end() ? fallback : it->second;
    }
    bool boolean(std::string_view key, bool fallback) override {
        return number(key, fallback ? 1 : 0, {}) != 0;
    }
    std::string text(std::string_view, std::string_view fallback) override {
        return std::string(fallback);
    }
    std::string one_of(std::string_view, std::string_view fallback,
                       std::initializer_list<std::string_view>) override {
        return std::string(fallback);
    }
    std::chrono::nanoseconds duration(std::string_view, std::chrono::nanoseconds f) override {
        return f;
    }
    std::vector<std::string> texts(std::string_view) override { return {}; }
    parameters& object(std::string_view) override { return *this; }
    std::vector<parameters*> objects(std::string_view) override { return {}; }
    std::vector<std::string> keys() override { return {}; }
    void reject(std::string_view key, std::string_view, std::string_view) override {
        rejected.emplace_back(key);
    }
    void warn(std::string_view, std::string_view) override {}
    void note(std::string_view key, std::string_view) override { noted.emplace_back(key); }
    bool ok() const override { return rejected.empty(); }
    void ignore_all() override {}

    std::set<std::string, std::less<>> asked;

  private:
    std::map<std::string, double, std::less<>> values_;
};

class context_stub final : public plugin_context {
  public:
    std::string_view name() const override { return "mine"; }
    std::string_view type() const override { return "approx-prefix-cache-producer"; }
    data_slot consume(data_kind kind, std::string_view, data_need) override {
        consumed.insert(kind);
        return 0;
    }
    data_slot publish(data_kind kind) override {
        published.insert(kind);
        return 0;
    }
    void refer(parameters&, std::string_view, std::string_view, std::string_view) override {}

    std::set<data_kind> consumed;
    std::set<data_kind> published;
};

class directory_stub final : public plugin_directory {
  public:
    plugin* find(std::string_view) const override { return nullptr; }
    std::uint32_t profile(std::string_view name) const override {
        return name == "prefill" ? 1 : no_profile;
    }
};

std::unique_ptr<plugin> make(std::map<std::string, double, std::less<>> values = {}) {
    given_parameters p(std::move(values));
    context_stub context;
    auto made = find_plugin_type("approx-prefix-cache-producer")->make(p, context);
    if (made) made->link(directory_stub());
    return made;
}

/// One worker with a pool of endpoints and the plugin.
struct worker {
    plugin& tested;
    std::unique_ptr<plugin_scratch> scratch;
    std::vector<endpoint> endpoints;
    signal_columns signals;
    std::vector<std::uint32_t> ready;
    producer_data data;
    random_source random{1};
    std::chrono::steady_clock::time_point now{std::chrono::hours(1)};

    explicit worker(plugin& p, std::size_t n = 4) : tested(p), scratch(p.make_scratch()) {
        for (std::uint32_t i = 0; i < n; ++i) add_endpoint("e" + std::to_string(i), i + 1);
        data.prefix.resize(1);
    }
    void add_endpoint(std::string name, std::uint64_t serial) {
        endpoint e;
        e.name = std::move(name);
        e.serial = serial;
        endpoints.push_back(e);
        signals.reset(endpoints.size());
        ready.resize(endpoints.size());
        for (std::uint32_t i = 0; i < ready.size(); ++i) ready[i] = i;
    }
    candidate_view view() { return {endpoints, &signals, &data, ready}; }

    const prefix_match& produce(const inference_request& request) {
        data.clear();
        decision_context context{request, now, random};
        context.scratch_object = scratch.get();
        tested.as_producer()->produce(context, view(), data);
        return data.prefix[0];
    }
    /// Produces, and sends the request to `primary`, its prefill to `prefill`.
    void send(const inference_request& request, std::uint32_t primary,
              std::optional<std::uint32_t> prefill = {}) {
        produce(request);
        decision chosen;
        chosen.targets.push_back(primary);
        chosen.profiles.push_back({0, profile_status::ran, 0, 1});
        if (prefill) {
            chosen.targets.push_back(*prefill);
            chosen.profiles.push_back({1, profile_status::ran, 1, 1});
        }
        decision_context context{request, now, random};
        context.scratch_object = scratch.get();
        tested.as_pre_request_hook()->pre_request(context, view(), chosen);
    }
};

/// A request whose prompts are owned here.
struct sent {
    std::vector<std::string> texts;
    std::vector<prompt> prompts;
    inference_request request;

    explicit sent(std::vector<std::string> t, std::string_view model = "m",
                  std::string_view salt = "")
        : texts(std::move(t)) {
        for (const auto& text : texts) prompts.push_back({text});
        request.target_model = model;
        request.cache_salt = salt;
        request.prompts = prompts;
    }
    sent(const sent&) = delete;
};

std::string text(std::size_t n, char seed = 'a') {
    std::string s;
    for (std::size_t i = 0; i < n; ++i)
        s += static_cast<char>(seed + static_cast<int>((i * 31 + i / 7) % 20));
    return s;
}

std::vector<double> row(std::initializer_list<double> values) { return values; }

}  // namespace

TEST_SUITE("scheduling/approx_prefix_cache") {
    TEST_CASE("an endpoint holds the blocks it was sent, in blocks of 64 tokens by default") {
        const auto plugin = make();
        worker w(*plugin);
        const sent first({text(1000)});
        const auto& before = w.produce(first.request);
        CHECK(before.present);
        CHECK(before.total_blocks == 4);
        CHECK(before.block_size_tokens == 64);
        CHECK(before.matched_blocks == row({0, 0, 0, 0}));
        w.send(first.request, 2);
        const sent longer({text(1000) + text(600, 'k')});
        const auto& after = w.produce(longer.request);
        CHECK(after.total_blocks == 7);
        CHECK(after.matched_blocks == row({0, 0, 3, 0}));  // its fourth block was partial
        w.send(longer.request, 1);
        CHECK(w.produce(first.request).matched_blocks == row({0, 3, 4, 0}));
    }

    TEST_CASE("the target model and the salt are part of the key, the client's name is not") {
        const auto plugin = make();
        worker w(*plugin, 2);
        sent base({text(512)});
        w.send(base.request, 0);
        base.request.model = "other name";
        CHECK(w.produce(base.request).matched_blocks == row({2, 0}));
        const sent adapter({text(512)}, "adapter");
        CHECK(w.produce(adapter.request).matched_blocks == row({0, 0}));
        const sent salted({text(512)}, "m", "tenant");
        CHECK(w.produce(salted.request).matched_blocks == row({0, 0}));
    }

    TEST_CASE("several prompts of a request are chains of their own and add up") {
        const auto plugin = make();
        worker w(*plugin, 2);
        const sent two({text(512), text(300, 'k')});
        w.send(two.request, 1);
        CHECK(w.produce(two.request).total_blocks == 4);
        CHECK(w.produce(two.request).matched_blocks == row({0, 4}));
        const sent second({text(300, 'k')});
        CHECK(w.produce(second.request).matched_blocks == row({0, 2}));
    }

    TEST_CASE("without text nothing is produced") {
        const auto plugin = make();
        worker w(*plugin, 2);
        const sent none({});
        CHECK_FALSE(w.produce(none.request).present);
        w.send(none.request, 0);
        const sent empty({""});
        CHECK_FALSE(w.produce(empty.request).present);
    }

    TEST_CASE("the prefill endpoint is remembered beside the primary one") {
        const auto plugin = make();
        worker w(*plugin);
        const sent s({text(256)});
        w.send(s.request, 3, 1);
        CHECK(w.produce(s.request).matched_blocks == row({0, 1, 0, 1}));
    }

    TEST_CASE("autoTune takes the block size of the first candidate, but not below 64") {
        const auto plugin = make();
        worker w(*plugin, 2);
        const sent s({text(4096)});
        w.signals.block_size = {128, 256};
        CHECK(w.produce(s.request).block_size_tokens == 128);
        CHECK(w.produce(s.request).total_blocks == 8);
        w.ready = {1};
        CHECK(w.produce(s.request).block_size_tokens == 256);
        w.signals.block_size = {16, 16};
        CHECK(w.produce(s.request).block_size_tokens == 64);
        const auto fixed = make({{"autoTune", 0}, {"blockSizeTokens", 100}});
        worker f(*fixed, 1);
        f.signals.block_size = {256};
        CHECK(f.produce(s.request).block_size_tokens == 100);
        CHECK(f.produce(s.request).total_blocks == 11);  // 1024 tokens
    }

    TEST_CASE("the deprecated blockSize counts while blockSizeTokens has its default") {
        const sent s({text(4096)});
        const auto old = make({{"blockSize", 128}});
        worker a(*old, 1);
        CHECK(a.produce(s.request).block_size_tokens == 128);
        const auto both = make({{"blockSize", 128}, {"blockSizeTokens", 256}});
        worker b(*both, 1);
        CHECK(b.produce(s.request).block_size_tokens == 256);
    }

    TEST_CASE("the limits on what is matched") {
        const sent s({text(200'000 * 4)});
        const auto blocks = [&](std::map<std::string, double, std::less<>> values) {
            const auto plugin = make(std::move(values));
            worker w(*plugin, 1);
            return w.produce(s.request).total_blocks;
        };
        CHECK(blocks({}) == 2048);  // 131072 / 64
        CHECK(blocks({{"maxPrefixTokensToMatch", 1000}}) == 15);
        CHECK(blocks({{"maxPrefixBlocksToMatch", 10}}) == 2048);
        CHECK(blocks({{"maxPrefixTokensToMatch", 0}}) == 2048);
        CHECK(blocks({{"maxPrefixTokensToMatch", 0}, {"maxPrefixBlocksToMatch", 10}}) == 10);
        CHECK(blocks({{"maxPrefixTokensToMatch", 0}, {"maxPrefixBlocksToMatch", 0}}) == 3125);
    }

    TEST_CASE("capacity is the server's number of blocks, else the parameter, else 31250") {
        const auto matched = [](std::map<std::string, double, std::less<>> values, double reported,
                                double block = 0) {
            const auto plugin = make(std::move(values));
            worker w(*plugin, 1);
            w.signals.block_count = {reported};
            w.signals.block_size = {block};
            const sent s({text(256 * 12)});
            w.send(s.request, 0);
            return w.produce(s.request).matched_blocks[0];
        };
        CHECK(matched({}, 0) == 12);
        CHECK(matched({}, 7) == 7);
        CHECK(matched({{"lruCapacityPerServer", 5}}, 0) == 5);
        CHECK(matched({{"lruCapacityPerServer", 5}}, 7) == 7);
        CHECK(matched({{"lruCapacityPerServer", 5}, {"autoTune", 0}, {"blockSizeTokens", 64}}, 7) ==
              5);
        CHECK(matched({{"lruCapacityPerServer", 0}}, 0) == 12);
        // 40 reported blocks of 16 tokens are 640 tokens: 10 blocks of 64
        CHECK(matched({{"tokenCapacityShare", 1}}, 40, 16) == 10);
        CHECK(matched({{"tokenCapacityShare", 1}}, 0, 16) == 12);
        CHECK(matched({{"tokenCapacityShare", 1}, {"lruCapacityPerServer", 5}}, 40, 0) == 12);
    }

    TEST_CASE("a prompt that was cut is gone, but where tokens are counted it loses its end") {
        const auto matched = [](std::map<std::string, double, std::less<>> values) {
            const auto plugin = make(std::move(values));
            worker w(*plugin, 1);
            w.signals.block_count = {3};
            w.signals.block_size = {64};
            const sent first({text(256 * 2)});
            w.send(first.request, 0);
            const sent second({"another " + text(256 * 2 - 8)});
            w.send(second.request, 0);
            const auto of_first = w.produce(first.request).matched_blocks[0];
            return std::to_string(static_cast<int>(of_first)) + " " +
                   std::to_string(static_cast<int>(w.produce(second.request).matched_blocks[0]));
        };
        CHECK(matched({}) == "0 2");
        CHECK(matched({{"lruCapacityPerServer", 3}, {"autoTune", 0}, {"blockSizeTokens", 64}}) ==
              "0 2");
        CHECK(matched({{"tokenCapacityShare", 1}}) == "1 2");
    }

    TEST_CASE("bad parameters are refused, and only those that exist are asked for") {
        const auto rejected = [](std::map<std::string, double, std::less<>> values) {
            given_parameters p(std::move(values));
            context_stub context;
            const auto made = find_plugin_type("approx-prefix-cache-producer")->make(p, context);
            CHECK((made == nullptr) == !p.rejected.empty());
            return p.rejected;
        };
        using names = std::vector<std::string>;
        CHECK(rejected({{"maxPrefixTokensToMatch", -1}}) == names{"maxPrefixTokensToMatch"});
        CHECK(rejected({{"autoTune", 0}, {"blockSizeTokens", 0}}) == names{"blockSizeTokens"});
        CHECK(rejected({{"autoTune", 0}, {"blockSizeTokens", -5}}) == names{"blockSizeTokens"});
        CHECK(rejected({{"blockSizeTokens", 0}}).empty());
        CHECK(rejected({{"autoTune", 0}}).empty());

        given_parameters p({{"blockSizeTokens", 32}});
        context_stub context;
        CHECK(find_plugin_type("approx-prefix-cache-producer")->make(p, context) != nullptr);
        CHECK(p.noted == names{"blockSizeTokens"});
        CHECK(p.asked ==
              std::set<std::string, std::less<>>{"autoTune", "blockSize", "blockSizeTokens",
                                                 "lruCapacityPerServer", "maxPrefixBlocksToMatch",
                                                 "maxPrefixTokensToMatch", "tokenCapacityShare"});
        CHECK(context.published == std::set{data_kind::prefix_match});
        CHECK(context.consumed == std::set{data_kind::tokenized_prompt});
    }

    TEST_CASE("matches follow endpoints when the pool changes its order") {
        const auto plugin = make();
        worker w(*plugin, 3);
        const sent s({text(256)});
        w.send(s.request, 0);
        CHECK(w.produce(s.request).matched_blocks == row({1, 0, 0}));
        std::reverse(w.endpoints.begin(), w.endpoints.end());
        CHECK(w.produce(s.request).matched_blocks == row({0, 0, 1}));
        const sent t({text(256, 'k')});
        w.send(t.request, 0);
        std::reverse(w.endpoints.begin(), w.endpoints.end());
        CHECK(w.produce(t.request).matched_blocks == row({0, 0, 1}));
        w.endpoints.erase(w.endpoints.begin());
        w.signals.reset(2);
        w.ready = {0, 1};
        CHECK(w.produce(s.request).matched_blocks == row({0, 0}));
        CHECK(w.produce(t.request).matched_blocks == row({0, 1}));
    }

    TEST_CASE("an endpoint that has left the pool for two sweeps is forgotten") {
        const auto plugin = make();
        worker w(*plugin, 2);
        const sent s({text(256)});
        const sent other({text(256, 'k')});
        w.send(s.request, 0);
        const auto gone = w.endpoints[0];
        w.endpoints.erase(w.endpoints.begin());
        w.signals.reset(1);
        w.ready = {0};
        for (int i = 0; i < 4; ++i) {
            w.now += std::chrono::seconds(121);
            w.send(other.request, 0);
        }
        w.endpoints.push_back(gone);
        w.signals.reset(2);
        w.ready = {0, 1};
        CHECK(w.produce(s.request).matched_blocks == row({0, 0}));
        CHECK(w.produce(other.request).matched_blocks == row({1, 0}));
    }

    TEST_CASE("workers share what was learned, and a reload keeps it") {
        const auto plugin = make();
        worker a(*plugin, 2);
        worker b(*plugin, 2);
        const sent s({text(600)});
        a.send(s.request, 1);
        CHECK(b.produce(s.request).matched_blocks == row({0, 3}));
        const auto reloaded = make({{"lruCapacityPerServer", 100}});
        reloaded->adopt(*plugin);
        worker c(*reloaded, 2);
        CHECK(c.produce(s.request).matched_blocks == row({0, 3}));
    }

    TEST_CASE("a request that was not produced for is not remembered") {
        const auto plugin = make();
        worker w(*plugin, 2);
        const sent s({text(600)});
        w.produce(s.request);
        w.data.clear();  // the next request, whose producers failed
        decision chosen;
        chosen.targets.push_back(0U);
        chosen.profiles.push_back({0, profile_status::ran, 0, 1});
        decision_context context{s.request, w.now, w.random};
        context.scratch_object = w.scratch.get();
        plugin->as_pre_request_hook()->pre_request(context, w.view(), chosen);
        CHECK(w.produce(s.request).matched_blocks == row({0, 0}));
    }

    TEST_CASE("size, hit ratio and hit bytes are shown under both names") {
        const auto plugin = make();
        worker w(*plugin, 2);
        const sent s({text(512)});
        w.send(s.request, 0);
        w.send(s.request, 0);
        metrics::exposition out;
        dynamic_cast<const metrics::source&>(*plugin).collect(out);
        const auto page = out.text();
        const auto has = [&](const char* line) {
            CAPTURE(line);
            CHECK(page.find(line) != std::string::npos);
        };
        const std::string own =
            R"({plugin_name="mine",plugin_type="approx-prefix-cache-producer"})";
        has(("llm_d_epp_prefix_indexer_size" + own + " 2\n").c_str());
        has(("llm_d_epp_prefix_indexer_hit_ratio_count" + own + " 2\n").c_str());
        has(("llm_d_epp_prefix_indexer_hit_ratio_sum" + own + " 1\n").c_str());
        has(("llm_d_epp_prefix_indexer_hit_bytes_sum" + own + " 512\n").c_str());
        has("inference_extension_prefix_indexer_size 2\n");
        has("inference_extension_prefix_indexer_hit_bytes_bucket{le=\"256\"} 1\n");
        has("inference_extension_prefix_indexer_hit_bytes_bucket{le=\"512\"} 2\n");
        has("# HELP llm_d_epp_prefix_indexer_size [ALPHA] Size of the prefix indexer.\n");
        has("# HELP inference_extension_prefix_indexer_size [ALPHA] [Deprecated: Use "
            "llm_d_epp_prefix_indexer_size] Size of the prefix indexer.\n");
        has(("weir_prefix_index_bytes" + own).c_str());
    }
}
