#include "datalayer/engine_catalog.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace weir::datalayer;

namespace {

weir::endpoint labelled(const char* key, const char* value, std::uint16_t port = 9000) {
    weir::endpoint e;
    e.port = port;
    if (*key != '\0') e.labels = {{key, value}};
    return e;
}

std::string chosen(const engine_catalog& c, const weir::endpoint& e) {
    const auto choice = c.choose(e);
    return choice.engine == nullptr ? "" : choice.engine->name;
}

/// The engine that a page of one line is taken for.
std::string recognised(const engine_catalog& c, const std::string& page) {
    const auto plan = c.choose(labelled("", "")).plan;
    page_reader reader;
    exposition_parser parser;
    reader.start(*plan);
    parser.start(plan->families(), reader);
    parser.feed(page);
    parser.finish(true, false);
    const auto& v = reader.finish();
    return v.engine == nullptr ? "" : v.engine->name;
}

weir::config::data_layer_settings usual_settings() {
    weir::config::data_layer_settings s;
    s.sources.push_back({});
    s.sources[0].name = s.sources[0].type = "metrics-data-source";
    return s;
}

}  // namespace

TEST_SUITE("datalayer/engine_catalog") {
    TEST_CASE("the engine label decides, the older key where the newer one is not there") {
        const engine_catalog c;
        CHECK(chosen(c, labelled("llm-d.ai/engine-type", "sglang")) == "sglang");
        CHECK(chosen(c, labelled("inference.networking.k8s.io/engine-type", "tgi")) == "tgi");
        auto both = labelled("llm-d.ai/engine-type", "triton");
        both.labels.insert(both.labels.begin(),
                           {"inference.networking.k8s.io/engine-type", "vllm"});
        CHECK(chosen(c, both) == "triton");
    }

    TEST_CASE("without a label, or with an unknown one, the page decides") {
        const engine_catalog c;
        CHECK(chosen(c, labelled("", "")).empty());
        CHECK(chosen(c, labelled("llm-d.ai/engine-type", "nonsense")).empty());
        CHECK(recognised(c, "llamacpp:requests_deferred 1\n") == "llama.cpp");
        CHECK(recognised(c, "sglang:num_queue_reqs 1\n") == "sglang");
        CHECK(c.fallback().name == "vllm");
    }

    TEST_CASE("another label key and another default engine") {
        weir::config::data_layer_settings s;
        s.engine_label_key = "my/engine";
        s.default_engine = "sglang";
        const engine_catalog c(s);
        CHECK(chosen(c, labelled("my/engine", "vllm")) == "vllm");
        CHECK(chosen(c, labelled("llm-d.ai/engine-type", "vllm")).empty());
        CHECK(c.fallback().name == "sglang");
    }

    TEST_CASE("an entry replaces a built-in engine as a whole; an empty spec disables its value") {
        weir::config::data_layer_settings s;
        s.engines.push_back({});
        s.engines[0].name = "vllm";
        s.engines[0].queued_requests_spec = "my:queue{state=waiting}";
        const engine_catalog c(s);
        const auto choice = c.choose(labelled("llm-d.ai/engine-type", "vllm"));
        REQUIRE(choice.engine != nullptr);
        CHECK(choice.engine->specs(signal::waiting)[0].text() == "my:queue{state=\"waiting\"}");
        CHECK(choice.engine->specs(signal::kv_usage).empty());
        CHECK(c.problems().empty());
    }

    TEST_CASE("a new engine is added and can be the default") {
        weir::config::data_layer_settings s;
        s.default_engine = "mine";
        s.engines.push_back({});
        s.engines[0].name = "mine";
        s.engines[0].queued_requests_spec = "vllm:num_requests_waiting";
        s.engines[0].cache_info_spec = "my:cache";
        s.engines[0].cache_block_size_label = "bs";
        const engine_catalog c(s);
        CHECK(recognised(c, "vllm:num_requests_waiting 1\n") == "mine");
        CHECK(recognised(c, "vllm:num_requests_running 1\n") == "vllm");
        CHECK(chosen(c, labelled("llm-d.ai/engine-type", "mine")) == "mine");
    }

    TEST_CASE("a spec that cannot be read is named") {
        weir::config::data_layer_settings s;
        s.engines.push_back({});
        s.engines[0].name = "mine";
        s.engines[0].kv_usage_spec = "a{b";
        const engine_catalog c(s);
        REQUIRE(c.problems().size() == 1);
        CHECK(c.problems()[0].find("engineConfigs entry mine, kvUsageSpec") == 0);
    }

    TEST_CASE("custom metrics are read from the page, named after attribute and extractor") {
        weir::config::data_layer_settings settings;
        settings.extractor = "mine";
        weir::config::engine_settings vllm;
        vllm.name = "vllm";
        vllm.queued_requests_spec = "vllm:num_requests_waiting";
        vllm.custom_metrics = {{"Swapped", "vllm:num_requests_swapped", {}},
                               {"Temperature", "gpu_temperature{gpu=\"0\"}", {}},
                               {"Bad", "{{", {}}};
        settings.engines = {vllm};
        const engine_catalog c(settings);
        CHECK(c.attribute_keys() == std::vector<std::string>{"Swapped/mine", "Temperature/mine"});
        CHECK(c.problems().size() == 1);
        const auto plan = c.choose(labelled("", "")).plan;
        page_reader reader;
        exposition_parser parser;
        const auto read = [&](std::string_view page) {
            reader.start(*plan);
            parser.start(plan->families(), reader);
            parser.feed(page);
            parser.finish(true, false);
            return reader.finish().customs;
        };
        const auto both = read(
            "vllm:num_requests_waiting 1\nvllm:num_requests_swapped 2.5\n"
            "gpu_temperature{gpu=\"1\"} 90\ngpu_temperature{gpu=\"0\"} -3\n");
        CHECK(both == std::vector<double>{2.5, -3});
        const auto none = read("vllm:num_requests_waiting 1\nvllm:num_requests_swapped NaN\n");
        REQUIRE(none.size() == 2);
        CHECK(std::isnan(none[0]));
        CHECK(std::isnan(none[1]));
    }

    TEST_CASE("catalogs of the same settings are alike, of others not") {
        const auto usual = usual_settings();
        auto s = usual;
        CHECK(engine_catalog(s).same_as(engine_catalog()));
        s.default_engine = "tgi";
        CHECK_FALSE(engine_catalog(s).same_as(engine_catalog()));
        s = usual;
        s.sources[0].port = 9100;
        CHECK_FALSE(engine_catalog(s).same_as(engine_catalog()));
        s = usual;
        s.sources[0].interval = std::chrono::seconds(1);
        CHECK_FALSE(engine_catalog(s).same_as(engine_catalog()));
        s = usual;
        s.engines.push_back({});
        s.engines[0].name = "mine";
        CHECK_FALSE(engine_catalog(s).same_as(engine_catalog()));
    }

    TEST_CASE("where the page is: by engine, by port, by the metrics source") {
        const engine_catalog c;
        const auto where = [](const engine_catalog& from, const weir::endpoint& e) {
            std::vector<std::string> out;
            for (const auto& l : from.choose(e).locations) {
                out.push_back((l.metrics_port == 0 ? "" : std::to_string(l.metrics_port)) + l.path);
            }
            return out;
        };
        using texts = std::vector<std::string>;
        CHECK(where(c, labelled("llm-d.ai/engine-type", "vllm")) == texts{"/metrics"});
        CHECK(where(c, labelled("llm-d.ai/engine-type", "trtllm-serve")) ==
              texts{"/prometheus/metrics", "/metrics"});
        CHECK(where(c, labelled("llm-d.ai/engine-type", "triton", 8000)) ==
              texts{"8002/metrics", "/metrics"});
        CHECK(where(c, labelled("llm-d.ai/engine-type", "triton", 9000)) == texts{"/metrics"});
        CHECK(where(c, labelled("llm-d.ai/engine-type", "ollama")).empty());
        CHECK(where(c, labelled("", "")) == texts{"/metrics", "/prometheus/metrics"});

        auto s = usual_settings();
        s.sources[0].path = "/m";
        const engine_catalog moved(s);
        CHECK(where(moved, labelled("llm-d.ai/engine-type", "trtllm-serve")) == texts{"/m"});
        CHECK(where(moved, labelled("", "")) == texts{"/m"});
        s.sources[0].port = 9100;
        CHECK(where(engine_catalog(s), labelled("", "")) == texts{"9100/m"});
        s.sources[0].scheme = "https";
        CHECK(where(engine_catalog(s), labelled("", "")) == texts{"9100/m"});
        CHECK(engine_catalog(s).tls() != nullptr);
        CHECK(engine_catalog(s).same_as(engine_catalog(s)));
        const engine_catalog lax(s);
        s.sources[0].insecure_skip_verify = false;
        CHECK_FALSE(engine_catalog(s).same_as(lax));
        s.sources[0].ca_cert_path = "/no/such/file";  // it is not asked, and said
        CHECK(where(engine_catalog(s), labelled("", "")).empty());
        CHECK(engine_catalog(s).problems().size() == 1);
        s.sources.clear();  // injectDefaults: false
        CHECK(where(engine_catalog(s), labelled("llm-d.ai/engine-type", "vllm")).empty());
    }
}
