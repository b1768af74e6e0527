#include <algorithm>

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

constexpr std::string_view active_ports_key = "llm-d.ai/active-ports";
constexpr std::string_view active_ports_legacy_key = "inference.networking.k8s.io/active-ports";

/// The target ports with those that the Pod's annotation leaves out replaced by 0: a rank keeps its
/// number.
std::vector<std::uint16_t> active_ports(const label_list& annotations,
                                        const std::vector<std::uint16_t>& target_ports) {
    const auto* written = find_label(annotations, active_ports_key);
    if (written == nullptr) written = find_label(annotations, active_ports_legacy_key);
    if (written == nullptr) return target_ports;
    std::vector<std::uint16_t> ports(target_ports.size(), 0);
    for (const auto part : split(*written, ',')) {
        const auto number = parse_int(trim(part));
        for (std::size_t i = 0; number && i < target_ports.size(); ++i) {
            if (target_ports[i] == *number) ports[i] = target_ports[i];
        }
    }
    return ports;
}

bool is_ready(const pod_resource& pod) { return pod.ready && !pod.terminating; }

struct pool_builder {
    resolve_state& state;
    const pool_resource& from;
    pool& into;

    std::optional<endpoint_source> endpoint_of(const pod_resource& pod) const {
        endpoint_source e;
        e.name_space = pod.meta.name_space.value;
        e.name = pod.meta.name.value;
        e.labels = pod.meta.labels;
        e.ready = is_ready(pod);
        e.ports = active_ports(pod.meta.annotations, into.target_ports);
        if (!pod.ips.empty()) {
            e.host = pod.ips.front().value;
            return e;
        }
        if (!pod.address) {
            if (e.ready) report_no_address(pod);
            return std::nullopt;
        }
        const auto address = split_host_port(trim(pod.address->value));
        if (!address.valid || address.host.empty()) {
            auto& f = state.found.warning(codes::bad_pod_address,
                                          "\"" + pod.address->value + "\" is no address",
                                          pod.address->at);
            f.help =
                "write an IP or a DNS name, with `:port` behind it to replace the pool's target "
                "ports";
            f.note = "the Pod is no endpoint of InferencePool " + into.id();
            return std::nullopt;
        }
        e.host = address.host;
        if (address.port != 0) e.ports = {address.port};
        return e;
    }

    void report_no_address(const pod_resource& pod) const {
        auto& f = state.found.warning(
            codes::pod_without_address,
            "Pod " + pod.meta.id() + " has no address, so it is no endpoint of InferencePool " +
                into.id(),
            pod.meta.at);
        f.help = "add status.podIP, or the annotation weir.dev/address: \"127.0.0.1:8000\"";
        f.note = "with no other endpoint the client sees 503 `no healthy upstream`";
    }

    /// A Pod that names its container ports, none of them a target port, answers no connection
    /// there.
    void check_ports(const pod_resource& pod, const endpoint_source& e) const {
        if (pod.ports.empty()) return;
        for (const auto& target : from.target_ports) {
            const bool listens =
                std::any_of(pod.ports.begin(), pod.ports.end(),
                            [&](const auto& p) { return p.port.value == target.value; });
            const bool active =
                std::find(e.ports.begin(), e.ports.end(), target.value) != e.ports.end();
            if (listens || !active) continue;
            std::string declared;
            for (const auto& p : pod.ports)
                declared += (declared.empty() ? "" : ", ") + std::to_string(p.port.value);
            auto& f = state.found.warning(codes::port_mismatch,
                                          "target port " + std::to_string(target.value) +
                                              " is no container port of Pod " + pod.meta.id(),
                                          target.at);
            f.label = "the Pod declares " + declared;
            f.help = "use the port that the model server listens on";
            f.suggestion = pod.ports.size() == 1 && from.target_ports.size() == 1 ? declared : "";
            f.note =
                "the client sees 503 `upstream connect error or disconnect/reset before headers. "
                "reset reason: "
                "remote connection failure, ... Connection refused`";
            return;
        }
    }

    void add_endpoints() {
        std::size_t matching = 0;
        std::size_t ready = 0;
        bool ports_reported = false;
        if (const auto pods = state.pods.find(into.name_space); pods != state.pods.end()) {
            if (!state.comparisons.take(pods->second.size(), state.found, into.at)) return;
            for (const auto* pod : pods->second) {
                if (!matches(from.selector, pod->meta.labels)) continue;
                ++matching;
                ready += is_ready(*pod) ? 1U : 0U;
                auto e = endpoint_of(*pod);
                if (!e) continue;
                if (!ports_reported) {
                    const auto before = state.found.list().size();
                    check_ports(*pod, *e);
                    ports_reported = state.found.list().size() != before;
                }
                if (!state.endpoints.take(1, state.found, into.at)) return;
                into.endpoints.push_back(std::move(*e));
            }
        }
        if (ready == 0 && !from.selector_wrong) report_no_pods(matching);
    }

    void report_no_pods(std::size_t matching) const {
        if (matching == 0) {
            auto& f = state.found.warning(codes::no_matching_pod,
                                          "no Pod in namespace " + into.name_space +
                                              " matches the selector of InferencePool " + into.name,
                                          from.selector_at);
            f.help = nearest_pods();
            f.note = "the client sees 503 `no healthy upstream`";
            return;
        }
        auto& f = state.found.warning(codes::no_ready_pod,
                                      "none of the " + std::to_string(matching) +
                                          " Pods of InferencePool " + into.id() + " is ready",
                                      from.meta.at);
        f.help = "a Pod is ready when its Ready condition is \"True\", or when it has none";
        f.note = "the client sees 503 `no healthy upstream`";
    }

    /// Where to look when nothing matches: the labels of a Pod that is there.
    std::string nearest_pods() const {
        const auto pods = state.pods.find(into.name_space);
        if (pods != state.pods.end()) {
            const auto& pod = *pods->second.front();
            std::string labels;
            for (const auto& [k, v] : pod.meta.labels)
                labels += (labels.empty() ? "" : ", ") + k + ": " + v;
            return "Pod " + pod.meta.id() + " has the labels {" + labels + "}";
        }
        for (const auto& pod : state.in.pods) {
            if (matches(from.selector, pod.meta.labels)) {
                return "Pod " + pod.meta.id() +
                       " matches but is in another namespace: a pool takes Pods of its own only";
            }
        }
        return "add Pods with these labels, or endpoints by --endpoints-file";
    }
};

bool is_served(const resolve_state& state, const pool_resource& p) {
    if (state.options.pool_name.empty()) return true;
    const std::string_view wanted = state.options.pool_namespace.empty()
                                        ? std::string_view("default")
                                        : state.options.pool_namespace;
    return p.meta.name.value == state.options.pool_name && p.meta.name_space.value == wanted;
}

void report_missing_pool(resolve_state& state) {
    const auto& options = state.options;
    const auto wanted =
        options.pool_namespace.empty() ? std::string("default") : options.pool_namespace;
    state.out.missing_pool = wanted + "/" + options.pool_name;
    auto& f = state.found.warning(
        codes::pool_name_unknown,
        "--pool-name: no file defines InferencePool " + state.out.missing_pool, {});
    for (const auto& p : state.in.pools) f.allowed.push_back(p.meta.id());
    f.help = "name one of the pools in the files, with --pool-namespace for its namespace";
    f.note =
        "weir stays up but is never ready, and logs `Pool is not initialized, skipping refreshing "
        "metrics`";
}

void check_picker_service(resolve_state& state, const pool_resource& from, pool_state& checked) {
    if (!from.picker_ref) return;
    const auto& ref = from.picker_ref->ref;
    const auto found = state.services.find(from.meta.name_space.value + "/" + ref.name.value);
    const bool usable = ref.group.value.empty() && ref.kind.value == "Service" &&
                        found != state.services.end() &&
                        found->second->type.value != "ExternalName";
    checked.picker_service_absent = !usable;
    if (usable) return;
    auto& f = state.found.note(
        codes::picker_service_absent,
        "endpoint picker " + ref.kind.value + " \"" + ref.name.value + "\" is in no file",
        ref.name.at);
    f.help = "nothing to do: weir's built-in picker serves InferencePool " + from.meta.id();
}

}  // namespace

void resolve_pools(resolve_state& state) {
    for (const auto& from : state.in.pools) {
        if (!is_served(state, from)) continue;
        const auto key = from.meta.group + "/" + from.meta.id();
        const auto index = static_cast<std::uint32_t>(state.out.pools.size());
        if (!state.pool_index.try_emplace(key, index).second)
            continue;  // a duplicate, reported by the parser
        auto& into = state.out.pools.emplace_back();
        into.name_space = from.meta.name_space.value;
        into.name = from.meta.name.value;
        into.group = from.meta.group;
        into.has_picker_ref = from.picker_ref.has_value();
        into.at = from.meta.at;
        for (const auto& p : from.target_ports) into.target_ports.push_back(p.value);
        state.pools.push_back({&from, false, false});
        check_picker_service(state, from, state.pools.back());
    }
    if (!state.options.pool_name.empty() && state.out.pools.empty()) report_missing_pool(state);
}

/// After picker configurations and flags, which may replace what the Pods say.
void resolve_pool_endpoints(resolve_state& state) {
    for (std::size_t i = 0; i < state.pools.size(); ++i) {
        if (state.pools[i].from == nullptr || state.pools[i].endpoints_replaced) continue;
        pool_builder{state, *state.pools[i].from, state.out.pools[i]}.add_endpoints();
    }
}

}  // namespace weir::config
