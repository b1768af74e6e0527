#include <algorithm>
#include <string>

#include "base/strings.hpp"
#include "config/grammar.hpp"
#include "config/parsers.hpp"

/// The core kinds: only what weir reads is checked, everything else in them is somebody else's.
namespace weir::config {

namespace {

std::string word(const field& from) {
    return from && from.value()->is_scalar() ? from.value()->scalar : std::string();
}

/// Items of a list that may be anything; what is not a mapping is passed over.
template <class Each>
void mappings(const field& from, Each&& each) {
    if (!from || !from.value()->is_sequence()) return;
    from.items(0, from.value()->items.size(), [&](const field& item) {
        if (item.value()->is_mapping()) each(object(item, {}));
    });
}

/// A child mapping that is passed over when it is something else (status is never a finding).
field child(const object& from, std::string_view name) {
    const field f = from[name];
    if (!f || f.value()->is_mapping()) return f;
    return {f.reports(), nullptr, f.path(), f.at()};
}

void read_status(const object& status, pod_resource& out) {
    const field ip = status["podIP"];
    const auto add = [&](const field& f) {
        const auto value = word(f);
        const bool again = std::any_of(out.ips.begin(), out.ips.end(),
                                       [&](const auto& t) { return t.value == value; });
        if (!value.empty() && !again) out.ips.push_back({value, f.at()});
    };
    add(ip);
    mappings(status["podIPs"], [&](const object& o) { add(o["ip"]); });
    const auto phase = word(status["phase"]);
    if (phase == "Succeeded" || phase == "Failed") out.ready = false;
    mappings(status["conditions"], [&](const object& o) {
        if (word(o["type"]) != "Ready") return;
        out.has_ready_condition = true;
        out.ready = iequals(word(o["status"]), "true");
    });
}

void read_containers(const field& containers, pod_resource& out) {
    mappings(containers, [&](const object& container) {
        mappings(container["ports"], [&](const object& o) {
            if (const auto port = o["containerPort"].port())
                out.ports.push_back({word(o["name"]), *port});
        });
    });
}

text read_target_port(const field& from, const located<std::uint16_t>& port) {
    if (!from) return {std::to_string(port.value), port.at};
    if (from.value()->is_scalar() && from.value()->quoted && !parse_int(from.value()->scalar)) {
        return or_default(from.string(1, 63), {}, from.at());
    }
    if (from.value()->is_scalar() && !parse_int(from.value()->scalar))
        return or_default(from.string(1, 63), {}, from.at());
    const auto number = from.port();
    return {number ? std::to_string(number->value) : std::string(), from.at()};
}

}  // namespace

pod_resource parse_pod(const object& root) {
    pod_resource out;
    const object meta(root["metadata"], {});
    out.terminating = meta.has("deletionTimestamp");
    const object annotations(child(meta, "annotations"), {});
    const field address = annotations["weir.dev/address"];
    if (address) {
        out.address = address.string(1, 260);
        if (out.address) {
            if (const auto problem = address_problem(out.address->value)) {
                auto& f = address.error("WEIR0225",
                                        ": " + *problem + ", found \"" + out.address->value + "\"");
                f.help =
                    "write an IP address or a DNS name, with `:port` behind it if it is not the "
                    "pool's";
                out.address.reset();
            }
        }
    }
    const object spec(child(root, "spec"), {});
    read_containers(spec["containers"], out);
    read_containers(spec["initContainers"], out);
    read_status(object(child(root, "status"), {}), out);
    return out;
}

service_resource parse_service(const object& root) {
    service_resource out;
    const object spec(root["spec"], {});
    out.type =
        or_default(spec["type"].choice({"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}),
                   "ClusterIP", spec.at());
    if (const auto ip = spec["clusterIP"].string()) out.cluster_ip = ip;
    out.external_name = spec["externalName"].string();
    out.selector = read_labels(spec["selector"], severity::warning);
    spec["ports"].items(0, 1024, [&](const field& item) {
        const object o(item, {});
        if (!o) return;
        service_port_spec port;
        port.at = item.at();
        port.name = word(o["name"]);
        const auto number = o.need("port").port();
        if (!number) return;
        port.port = *number;
        port.target_port = read_target_port(o["targetPort"], port.port);
        port.protocol = or_default(o["protocol"].choice({"TCP", "UDP", "SCTP"}), "TCP", item.at());
        port.app_protocol = o["appProtocol"].string();
        out.ports.push_back(std::move(port));
    });
    return out;
}

secret_resource parse_secret(const object& root) {
    secret_resource out;
    out.type = or_default(root["type"].string(), "Opaque", root.at());
    for (auto& [key, value] : root["data"].strings()) {
        auto decoded = decode_base64(value.value);
        if (!decoded) {
            auto& f =
                root.reports().error("WEIR0223", "data." + key.value + " is not base64", value.at);
            f.help = "encode it with `base64 -w0`, or move it to stringData as it is";
            continue;
        }
        out.data.push_back({std::move(key), {std::move(*decoded), value.at}});
    }
    for (auto& [key, value] : root["stringData"].strings()) {
        const auto it = std::find_if(out.data.begin(), out.data.end(),
                                     [&](const auto& d) { return d.key.value == key.value; });
        if (it != out.data.end()) out.data.erase(it);
        out.data.push_back({std::move(key), std::move(value)});
    }
    return out;
}

config_map_resource parse_config_map(const object& root) {
    config_map_resource out;
    out.data = root["data"].strings();
    return out;
}

endpoint_slice_resource parse_endpoint_slice(const object& root, const metadata& meta) {
    endpoint_slice_resource out;
    if (const auto* service = find_label(meta.labels, "kubernetes.io/service-name"))
        out.service_name = *service;
    out.address_type =
        or_default(root.need("addressType").choice({"IPv4", "IPv6", "FQDN"}), "IPv4", root.at());
    root["endpoints"].items(0, 1000, [&](const field& item) {
        const object o(item, {});
        if (!o) return;
        slice_endpoint_spec endpoint;
        o.need("addresses").items(1, 100, [&](const field& address) {
            if (auto s = address.string(1, 253)) endpoint.addresses.push_back(std::move(*s));
        });
        const object conditions(o["conditions"], {});
        if (const auto ready = conditions["ready"].boolean()) endpoint.ready = ready->value;
        if (const auto going = conditions["terminating"].boolean())
            endpoint.terminating = going->value;
        const object target(o["targetRef"], {});
        if (word(target["kind"]) == "Pod") endpoint.target_pod = word(target["name"]);
        out.endpoints.push_back(std::move(endpoint));
    });
    root["ports"].items(0, 100, [&](const field& item) {
        const object o(item, {});
        if (!o) return;
        slice_port_spec port;
        port.name = word(o["name"]);
        port.port = o["port"].port();
        port.protocol = or_default(o["protocol"].choice({"TCP", "UDP", "SCTP"}), "TCP", item.at());
        out.ports.push_back(std::move(port));
    });
    return out;
}

}  // namespace weir::config
