#include "config/resolve_services.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

/// The slice's number for a Service port: the TCP entry of the same name; unnamed ports fit each
/// other.
std::uint16_t port_in_slice(const endpoint_slice_resource& slice, const service_port_spec& port) {
    for (const auto& p : slice.ports) {
        if (p.name == port.name && p.protocol.value == "TCP" && p.port) return p.port->value;
    }
    const auto number = parse_int(port.target_port.value);
    const bool may_guess = slice.ports.empty() && number && *number > 0 && *number < 65536;
    return may_guess ? static_cast<std::uint16_t>(*number) : std::uint16_t{0};
}

/// A Pod's number for a Service port, whose target may be the name of a container port; 0 when the
/// Pod has none.
std::uint16_t port_in_pod(const pod_resource& pod, const service_port_spec& port) {
    const auto& target = port.target_port.value;
    if (target.empty()) return port.port.value;
    if (const auto number = parse_int(target)) {
        return *number > 0 && *number < 65536 ? static_cast<std::uint16_t>(*number)
                                              : std::uint16_t{0};
    }
    for (const auto& p : pod.ports) {
        if (p.name == target) return p.port.value;
    }
    return 0;
}

void add_slice(service& into, const endpoint_slice_resource& slice, const service_port_spec& port) {
    const auto number = port_in_slice(slice, port);
    if (number == 0) return;
    for (const auto& e : slice.endpoints) {
        if (e.addresses.empty())
            continue;  // addresses of one entry are fungible: the first stands for all
        const auto& host = e.addresses.front().value;
        // Servers on one machine differ by their port alone.
        into.endpoints.push_back(
            {into.name_space,
             e.target_pod.empty() ? join_host_port(host, number) : e.target_pod,
             host,
             {number},
             {},
             e.ready && !e.terminating});
    }
}

void add_pod(service& into, const pod_resource& pod, const service_port_spec& port) {
    endpoint_source e{into.name_space, pod.meta.name.value,          {}, {},
                      pod.meta.labels, pod.ready && !pod.terminating};
    auto number = port_in_pod(pod, port);
    if (!pod.ips.empty()) {
        e.host = pod.ips.front().value;
    } else if (pod.address) {
        const auto address = split_host_port(trim(pod.address->value));
        e.host = address.host;
        if (address.port != 0) number = address.port;
    }
    if (e.host.empty() || number == 0) return;
    e.ports.push_back(number);
    into.endpoints.push_back(std::move(e));
}

/// What a route leads to and can reach nobody.
void report_no_endpoint(resolve_state& state, const service_resource& from, const std::string& why,
                        const std::string& help) {
    auto& f = state.found.warning(codes::service_without_endpoints, why, from.meta.at);
    f.help = help;
    f.note = "the client sees 503 `no healthy upstream`";
}

bool any_ready(const service& into) {
    return std::any_of(into.endpoints.begin(), into.endpoints.end(),
                       [](const auto& e) { return e.ready; });
}

void add_slices(resolve_state& state, service& into, const service_resource& from,
                const service_port_spec& port,
                const std::vector<const endpoint_slice_resource*>& slices) {
    for (const auto* slice : slices) {
        if (!state.endpoints.take(slice->endpoints.size(), state.found, from.meta.at)) return;
        add_slice(into, *slice, port);
    }
    if (any_ready(into)) return;
    if (into.endpoints.empty()) {
        report_no_endpoint(
            state, from,
            "the EndpointSlices of Service " + from.meta.id() + " have no address for its port " +
                std::to_string(port.port.value),
            "a slice's port has the name of the Service's port: " +
                (port.name.empty() ? std::string("here it has none") : "`" + port.name + "`"));
        return;
    }
    report_no_endpoint(state, from,
                       "none of the " + std::to_string(into.endpoints.size()) +
                           " endpoints of Service " + from.meta.id() + " is ready",
                       "an endpoint is ready unless its conditions say `ready: false`");
}

void add_pods(resolve_state& state, service& into, const service_resource& from,
              const service_port_spec& port) {
    if (from.selector.empty()) {
        report_no_endpoint(
            state, from,
            "Service " + from.meta.id() + " has neither a selector nor an EndpointSlice",
            "add an EndpointSlice with the label kubernetes.io/service-name: " + into.name +
                "; Endpoints objects are not read");
        return;
    }
    std::size_t matching = 0;
    if (const auto pods = state.pods.find(into.name_space); pods != state.pods.end()) {
        if (!state.comparisons.take(pods->second.size(), state.found, from.meta.at)) return;
        for (const auto* pod : pods->second) {
            if (!matches(from.selector, pod->meta.labels)) continue;
            ++matching;
            if (!state.endpoints.take(1, state.found, from.meta.at)) return;
            add_pod(into, *pod, port);
        }
    }
    if (any_ready(into)) return;
    if (matching == 0) {
        report_no_endpoint(state, from,
                           "no Pod in namespace " + into.name_space +
                               " matches the selector of Service " + from.meta.id(),
                           "add Pods with these labels, or an EndpointSlice");
    } else if (into.endpoints.empty()) {
        report_no_endpoint(state, from,
                           "no Pod of Service " + from.meta.id() + " has an address and a port " +
                               (port.target_port.value.empty() ? std::to_string(port.port.value)
                                                               : port.target_port.value),
                           "a Pod needs status.podIP or the annotation weir.dev/address, and a "
                           "container port of that name where targetPort is a name");
    } else {
        report_no_endpoint(
            state, from,
            "none of the " + std::to_string(matching) + " Pods of Service " + from.meta.id() +
                " is ready",
            "a Pod is ready when its Ready condition is \"True\", or when it has none");
    }
}

}  // namespace

std::uint32_t service_backend(resolve_state& state, const service_resource& from,
                              const service_port_spec& port) {
    const auto id = from.meta.id();
    const auto index = static_cast<std::uint32_t>(state.out.services.size());
    const auto [found, fresh] =
        state.service_index.try_emplace(id + ":" + std::to_string(port.port.value), index);
    if (!fresh) return found->second;
    auto& into = state.out.services.emplace_back();
    into.name_space = from.meta.name_space.value;
    into.name = from.meta.name.value;
    into.port = port.port.value;
    into.websocket = port.app_protocol && port.app_protocol->value == "kubernetes.io/ws";
    if (const auto slices = state.slices.find(id); slices != state.slices.end()) {
        add_slices(state, into, from, port, slices->second);
    } else {
        add_pods(state, into, from, port);
    }
    return index;
}

}  // namespace weir::config
