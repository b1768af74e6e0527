#include "datalayer/endpoint_list.hpp"

#include <unordered_map>

namespace weir::datalayer {
namespace {

/// Pods (and what else has a Kubernetes name) give one endpoint a port; `--endpoint` names one by
/// its authority.
bool is_ranked(const config::endpoint_source& source, endpoint_origin origin) {
    const bool resource =
        origin == endpoint_origin::config && source.name.find(':') == std::string::npos;
    return resource || source.ports.size() > 1;
}

bool is_literal(const std::string& host) { return http::address::parse(host, 1).has_value(); }

void expand_one(const config::endpoint_source& source, endpoint_origin origin,
                const std::vector<std::string>& ips, std::vector<listed_endpoint>& out) {
    for (const auto& ip : ips) {
        for (std::size_t rank = 0; rank < source.ports.size(); ++rank) {
            if (source.ports[rank] == 0) continue;
            const auto where = http::address::parse(ip, source.ports[rank]);
            if (!where) continue;
            const auto suffix =
                is_ranked(source, origin) ? "-rank-" + std::to_string(rank) : std::string{};
            listed_endpoint e;
            e.what.name_space = source.name_space;
            e.what.name = source.name + (ips.size() > 1 ? "-" + where->ip() : "") + suffix;
            e.what.address = where->ip();
            e.what.port = source.ports[rank];
            e.what.rank = static_cast<std::uint32_t>(rank);
            e.what.labels = source.labels;
            e.where = *where;
            e.key = source.name_space + "/" + source.name + suffix + "@" + where->authority();
            e.origin = origin;
            e.ready = source.ready;
            out.push_back(std::move(e));
        }
    }
}

}  // namespace

std::string_view to_string(endpoint_origin o) {
    switch (o) {
        case endpoint_origin::config:
            return "config";
        case endpoint_origin::file:
            return "file";
        case endpoint_origin::admin:
            return "admin";
    }
    return "";
}

std::vector<listed_endpoint> expand(std::span<const config::endpoint_source> sources,
                                    endpoint_origin origin, const address_book& book) {
    std::vector<listed_endpoint> out;
    for (const auto& s : sources) {
        if (is_literal(s.host)) {
            expand_one(s, origin, {s.host}, out);
        } else if (const auto at = book.find(s.host); at != book.end()) {
            expand_one(s, origin, at->second, out);
        }
    }
    return out;
}

std::vector<listed_endpoint> merge(std::vector<std::vector<listed_endpoint>> by_origin) {
    std::vector<listed_endpoint> out;
    std::unordered_map<std::string, std::size_t> at;
    for (auto& list : by_origin) {
        for (auto& e : list) {
            const auto [found, fresh] = at.try_emplace(e.what.id(), out.size());
            if (fresh) {
                out.push_back(std::move(e));
            } else {
                out[found->second] = std::move(e);
            }
        }
    }
    return out;
}

void collect_names(std::span<const config::endpoint_source> sources, std::set<std::string>& into) {
    for (const auto& s : sources) {
        if (!is_literal(s.host)) into.insert(s.host);
    }
}

}  // namespace weir::datalayer
