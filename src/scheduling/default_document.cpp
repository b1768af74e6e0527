#include "scheduling/default_document.hpp"

#include "scheduling/node_builder.hpp"

namespace weir::scheduling {

using config::node;

namespace {

node plugin(std::string_view type) { return make_mapping({{"type", make_scalar(type)}}); }

node reference(std::string_view name) { return make_mapping({{"pluginRef", make_scalar(name)}}); }

node weighted(std::string_view name, std::string_view weight) {
    return make_mapping({{"pluginRef", make_scalar(name)}, {"weight", make_scalar(weight)}});
}

node plugin_with(std::string_view type, std::string_view key, std::string_view value) {
    return make_mapping({{"type", make_scalar(type)},
                         {"parameters", make_mapping({{std::string(key), make_scalar(value)}})}});
}

node metrics_layer() {
    auto source = reference("metrics-data-source");
    source.fields.emplace_back(make_scalar("extractors"),
                               make_sequence({reference("core-metrics-extractor")}));
    return make_mapping({{"sources", make_sequence({source})}});
}

node document(node plugins, node profile_plugins) {
    return make_mapping({
        {"apiVersion", make_scalar("llm-d.ai/v1alpha1")},
        {"kind", make_scalar("EndpointPickerConfig")},
        {"plugins", std::move(plugins)},
        {"schedulingProfiles",
         make_sequence({make_mapping(
             {{"name", make_scalar("default")}, {"plugins", std::move(profile_plugins)}})})},
        {"dataLayer", metrics_layer()},
    });
}

// llm-d-router's own default.
node reference_document() {
    return document(
        make_sequence({plugin("queue-scorer"), plugin("kv-cache-utilization-scorer"),
                       plugin("prefix-cache-scorer"), plugin("metrics-data-source"),
                       plugin("core-metrics-extractor")}),
        make_sequence({weighted("queue-scorer", "2"), weighted("kv-cache-utilization-scorer", "2"),
                       weighted("prefix-cache-scorer", "3")}));
}

// The policy of docs/policies.md. It believes in a little more cache than
// there is: a prompt that was just forgotten is best computed where the rest of its conversation
// will look for it.
node weir_document() {
    return document(
        make_sequence({plugin_with("approx-prefix-cache-producer", "tokenCapacityShare", "1.15"),
                       plugin("inflight-load-producer"), plugin("prefill-delay-scorer"),
                       plugin("metrics-data-source"), plugin("core-metrics-extractor")}),
        make_sequence({weighted("prefill-delay-scorer", "1")}));
}

}  // namespace

std::shared_ptr<const node> default_document(preset which) {
    return std::make_shared<const node>(which == preset::weir ? weir_document()
                                                              : reference_document());
}

}  // namespace weir::scheduling
