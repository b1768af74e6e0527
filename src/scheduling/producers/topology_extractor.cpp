#include <memory>

#include "scheduling/topology.hpp"

namespace weir::scheduling::plugins {

namespace {

std::string label(parameters& p, std::string_view key, std::string_view fallback) {
    auto name = p.text(key, fallback);
    return name.empty() ? std::string(fallback) : name;
}

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    context.publish(data_kind::topology);
    return std::make_unique<topology_labels>(
        std::array<std::string, 4>{label(p, "hostname", "kubernetes.io/hostname"),
                                   label(p, "rack", "topology.kubernetes.io/rack"),
                                   label(p, "zone", "topology.kubernetes.io/zone"),
                                   label(p, "region", "topology.kubernetes.io/region")});
}

constexpr parameter_doc docs[] = {
    {"hostname", "string", "kubernetes.io/hostname", "label with the host"},
    {"rack", "string", "topology.kubernetes.io/rack", "label with the rack"},
    {"zone", "string", "topology.kubernetes.io/zone", "label with the zone"},
    {"region", "string", "topology.kubernetes.io/region", "label with the region"},
};

}  // namespace

extern const plugin_type topology_extractor = {
    .name = "topology-extractor",
    .level = stability::alpha,
    .summary = "reads from labels where an endpoint runs",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
