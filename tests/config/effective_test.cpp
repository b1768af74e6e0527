#include "config/effective.hpp"

#include <doctest/doctest.h>

#include "resolve_support.hpp"

using namespace weir::config;
using namespace weir::config::testing;

TEST_SUITE("config/effective") {
    TEST_CASE("it says what is in force, and where each object was written") {
        const auto json = resolve_text(whole()).m->effective_json;
        for (
            const auto* part : {
                R"("listeners":[{"gateway":"default/gw","name":"http","protocol":"HTTP","hostname":"","address":"127.0.0.1",)",
                R"("matches":[{"path":{"type":"PathPrefix","value":"/"}}])",
                R"("backendRefs":[{"kind":"InferencePool","name":"default/pool","weight":1}])",
                R"("pickerConfig":"built-in default")",
                R"("endpoints":[{"name":"default/a","host":"10.0.0.1","ports":[8000],"ready":true}])",
                R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","namespace":"default","name":"gw","file":"f1.yaml","line":4})",
            }) {
            CAPTURE(part);
            CAPTURE(json);
            CHECK(json.find(part) != std::string::npos);
        }
    }
}
