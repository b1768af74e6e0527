#pragma once

#include <re2/re2.h>
#include <re2/set.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model.hpp"
#include "gateway/hostname.hpp"
#include "http/head.hpp"

namespace weir::gateway {

/// One rule of one route as one listener serves it. Points into the model; lives as long as its
/// table.
struct rule {
    const config::listener* listener = nullptr;
    const config::route* route = nullptr;
    const config::route_rule* config = nullptr;
    std::uint32_t route_order =
        0;  ///< place of the route among all: oldest first, then `namespace/name`
    std::uint32_t rule_order = 0;  ///< place of the rule in its route
    bool plain = true;             ///< no filters on the rule: nothing to edit, redirect or rewrite
};

/// What is matched of a request. `path` is normalised and has no query; `host` is the field as it
/// came.
struct request_view {
    std::string_view host;
    std::string_view method;
    std::string_view path;
    std::string_view query;
    const http::field_list* fields = nullptr;
    std::string_view sni;  ///< server name of the TLS handshake, empty when none
};

/// One entry of a rule's `matches`.
struct candidate {
    const rule* owner = nullptr;
    const config::rule_match* match = nullptr;
    std::uint32_t match_order = 0;
    const RE2* path = nullptr;  ///< of a regex path
    /// Element i belongs to match->headers[i]; null when exact.
    std::vector<const RE2*> header_patterns;
    std::vector<const RE2*> query_patterns;

    /// Method, headers and query parameters; the path has been compared already.
    bool accepts(const request_view& request) const;
};

/// Gateway API precedence among candidates of one path class: longer path value, method, more
/// headers, more query parameters, then route, rule and match order. (HTTPRouteMatch; regular
/// expressions are ordered like prefixes.)
bool precedes(const candidate& a, const candidate& b);

/// Candidates that share a path, best first. Large ones are indexed by a header value.
class candidate_list {
  public:
    void add(candidate c) { all_.push_back(std::move(c)); }
    bool empty() const { return all_.empty(); }
    const std::vector<candidate>& all() const { return all_; }

    /// Sorts and indexes; once, after the last `add`.
    void finish();
    /// The best candidate that accepts the request, or null.
    const candidate* find(const request_view& request) const;

  private:
    struct header_group {
        std::string_view name;
        std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_value;
    };

    void scan(const std::vector<std::uint32_t>& positions, const request_view& request,
              std::size_t& best) const;
    const candidate* scan_all(const request_view& request) const;

    std::vector<candidate> all_;
    std::vector<std::uint32_t> unindexed_;
    std::vector<header_group> groups_;
};

/// All rules that one listener serves for one hostname: exact paths hashed, prefixes in a tree of
/// path segments, regular expressions as one set. Built once, then read by all threads.
class rule_index {
  public:
    /// The path pattern of a regex candidate is compiled by the caller.
    void add(candidate c);
    void finish();
    const candidate* find(const request_view& request) const;

  private:
    struct tree_node {
        candidate_list prefixes;
        std::uint32_t shorter = none;  ///< nearest ancestor with prefixes
        std::uint32_t parent = none;
    };
    struct edge {
        std::uint32_t from;
        std::string_view segment;
        bool operator==(const edge&) const = default;
    };
    struct edge_hash {
        std::size_t operator()(const edge& e) const {
            return std::hash<std::string_view>()(e.segment) * 31 + e.from;
        }
    };
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::uint32_t insert_path(std::string_view prefix);
    const candidate* find_regex(const request_view& request) const;
    const candidate* find_prefix(const request_view& request) const;

    std::unordered_map<std::string_view, candidate_list> exact_;
    std::vector<candidate> regexes_;
    std::unique_ptr<RE2::Set> regex_set_;  ///< null when there are few
    std::vector<tree_node> nodes_{1};
    std::unordered_map<edge, std::uint32_t, edge_hash> edges_;
};

}  // namespace weir::gateway
