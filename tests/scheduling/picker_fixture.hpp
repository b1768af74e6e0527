#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/parse.hpp"
#include "scheduling/plugin_registry.hpp"
#include "scheduling/scheduler.hpp"

namespace weir::scheduling::testing {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

/// A pool of endpoints `ns/e0`, `ns/e1`, … at 10.0.0.1, 10.0.0.2, … with idle, fresh signals.
struct test_pool {
    std::vector<endpoint> endpoints;
    signal_columns signals;
    std::vector<std::uint32_t> ready;

    explicit test_pool(std::size_t n) {
        signals.reset(n);
        for (std::uint32_t i = 0; i < n; ++i) {
            endpoint e;
            e.name_space = "ns";
            e.name = "e" + std::to_string(i);
            e.address = "10.0.0." + std::to_string(i + 1);
            e.port = 8000;
            e.serial = i + 1;
            endpoints.push_back(std::move(e));
            signals.age_seconds[i] = 0.01;
            ready.push_back(i);
        }
    }

    /// Sorted, as the contract promises.
    void label(std::size_t i, std::string key, std::string value) {
        auto& labels = endpoints[i].labels;
        labels.emplace_back(std::move(key), std::move(value));
        std::sort(labels.begin(), labels.end());
    }
};

/// What prefix matches `test-prefix-producer` hands out: its plugins read this one place.
struct told_prefix {
    double total = 0;
    double block = 16;
    std::vector<double> matched;
    std::vector<double> cached;
    bool absent = false;
};
inline told_prefix& prefix_told() {
    static told_prefix told;
    return told;
}

class test_prefix final : public plugin_of<producer> {
  public:
    explicit test_prefix(data_slot slot) : slot_(slot) {}
    void produce(const decision_context&, const candidate_view& candidates,
                 producer_data& data) override {
        const auto& told = prefix_told();
        if (told.absent) return;
        auto& out = data.prefix[slot_];
        out.reset(candidates.endpoints.size(), told.total, told.block);
        for (std::size_t i = 0; i < told.matched.size(); ++i)
            out.matched_blocks[i] = told.matched[i];
        if (!told.cached.empty()) out.cached_blocks = told.cached;
    }

  private:
    data_slot slot_;
};

inline const plugin_type test_prefix_type = {
    .name = "test-prefix-producer",
    .level = stability::beta,
    .summary = "for tests",
    .docs = {},
    .aliases = {},
    .make = [](parameters&, plugin_context& c) -> std::unique_ptr<plugin> {
        return std::make_unique<test_prefix>(c.publish(data_kind::prefix_match));
    },
};

/// What latency predictions `test-latency-producer` hands out.
struct told_latency {
    bool absent = false;
    std::vector<double> ttft, tpot, ttft_headroom, tpot_headroom, dispatched;
    std::vector<std::uint8_t> valid;
};
inline told_latency& latency_told() {
    static told_latency told;
    return told;
}

class test_latency final : public plugin_of<producer> {
  public:
    explicit test_latency(data_slot slot) : slot_(slot) {}
    void produce(const decision_context&, const candidate_view& candidates,
                 producer_data& data) override {
        const auto& told = latency_told();
        if (told.absent) return;
        auto& out = data.latency[slot_];
        out.reset(candidates.endpoints.size());
        const auto copy = [](const auto& from, auto& to) {
            for (std::size_t i = 0; i < from.size() && i < to.size(); ++i) to[i] = from[i];
        };
        copy(told.ttft, out.ttft_ms);
        copy(told.tpot, out.tpot_ms);
        copy(told.ttft_headroom, out.ttft_headroom);
        copy(told.tpot_headroom, out.tpot_headroom);
        copy(told.dispatched, out.dispatched);
        copy(told.valid, out.valid);
    }

  private:
    data_slot slot_;
};

inline const plugin_type test_latency_type = {
    .name = "test-latency-producer",
    .level = stability::beta,
    .summary = "for tests",
    .docs = {},
    .aliases = {},
    .make = [](parameters&, plugin_context& c) -> std::unique_ptr<plugin> {
        return std::make_unique<test_latency>(c.publish(data_kind::latency_prediction));
    },
};

/// Reads a picker document from YAML; `at(line, column)` of findings refer to this text.
struct loaded {
    config::findings found;
    std::shared_ptr<const pipeline> made;

    const config::finding* first(config::severity level = config::severity::error) const {
        for (const auto& f : found.list()) {
            if (f.level == level) return &f;
        }
        return nullptr;
    }
    /// Every finding of a level, `CODE line:column message` a line.
    std::string all(config::severity level = config::severity::error) const {
        std::string out;
        for (const auto& f : found.list()) {
            if (f.level != level) continue;
            out += f.code + " " + std::to_string(f.at.start.line) + ":" +
                   std::to_string(f.at.start.column) + " " + f.message + "\n";
        }
        return out;
    }
};

inline loaded load_text(std::string_view yaml, const pipeline* previous = nullptr) {
    static const bool added = add_plugin_type(&test_prefix_type) == nullptr &&
                              add_plugin_type(&test_latency_type) == nullptr;
    REQUIRE(added);
    loaded out;
    auto source = std::make_shared<config::source_file>();
    source->path = "picker.yaml";
    source->text = yaml;
    config::picker_document document;
    document.root = config::parse_single(source, out.found);
    REQUIRE(document.root != nullptr);
    document.origin = "test";
    out.made = pipeline::make(document, preset::reference, out.found, previous);
    return out;
}

/// A pipeline that must load. `plugins` and `profile` are the YAML below those keys, in flow or
/// block style.
inline std::shared_ptr<const pipeline> load_ok(std::string_view yaml) {
    auto l = load_text(yaml);
    INFO(l.all());
    REQUIRE(l.made != nullptr);
    return l.made;
}

inline std::string document_of(std::string_view body) {
    return "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n" + std::string(body);
}

/// One plugin, alone in a profile with the test producers, and what it makes of a pool.
struct bench_plugin {
    std::shared_ptr<const pipeline> made;
    workspace ws;

    explicit bench_plugin(std::string_view type, std::string_view parameters = {}) {
        std::string text =
            "plugins:\n- {name: prefix, type: test-prefix-producer}\n"
            "- {name: latency, type: test-latency-producer}\n- name: it\n  type: " +
            std::string(type) + "\n";
        if (!parameters.empty()) text += "  parameters: " + std::string(parameters) + "\n";
        text += "schedulingProfiles:\n- name: p\n  plugins: [{pluginRef: it}]\n";
        made = load_ok(document_of(text));
    }

    profile_explanation run(const test_pool& pool, const inference_request& request = {},
                            std::uint64_t seed = 1) {
        const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, seed};
        auto e = made->explain(in, ws, true);
        REQUIRE(e.profiles.size() == 1);
        return e.profiles[0];
    }
    std::vector<double> scores(const test_pool& pool, const inference_request& request = {}) {
        const auto p = run(pool, request);
        REQUIRE(p.scorers.size() == 1);
        return p.scorers[0].raw;
    }
    std::vector<std::uint32_t> kept(const test_pool& pool, const inference_request& request = {},
                                    std::uint64_t seed = 1) {
        return run(pool, request, seed).survivors;
    }
};

/// Element by element within 1e-12.
inline bool near(const std::vector<double>& got, const std::vector<double>& want) {
    if (got.size() != want.size()) return false;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!(std::fabs(got[i] - want[i]) < 1e-12)) return false;
    }
    return true;
}

}  // namespace weir::scheduling::testing

namespace doctest {
template <class T>
struct StringMaker<std::vector<T>> {
    static String convert(const std::vector<T>& values) {
        std::string out = "[";
        for (const auto& v : values) {
            if (out.size() > 1) out += ", ";
            if constexpr (std::is_arithmetic_v<T>) {
                out += std::to_string(v);
            } else if constexpr (std::is_enum_v<T>) {
                out += std::to_string(static_cast<int>(v));
            } else {
                out += v;
            }
        }
        return (out + "]").c_str();
    }
};
}  // namespace doctest
