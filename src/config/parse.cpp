#include "config/parse.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/strings.hpp"
#include "config/cures.hpp"
#include "config/grammar.hpp"
#include "config/kinds.hpp"
#include "config/parsers.hpp"
#include "config/schema.hpp"
#include "config/yaml.hpp"

namespace weir::config {

namespace {

/// What a list says about its items when they do not say it themselves.
struct list_defaults {
    std::string api_version;
    std::string kind;
};

/// Takes the documents of one source.
class document_parser {
  public:
    document_parser(const source_ptr& source, resources& into, findings& found)
        : source_(source), into_(into), found_(found) {}

    void take(node&& root, const list_defaults& defaults, int nesting);

  private:
    bool read_envelope(const object& root, const list_defaults& defaults, metadata& meta);
    void read_metadata(const object& root, const kind_info& kind, metadata& meta);
    void unpack(node&& root, const metadata& meta, int nesting);
    void parse(const kind_info& kind, const object& root, node& tree, metadata&& meta,
               const bool& valid);

    void parse_routing(const kind_info& kind, const object& root, metadata&& meta,
                       const bool& valid);

    /// Counts what a Gateway or HTTPRoute consists of. False when all of them have more than weir
    /// holds, which is reported once.
    bool holds(std::size_t parts, const span& at);

    template <class Resource>
    void store(std::vector<Resource>& list, Resource&& resource, metadata&& meta,
               const bool& valid) {
        meta.valid = valid;
        resource.meta = std::move(meta);
        list.push_back(std::move(resource));
    }

    const source_ptr& source_;
    resources& into_;
    findings& found_;
};

bool is_list(const metadata& meta, const node& root) {
    if (meta.kind == "List") return true;
    const node* items = root.get("items");
    return meta.kind.size() > 4 && meta.kind.ends_with("List") && items != nullptr;
}

/// Whether the fields of a kind at the top are known: not those of the core kinds, which are
/// somebody else's, nor those of a picker configuration, which `scheduling` reads.
bool has_spec_only(kind_id id) {
    switch (id) {
        case kind_id::gateway:
        case kind_id::gateway_class:
        case kind_id::http_route:
        case kind_id::reference_grant:
        case kind_id::pool:
        case kind_id::objective:
        case kind_id::model_rewrite:
        case kind_id::inference_model:
            return true;
        default:
            return false;
    }
}

/// `apiversion` or `Kind`: without these two nothing is known of the document, so the misspelling
/// is all there is to say.
bool report_misspelled_envelope(report& to, const node& root) {
    bool found = false;
    for (const std::string_view wanted : {"apiVersion", "kind"}) {
        if (root.key(wanted) != nullptr) continue;
        for (const auto& [key, value] : root.fields) {
            const bool close =
                iequals(key.scalar, wanted) ||
                !nearest(key.scalar, std::array<std::string_view, 1>{wanted}).empty();
            if (!close) continue;
            auto& f = to.error("WEIR0205", "unknown field \"" + key.scalar + "\"", key.at);
            f.suggestion = wanted;
            found = true;
            break;
        }
    }
    return found;
}

void document_parser::take(node&& root, const list_defaults& defaults, int nesting) {
    bool valid = true;
    report to(found_, valid);
    if (!root.is_mapping()) {
        to.error("WEIR0201",
                 "a manifest must be a mapping with apiVersion and kind, found " + describe(root),
                 root.at);
        return;
    }
    const field whole(to, &root, {}, root.at);
    if (report_misspelled_envelope(to, root)) return;
    const object top(whole, {});
    metadata meta;
    if (!read_envelope(top, defaults, meta)) return;
    if (is_list(meta, root)) {
        if (nesting >= 4) {
            to.error("WEIR0104", "lists of manifests are nested deeper than 4 levels", root.at);
            return;
        }
        return unpack(std::move(root), meta, nesting);
    }
    const auto kind = identify(meta, top["apiVersion"], top["kind"]);
    if (!has_spec_only(kind.id)) {
        read_metadata(top, kind, meta);
        return parse(kind, top, root, std::move(meta), valid);
    }
    const object checked(whole, {"apiVersion", "kind", "metadata", "spec", "status"});
    read_metadata(checked, kind, meta);
    parse(kind, checked, root, std::move(meta), valid);
}

bool document_parser::read_envelope(const object& root, const list_defaults& defaults,
                                    metadata& meta) {
    if (root.has("apiVersion") || defaults.api_version.empty()) {
        const auto version = root.need("apiVersion").string(1, 317);
        if (version) meta.api_version = version->value;
    } else {
        meta.api_version = defaults.api_version;
    }
    if (root.has("kind") || defaults.kind.empty()) {
        const auto kind = root.need("kind").string(1, 253);
        if (kind) meta.kind = kind->value;
    } else {
        meta.kind = defaults.kind;
    }
    meta.at = root.has("kind") ? root["kind"].at() : root.at();
    const auto slash = meta.api_version.find('/');
    meta.group = slash == std::string::npos ? std::string() : meta.api_version.substr(0, slash);
    meta.version =
        slash == std::string::npos ? meta.api_version : meta.api_version.substr(slash + 1);
    return !meta.api_version.empty() && !meta.kind.empty();
}

void read_name_of(const object& from, const kind_info& kind, metadata& meta) {
    const bool nameless = kind.id == kind_id::picker_config || kind.id == kind_id::skipped;
    const field name = nameless ? from["name"] : from.need("name");
    if (kind.id == kind_id::skipped) {
        if (name && name.value()->is_scalar()) meta.name = {name.value()->scalar, name.at()};
        return;
    }
    const auto given = name.string(1, 253);
    if (!given) return;
    meta.name = *given;
    meta.at = given->at;
    if (is_dns_subdomain(given->value)) return;
    auto& f = name.error("WEIR0215", "must be lower-case letters, digits, `-` and `.`, found \"" +
                                         given->value + "\"");
    f.suggestion = name_meant_by(given->value, false);
}

void document_parser::read_metadata(const object& root, const kind_info& kind, metadata& meta) {
    meta.name = {{}, meta.at};
    meta.name_space = {kind.cluster_scoped ? std::string() : std::string("default"), meta.at};
    const bool required = kind.id != kind_id::picker_config && kind.id != kind_id::skipped;
    const field from_field = required ? root.need("metadata") : root["metadata"];
    if (kind.id == kind_id::skipped && (!from_field || !from_field.value()->is_mapping())) return;
    const object from(from_field, {});
    if (!from) return;
    read_name_of(from, kind, meta);
    const field ns = from["namespace"];
    if (kind.id == kind_id::skipped) {
        if (ns && ns.value()->is_scalar()) meta.name_space = {ns.value()->scalar, ns.at()};
        return;
    }
    if (!kind.cluster_scoped) {
        if (auto given = read_namespace(ns)) meta.name_space = std::move(*given);
    }
    meta.labels = read_labels(from["labels"]);
    const field annotations = from["annotations"];
    if (annotations && annotations.value()->is_mapping()) {
        for (const auto& [key, value] : annotations.value()->fields)
            meta.annotations.emplace_back(key.scalar, value.scalar);
        std::stable_sort(meta.annotations.begin(), meta.annotations.end());
    }
    const field created = from["creationTimestamp"];
    if (created && created.value()->is_scalar()) meta.created = created.value()->scalar;
    if (kind.id == kind_id::name_space &&
        find_label(meta.labels, "kubernetes.io/metadata.name") == nullptr) {
        meta.labels.emplace_back("kubernetes.io/metadata.name", meta.name.value);
        std::sort(meta.labels.begin(), meta.labels.end());
    }
}

void document_parser::unpack(node&& root, const metadata& meta, int nesting) {
    bool valid = true;
    report to(found_, valid);
    list_defaults defaults;
    if (meta.kind != "List")
        defaults = {meta.api_version, meta.kind.substr(0, meta.kind.size() - 4)};
    for (auto& [key, value] : root.fields) {
        if (key.scalar != "items" || value.is_null()) continue;
        if (!value.is_sequence()) {
            to.error("WEIR0206", "items must be a list, found " + describe(value), value.at);
            continue;
        }
        for (auto& item : value.items) {
            if (!item.is_null()) take(std::move(item), defaults, nesting + 1);
            item = node{};  // a long list is not kept twice
        }
    }
    if (root.get("items") == nullptr) to.error("WEIR0204", "items is missing", meta.at);
}

/// Room for 10,000 routes of any ordinary shape; a larger set may have as many as its text pays
/// for.
constexpr std::size_t always_held = 250'000;
constexpr std::size_t bytes_a_part = 48;

std::size_t parts_of(const gateway_resource& g) {
    return 1 + 2 * g.listeners.size() + g.addresses.size();  // with sockets and four conditions
}

std::size_t parts_of(const http_route_resource& route) {
    std::size_t parts = 1 + route.hostnames.size() + route.parents.size();
    for (const auto& rule : route.rules) {
        parts += 1 + rule.matches.size() + rule.filters.size() + rule.backends.size();
        for (const auto& b : rule.backends) parts += b.filters.size();
    }
    return parts;
}

bool document_parser::holds(std::size_t parts, const span& at) {
    std::size_t bytes = 0;
    for (const auto& s : into_.sources) bytes += s->text.size();
    const std::size_t limit = std::max(always_held, bytes / bytes_a_part);
    const bool full = into_.route_parts > limit;
    into_.route_parts += parts;
    if (full) return false;
    if (into_.route_parts <= limit) return true;
    auto& f = found_.error("WEIR0354",
                           "the Gateways and HTTPRoutes of these files have more than " +
                               std::to_string(limit) + " parts",
                           at);
    f.help = "split them between several weirs";
    f.note = "parts are listeners, parents, hostnames, rules, matches, filters and backendRefs";
    return false;
}

void document_parser::parse_routing(const kind_info& kind, const object& root, metadata&& meta,
                                    const bool& valid) {
    if (!holds(0, meta.at)) return;
    if (kind.id == kind_id::gateway) {
        auto gateway = parse_gateway(root);
        if (holds(parts_of(gateway), meta.at))
            store(into_.gateways, std::move(gateway), std::move(meta), valid);
        return;
    }
    auto route = parse_http_route(root);
    if (holds(parts_of(route), meta.at))
        store(into_.http_routes, std::move(route), std::move(meta), valid);
}

void document_parser::parse(const kind_info& kind, const object& root, node& tree, metadata&& meta,
                            const bool& valid) {
    switch (kind.id) {
        case kind_id::gateway:
        case kind_id::http_route:
            return parse_routing(kind, root, std::move(meta), valid);
        case kind_id::gateway_class:
            return store(into_.gateway_classes, parse_gateway_class(root), std::move(meta), valid);
        case kind_id::reference_grant:
            return store(into_.grants, parse_reference_grant(root), std::move(meta), valid);
        case kind_id::pool: {
            auto pool = parse_pool(root, meta);
            return store(into_.pools, std::move(pool), std::move(meta), valid);
        }
        case kind_id::objective:
            return store(into_.objectives, parse_objective(root), std::move(meta), valid);
        case kind_id::model_rewrite:
            return store(into_.model_rewrites, parse_model_rewrite(root), std::move(meta), valid);
        case kind_id::inference_model:
            return store(into_.inference_models, parse_inference_model(root), std::move(meta),
                         valid);
        case kind_id::picker_config: {
            picker_config_resource config;
            config.root =
                share_root(std::make_shared<const document>(document{source_, std::move(tree)}));
            return store(into_.picker_configs, std::move(config), std::move(meta), valid);
        }
        case kind_id::pod:
            return store(into_.pods, parse_pod(root), std::move(meta), valid);
        case kind_id::service:
            return store(into_.services, parse_service(root), std::move(meta), valid);
        case kind_id::secret:
            return store(into_.secrets, parse_secret(root), std::move(meta), valid);
        case kind_id::name_space:
            return store(into_.namespaces, namespace_resource{}, std::move(meta), valid);
        case kind_id::config_map:
            return store(into_.config_maps, parse_config_map(root), std::move(meta), valid);
        case kind_id::endpoint_slice: {
            auto slice = parse_endpoint_slice(root, meta);
            return store(into_.endpoint_slices, std::move(slice), std::move(meta), valid);
        }
        case kind_id::skipped:
            into_.skipped.push_back({std::move(meta)});
            return;
    }
}

/// Reports every object after the first of the same group, namespace and name in one list.
template <class Resource>
void check_list(const std::vector<Resource>& list, findings& found) {
    std::unordered_map<std::string, const metadata*> seen;
    for (const auto& r : list) {
        if (r.meta.name.value.empty()) continue;
        const auto [it, fresh] = seen.emplace(r.meta.group + "|" + r.meta.id(), &r.meta);
        if (fresh) continue;
        const auto& first = it->second->at;
        auto& f = found.error("WEIR0224", r.meta.kind + " " + r.meta.id() + " is defined twice",
                              r.meta.at);
        f.help = "remove or rename one of the two";
        if (first.file != nullptr) {
            f.note = "the first one is at " + first.file->path + ":" +
                     std::to_string(first.start.line) + ":" + std::to_string(first.start.column);
        }
    }
}

}  // namespace

void parse_source(const source_ptr& source, resources& into, findings& found) {
    into.sources.push_back(source);
    found.keep(source);
    document_parser parser(source, into, found);
    read_documents(source, found, [&](node&& root) { parser.take(std::move(root), {}, 0); });
}

void check_duplicates(const resources& all, findings& found) {
    check_list(all.gateways, found);
    check_list(all.gateway_classes, found);
    check_list(all.http_routes, found);
    check_list(all.grants, found);
    check_list(all.pools, found);
    check_list(all.objectives, found);
    check_list(all.model_rewrites, found);
    check_list(all.inference_models, found);
    check_list(all.pods, found);
    check_list(all.services, found);
    check_list(all.secrets, found);
    check_list(all.namespaces, found);
    check_list(all.config_maps, found);
    check_list(all.endpoint_slices, found);
}

}  // namespace weir::config
