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

}  // namespace

std::shared_ptr<const node> default_document(preset) {
    auto source = reference("metrics-data-source");
    source.fields.emplace_back(make_scalar("extractors"),
                               make_sequence({reference("core-metrics-extractor")}));
    return std::make_shared<const node>(make_mapping({
        {"apiVersion", make_scalar("llm-d.ai/v1alpha1")},
        {"kind", make_scalar("EndpointPickerConfig")},
        {"plugins", make_sequence({plugin("queue-scorer"), plugin("kv-cache-utilization-scorer"),
                                   plugin("prefix-cache-scorer"), plugin("metrics-data-source"),
                                   plugin("core-metrics-extractor")})},
        {"schedulingProfiles",
         make_sequence(
             {make_mapping({{"name", make_scalar("default")},
                            {"plugins", make_sequence({weighted("queue-scorer", "2"),
                                                       weighted("kv-cache-utilization-scorer", "2"),
                                                       weighted("prefix-cache-scorer", "3")})}})})},
        {"dataLayer", make_mapping({{"sources", make_sequence({source})}})},
    }));
}

}  // namespace weir::scheduling
