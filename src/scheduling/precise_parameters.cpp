#include "scheduling/precise_parameters.hpp"

#include <memory>
#include <string>

#include "scheduling/node_parameters.hpp"

namespace weir::scheduling {

namespace {

using config::node;

std::string text_of(const node& plugin, std::string_view key, std::string_view fallback) {
    const auto* v = plugin.get(key);
    return v != nullptr && v->is_scalar() && !v->scalar.empty() ? v->scalar : std::string(fallback);
}

/// Whatever it holds: other systems read it.
void accept(parameters& p, std::string_view key) {
    if (!p.has(key)) return;
    auto& object = p.object(key);
    object.keys();
    object.ignore_all();
}

void read_tokens(parameters& p) {
    p.integer("blockSizeTokens", 16, above(0));
    p.integer("blockSize", 16, above(0));
    p.text("hashSeed", "");
    p.one_of("hashAlgorithm", "", {"", "cbor-fnv", "xxh64"});
}

void read_index(parameters& p, bool scorer) {
    auto& index = p.object("kvBlockIndexConfig");
    accept(index, "inMemoryConfig");
    accept(index, "redisConfig");
    accept(index, "costAwareMemoryConfig");
    index.boolean("enableMetrics", false);
    index.integer("metricsLoggingInterval", 0);
    for (auto* backend : p.objects("kvCacheBackendConfigs")) {
        backend->text("name", "");
        backend->number("weight", 1);
    }
    if (!p.has("tokenizersPoolConfig")) return;
    if (scorer) return accept(p, "tokenizersPoolConfig");
    p.reject("tokenizersPoolConfig",
             "indexerConfig.tokenizersPoolConfig is not supported: configure a token-producer",
             "remove it, and add a plugin of type `token-producer`");
}

void read_events(parameters& p) {
    p.text("zmqEndpoint", "");
    p.text("topicFilter", "kv@");
    p.integer("concurrency", 4);
    p.one_of("engineType", "", {"", "vllm", "sglang"});
    p.boolean("discoverPods", true);
    auto& pods = p.object("podDiscoveryConfig");
    pods.text("podLabelSelector", "");
    pods.text("podNamespace", "");
    pods.integer("socketPort", 5557);
    pods.integer("replaySocketPort", 0);
}

}  // namespace

void check_precise_parameters(const node& plugin, bool older, config::findings& found) {
    const auto type = text_of(plugin, "type", "");
    auto style = std::make_shared<node_parameters::style>();
    style->prefix =
        "failed to create plugin '" + text_of(plugin, "name", type) + "' (type: " + type + "): ";
    style->allow_unknown = older;
    node_parameters p(plugin.get("parameters"), style, found, plugin.at);
    read_tokens(p.object("tokenProcessorConfig"));
    read_index(p.object("indexerConfig"), type.ends_with("-scorer"));
    read_events(p.object("kvEventsConfig"));
    p.boolean("speculativeIndexing", false);
    p.duration("speculativeTTL", std::chrono::seconds(2));
    p.report_unknown();
}

}  // namespace weir::scheduling
