#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.hpp"
#include "doctest_vectors.hpp"
#include "scheduling/plugin_registry.hpp"
#include "scheduling/scheduler.hpp"
#include "test_pool.hpp"
#include "told_producers.hpp"

namespace weir::scheduling::testing {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

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

/// The one error of a document: `CODE line:column message`. Lines count from the document's first.
inline std::string error_of(std::string_view body) {
    const auto l = load_text(document_of(body));
    CHECK(l.made == nullptr);
    auto all = l.all();
    if (!all.empty()) all.pop_back();
    return all;
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
