#include <algorithm>
#include <string>

#include "base/strings.hpp"
#include "config/parsers.hpp"

namespace weir::config {

namespace {

/// A field of the other version of InferencePool: says which version it belongs to and what to
/// write here.
void report_other_version(const object& spec, std::string_view name, std::string_view there,
                          std::string_view here, std::string_view write) {
    auto& f = spec.reports().error("WEIR0213",
                                   spec.path().str() + "." + std::string(name) +
                                       " belongs to InferencePool " + std::string(there),
                                   spec.key_at(name));
    f.help = "in " + std::string(here) + " write `" + std::string(write) + "`";
}

void add_port(pool_resource& out, const field& number) {
    const auto port = number.port();
    if (!port) return;
    const bool again = std::any_of(out.target_ports.begin(), out.target_ports.end(),
                                   [&](const auto& p) { return p.value == port->value; });
    if (again) {
        number.error("WEIR0211", ": port number must be unique");
    } else {
        out.target_ports.push_back(*port);
    }
}

picker_ref_spec read_picker_ref(const field& from, bool v1) {
    picker_ref_spec out;
    out.at = from.at();
    const object o = v1 ? object(from, {"group", "kind", "name", "port", "failureMode"})
                        : object(from, {"group", "kind", "name", "portNumber", "failureMode"});
    if (!o) return out;
    out.ref = read_ref(o, "", "Service");
    out.at = out.ref.at;
    if (v1) {
        const field port_field = o["port"];
        if (port_field && port_field.value()->is_scalar()) {
            auto& f = port_field.error("WEIR0206",
                                       "must be a mapping, found " + describe(*port_field.value()));
            f.help = "write `port: {number: " + port_field.value()->scalar + "}`";
            f.suggestion = "{number: " + port_field.value()->scalar + "}";
        } else if (port_field) {
            const object port(port_field, {"number"});
            if (port) out.ref.port = port.need("number").port();
        } else if (out.ref.kind.value == "Service" && out.ref.group.value.empty()) {
            o.error(
                 "WEIR0204",
                 "port is required when kind is 'Service' or unspecified (defaults to 'Service')")
                .help = "add `port: {number: 9002}`";
        }
    } else {
        const auto port = o["portNumber"].port();
        out.ref.port = port ? *port : located<std::uint16_t>{9002, out.at};
    }
    const auto mode = o["failureMode"].choice({"FailOpen", "FailClose"});
    out.fail_open = mode && mode->value == "FailOpen";
    return out;
}

void check_size(const object& spec, pool_resource& out) {
    if (out.selector.size() > 64) {
        out.selector_wrong = true;
        spec["selector"].error("WEIR0210", "must have at most 64 labels, found " +
                                               std::to_string(out.selector.size()));
    }
}

void read_v1_selector(const object& spec, pool_resource& out) {
    const field selector = spec.need("selector");
    if (!selector.is_mapping()) return;
    out.selector_at = selector.at();
    const auto& fields = selector.value()->fields;
    const bool flat = std::any_of(fields.begin(), fields.end(), [](const auto& f) {
        return f.second.is_scalar() &&
               nearest(f.first.scalar, std::array<std::string_view, 1>{"matchLabels"}).empty();
    });
    if (flat && selector.value()->get("matchLabels") == nullptr) {
        auto& f = spec.reports().error(
            "WEIR0213", "a selector without matchLabels belongs to InferencePool v1alpha2",
            fields.front().first.at);
        f.help = "in v1 write the labels under `selector.matchLabels`";
        return;
    }
    if (selector.value()->get("matchExpressions") != nullptr) {
        auto& f =
            spec.reports().error("WEIR0205", "unknown field \"matchExpressions\" in spec.selector",
                                 selector.value()->key("matchExpressions")->at);
        f.help = "an InferencePool selects by matchLabels only";
        f.allowed = {"matchLabels"};
    }
    const object o(selector, {"matchLabels", "matchExpressions"});
    const field labels = o.need("matchLabels");
    out.selector = read_labels(labels, severity::error);
    check_labels(labels);
    if (labels && labels.value()->is_mapping() && out.selector.empty()) {
        labels.error("WEIR0210", "must have at least 1 label, found 0").help =
            "name the labels of the model servers' Pods";
    }
}

void parse_v1(const object& root, pool_resource& out) {
    const object spec(root.need("spec"), {"selector", "targetPorts", "appProtocol",
                                          "endpointPickerRef", "targetPortNumber", "extensionRef"});
    if (!spec) return;
    const auto before = spec.reports().found().list().size();
    read_v1_selector(spec, out);
    out.selector_wrong = spec.reports().found().list().size() != before;
    const field old_port = spec["targetPortNumber"];
    const std::string number =
        old_port && old_port.value()->is_scalar() ? old_port.value()->scalar : "8000";
    if (old_port) {
        report_other_version(spec, "targetPortNumber", "v1alpha2", "v1",
                             "targetPorts: [{number: " + number + "}]");
    }
    if (spec.has("extensionRef")) {
        report_other_version(spec, "extensionRef", "v1alpha2", "v1",
                             "endpointPickerRef: {name: …, port: {number: 9002}}");
    }
    const field ports = old_port ? spec["targetPorts"] : spec.need("targetPorts");
    if (ports && ports.value()->is_scalar()) {
        auto& f = ports.error("WEIR0206", "must be a list, found " + describe(*ports.value()));
        f.suggestion = "[{number: " + ports.value()->scalar + "}]";
    } else {
        ports.items(1, 8, [&](const field& item) {
            if (item.value()->is_scalar()) {
                auto& f =
                    item.error("WEIR0206", "must be a mapping, found " + describe(*item.value()));
                f.suggestion = "{number: " + item.value()->scalar + "}";
                return;
            }
            const object o(item, {"number"});
            if (o) add_port(out, o.need("number"));
        });
    }
    out.app_protocol =
        or_default(spec["appProtocol"].choice({"http", "kubernetes.io/h2c"}), "http", spec.at());
    if (spec.has("endpointPickerRef"))
        out.picker_ref = read_picker_ref(spec["endpointPickerRef"], true);
    check_size(spec, out);
}

void parse_v1alpha2(const object& root, pool_resource& out) {
    const object spec(root.need("spec"), {"selector", "targetPortNumber", "extensionRef",
                                          "targetPorts", "endpointPickerRef", "appProtocol"});
    if (!spec) return;
    const auto before = spec.reports().found().list().size();
    const field selector = spec.need("selector");
    out.selector_at = selector.at();
    const node* match_labels =
        selector && selector.value()->is_mapping() ? selector.value()->get("matchLabels") : nullptr;
    if (match_labels != nullptr && !match_labels->is_scalar()) {
        auto& f = spec.reports().error("WEIR0213",
                                       "spec.selector.matchLabels belongs to InferencePool v1",
                                       selector.value()->key("matchLabels")->at);
        f.help = "in v1alpha2 write the labels directly under `selector`";
    } else {
        out.selector = read_labels(selector, severity::error);
        check_labels(selector);
        if (selector && selector.value()->is_mapping() && out.selector.empty()) {
            selector.error("WEIR0210", "must have at least 1 label, found 0");
        }
    }
    out.selector_wrong = spec.reports().found().list().size() != before;
    const bool new_ports = spec.has("targetPorts");
    if (new_ports)
        report_other_version(spec, "targetPorts", "v1", "v1alpha2", "targetPortNumber: 8000");
    if (spec.has("endpointPickerRef")) {
        report_other_version(spec, "endpointPickerRef", "v1", "v1alpha2",
                             "extensionRef: {name: …}");
    }
    if (spec.has("appProtocol"))
        report_other_version(spec, "appProtocol", "v1", "v1alpha2",
                             "apiVersion: inference.networking.k8s.io/v1");
    const field port = new_ports ? spec["targetPortNumber"] : spec.need("targetPortNumber");
    if (port) add_port(out, port);
    out.app_protocol = {"http", spec.at()};
    if (spec.has("extensionRef")) out.picker_ref = read_picker_ref(spec["extensionRef"], false);
    check_size(spec, out);
}

}  // namespace

pool_resource parse_pool(const object& root, const metadata& meta) {
    pool_resource out;
    out.selector_at = root.at();
    if (meta.version == "v1") {
        parse_v1(root, out);
    } else {
        parse_v1alpha2(root, out);
    }
    return out;
}

}  // namespace weir::config
