#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/conditions.hpp"
#include "config/load.hpp"
#include "config/parse.hpp"
#include "config/resolve.hpp"

/// Resolves manifests that stand in a test, and asks the result short questions.
namespace weir::config::testing {

struct resolved {
    std::shared_ptr<model> m;
    findings found;
    std::string usage_error;

    /// `True Reason` or `False Reason` of one condition; empty when there is none.
    std::string condition_of(std::string_view kind, std::string_view name, std::string_view under,
                             std::string_view type) const {
        for (const auto& s : m->statuses) {
            if (s.kind != kind || s.name != name) continue;
            std::string said;
            each_condition(s, [&](std::string_view of, const condition& c) {
                if (of == under && c.type == type)
                    said = (c.status ? "True " : "False ") + std::string(c.reason);
            });
            return said;
        }
        return {};
    }

    std::string status_of(std::string_view kind, std::string_view name) const {
        for (const auto& s : m->statuses) {
            if (s.kind != kind || s.name != name) continue;
            json_writer json;
            write_status(json, s);
            return json.take();
        }
        return {};
    }

    /// How often a code was found.
    std::ptrdiff_t times(std::string_view code) const {
        return std::count_if(found.list().begin(), found.list().end(),
                             [&](const finding& f) { return f.code == code; });
    }

    /// The first finding of a code; an empty one when there is none.
    finding first(std::string_view code) const {
        for (const auto& f : found.list()) {
            if (f.code == code) return f;
        }
        return {};
    }

    /// `CODE line:column` of every warning and error, for failed checks.
    std::string troubles() const {
        std::string all;
        for (const auto& f : found.list()) {
            if (f.level == severity::note) continue;
            all += f.code + " " + std::to_string(f.at.start.line) + ":" +
                   std::to_string(f.at.start.column) + " " + f.message + "\n";
        }
        return all;
    }
};

inline resolved resolve_files(const std::vector<std::string>& files,
                              const load_options& options = {},
                              const std::string& picker_flag = {}) {
    resolved r;
    resources all;
    int number = 0;
    for (const auto& f : files) {
        auto source = std::make_shared<const source_file>(
            source_file{"f" + std::to_string(++number) + ".yaml", f});
        parse_source(source, all, r.found);
    }
    source_ptr flag;
    if (!picker_flag.empty())
        flag = std::make_shared<const source_file>(source_file{"<config-text>", picker_flag});
    auto result = resolve(all, options, flag, r.found);
    r.m = std::move(result.value);
    r.usage_error = std::move(result.usage_error);
    return r;
}

inline resolved resolve_text(const std::string& file, const load_options& options = {}) {
    return resolve_files({file}, options);
}

/// Documents put together.
inline std::string docs(std::initializer_list<std::string> parts) {
    std::string all;
    for (const auto& p : parts) all += "---\n" + p;
    return all;
}

inline std::string gateway(const std::string& listeners, const std::string& name = "gw",
                           const std::string& more = {}) {
    return "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: " + name +
           "}\nspec:\n  gatewayClassName: weir\n" + more + "  listeners:\n" + listeners;
}
inline std::string http_listener(const std::string& name = "http", const std::string& more = {}) {
    return "  - {name: " + name + ", port: 80, protocol: HTTP" + (more.empty() ? "" : ", " + more) +
           "}\n";
}

/// An HTTPRoute; `spec` is indented by two spaces.
inline std::string route_doc(const std::string& name, const std::string& spec,
                             const std::string& meta = {}) {
    return "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name +
           (meta.empty() ? "" : ", " + meta) + "}\nspec:\n" + spec;
}
inline std::string to_pool(const std::string& pool = "pool", const std::string& more = {}) {
    return "  rules:\n  - backendRefs:\n    - {group: inference.networking.k8s.io, kind: "
           "InferencePool, name: " +
           pool + (more.empty() ? "" : ", " + more) + "}\n";
}
inline std::string parent(const std::string& more = {}) {
    return "  parentRefs: [{name: gw" + (more.empty() ? "" : ", " + more) + "}]\n";
}

inline std::string pool_doc(const std::string& name = "pool", const std::string& more = {},
                            const std::string& meta = {}) {
    return "apiVersion: inference.networking.k8s.io/v1\nkind: InferencePool\nmetadata: {name: " +
           name + (meta.empty() ? "" : ", " + meta) +
           "}\nspec:\n  selector: {matchLabels: {app: llm}}\n  targetPorts: [{number: 8000}]\n" +
           more;
}
inline std::string pod(const std::string& name, const std::string& ip, const std::string& more = {},
                       const std::string& meta = {}) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", labels: {app: llm}" +
           (meta.empty() ? "" : ", " + meta) + "}\nstatus:\n  podIP: " + ip + "\n" + more;
}
inline std::string service_doc(const std::string& name, const std::string& spec,
                               const std::string& meta = {}) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           (meta.empty() ? "" : ", " + meta) + "}\nspec:\n" + spec;
}

/// Gateway, route, pool and a Pod that fit.
inline std::string whole() {
    return docs({gateway(http_listener()), route_doc("r", parent() + to_pool()), pool_doc(),
                 pod("a", "10.0.0.1")});
}

}  // namespace weir::config::testing
