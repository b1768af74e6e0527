#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// For conformance tests: tells the client who served it.
class served_endpoint final : public plugin_of<response_hook> {
  public:
    void response_header(const response_facts& facts,
                         std::vector<header_change>& changes) override {
        const auto targets = facts.chosen.primary_targets();
        if (targets.empty()) return;
        changes.push_back(
            {"x-conformance-test-served-endpoint", facts.endpoints[targets[0]].authority(), false});
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<served_endpoint>();
}

}  // namespace

extern const plugin_type destination_endpoint_served_verifier = {
    .name = "destination-endpoint-served-verifier",
    .level = stability::beta,
    .summary = "for tests: x-conformance-test-served-endpoint names who served",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
