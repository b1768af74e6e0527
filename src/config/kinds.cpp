#include "config/kinds.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.hpp"

namespace weir::config {

namespace {

constexpr std::string_view gateway_group = "gateway.networking.k8s.io";
constexpr std::string_view pool_group = "inference.networking.k8s.io";
constexpr std::string_view old_group = "inference.networking.x-k8s.io";
constexpr std::string_view llm_d_group = "llm-d.ai";
constexpr std::string_view slice_group = "discovery.k8s.io";

constexpr std::array kinds{
    kind_info{gateway_group, "Gateway", "v1 v1beta1", kind_id::gateway},
    kind_info{gateway_group, "HTTPRoute", "v1 v1beta1", kind_id::http_route},
    kind_info{gateway_group, "ReferenceGrant", "v1 v1beta1 v1alpha2", kind_id::reference_grant},
    kind_info{gateway_group, "GatewayClass", "v1 v1beta1", kind_id::gateway_class, true},
    kind_info{pool_group, "InferencePool", "v1", kind_id::pool},
    kind_info{old_group, "InferencePool", "v1alpha2", kind_id::pool},
    kind_info{old_group, "InferenceObjective", "v1alpha2", kind_id::objective},
    kind_info{llm_d_group, "InferenceObjective", "v1alpha2", kind_id::objective},
    kind_info{old_group, "InferenceModelRewrite", "v1alpha2", kind_id::model_rewrite},
    kind_info{llm_d_group, "InferenceModelRewrite", "v1alpha2", kind_id::model_rewrite},
    kind_info{old_group, "InferenceModel", "v1alpha2", kind_id::inference_model},
    kind_info{llm_d_group, "EndpointPickerConfig", "v1alpha1 v1", kind_id::picker_config},
    kind_info{old_group, "EndpointPickerConfig", "v1alpha1", kind_id::picker_config},
    kind_info{"", "Pod", "v1", kind_id::pod},
    kind_info{"", "Service", "v1", kind_id::service},
    kind_info{"", "Secret", "v1", kind_id::secret},
    kind_info{"", "Namespace", "v1", kind_id::name_space, true},
    kind_info{"", "ConfigMap", "v1", kind_id::config_map},
    kind_info{slice_group, "EndpointSlice", "v1", kind_id::endpoint_slice},
};

/// Kinds of the known groups that weir does not read; they are nobody's mistake.
constexpr std::array<std::string_view, 28> others{"GRPCRoute",
                                                  "TLSRoute",
                                                  "TCPRoute",
                                                  "UDPRoute",
                                                  "BackendTLSPolicy",
                                                  "BackendLBPolicy",
                                                  "BackendTrafficPolicy",
                                                  "XBackendTrafficPolicy",
                                                  "ListenerSet",
                                                  "XListenerSet",
                                                  "XMesh",
                                                  "Mesh",
                                                  "InferencePoolImport",
                                                  "ServiceAccount",
                                                  "PersistentVolume",
                                                  "PersistentVolumeClaim",
                                                  "Node",
                                                  "Event",
                                                  "Endpoints",
                                                  "LimitRange",
                                                  "ResourceQuota",
                                                  "ReplicationController",
                                                  "PodTemplate",
                                                  "Binding",
                                                  "ComponentStatus",
                                                  "List",
                                                  "Lease",
                                                  "Status"};

constexpr std::array<std::string_view, 5> known_groups{gateway_group, pool_group, old_group,
                                                       llm_d_group, slice_group};

template <class Wanted>
std::vector<const kind_info*> select(Wanted&& wanted) {
    std::vector<const kind_info*> out;
    for (const auto& k : kinds) {
        if (wanted(k)) out.push_back(&k);
    }
    return out;
}

bool has_version(const kind_info& k, std::string_view version) {
    const auto versions = split(k.versions, ' ');
    return std::find(versions.begin(), versions.end(), version) != versions.end();
}

std::string api_version_of(const kind_info& k) {
    const std::string version(split(k.versions, ' ').front());
    return k.group.empty() ? version : std::string(k.group) + "/" + version;
}

/// The newest home of a kind first, in the order of the table.
std::vector<std::string> homes(const std::vector<const kind_info*>& list) {
    std::vector<std::string> out;
    for (const auto* k : list) {
        for (const auto version : split(k->versions, ' ')) {
            out.push_back(k->group.empty() ? std::string(version)
                                           : std::string(k->group) + "/" + std::string(version));
        }
    }
    return out;
}

void warn_version(const metadata& meta, const field& api_version,
                  const std::vector<const kind_info*>& same_kind, const kind_info& nearest_home) {
    auto& f = api_version.reports().warning(
        "WEIR0203",
        "weir reads no " + meta.kind + " of " + meta.api_version + ", so this object is skipped",
        api_version.at());
    f.suggestion = api_version_of(nearest_home);
    f.allowed = homes(same_kind);
}

void warn_kind(const metadata& meta, const field& kind, std::string_view meant,
               const std::vector<const kind_info*>& group) {
    auto& f = kind.reports().warning("WEIR0202",
                                     "there is no kind " + meta.kind + " in " +
                                         (meta.group.empty() ? "the core group" : meta.group) +
                                         ", so this object is skipped",
                                     kind.at());
    f.suggestion = meant;
    for (const auto* k : group) f.allowed.emplace_back(k->kind);
}

bool nearly(std::string_view a, std::string_view b) {
    return !nearest(a, std::array<std::string_view, 1>{b}).empty();
}

/// A kind that is known in other groups only.
void check_group(const metadata& meta, const field& api_version,
                 const std::vector<const kind_info*>& same_kind) {
    const bool known =
        std::find(known_groups.begin(), known_groups.end(), meta.group) != known_groups.end();
    for (const auto* k : same_kind) {
        const bool misspelled = !k->group.empty() && nearly(meta.group, k->group);
        // A Service or Gateway of somebody else's group is theirs; of a bare `v1` or of one of ours
        // it is a mistake, and so is a kind that nobody else has.
        const bool only_ours = meta.kind == "HTTPRoute" || meta.kind == "ReferenceGrant" ||
                               meta.kind == "EndpointPickerConfig" ||
                               meta.kind.starts_with("Inference");
        if (known || misspelled || only_ours || meta.group.empty())
            return warn_version(meta, api_version, same_kind, *k);
    }
}

}  // namespace

kind_info identify(const metadata& meta, const field& api_version, const field& kind) {
    const auto same_kind = select([&](const kind_info& k) { return k.kind == meta.kind; });
    for (const auto* k : same_kind) {
        if (k->group == meta.group && has_version(*k, meta.version)) return *k;
    }
    const kind_info none;
    for (const auto* k : same_kind) {
        if (k->group != meta.group) continue;
        warn_version(meta, api_version, same_kind, *k);
        return none;
    }
    if (!same_kind.empty()) {
        check_group(meta, api_version, same_kind);
        return none;
    }
    const bool known_group =
        meta.group.empty() ||
        std::find(known_groups.begin(), known_groups.end(), meta.group) != known_groups.end();
    if (!known_group || std::find(others.begin(), others.end(), meta.kind) != others.end())
        return none;
    const auto in_group = select([&](const kind_info& k) { return k.group == meta.group; });
    std::vector<std::string_view> names;
    for (const auto* k : in_group) names.push_back(k->kind);
    for (const auto& k : kinds) names.push_back(k.kind);
    const auto meant = nearest(meta.kind, names);
    // The core and discovery groups hold more than this list knows; only what is nearly one of ours
    // is a mistake there.
    const bool ours =
        meta.group == gateway_group || meta.group == pool_group || meta.group == old_group;
    if (ours || !meant.empty()) warn_kind(meta, kind, meant, in_group);
    return none;
}

std::vector<std::string> api_versions_of(std::string_view kind) {
    return homes(select([&](const kind_info& k) { return k.kind == kind; }));
}

}  // namespace weir::config
