#include "gateway/rule_index.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/strings.hpp"
#include "gateway/query.hpp"

namespace weir::gateway {
namespace {

// Below these sizes a plain scan is faster than an index.
constexpr std::size_t index_headers_from = 8;
constexpr std::size_t regex_set_from = 8;
constexpr std::int64_t regex_set_memory = 64 << 20;

/// A header's value; `several` holds the text joined by `separator` when the field is repeated.
std::optional<std::string_view> header_value(const http::field_list& fields, std::string_view name,
                                             std::string_view separator, std::string& several) {
    std::optional<std::string_view> value;
    for (const auto& f : fields) {
        if (!iequals(f.name, name)) continue;
        if (!value) {
            value = f.value;
            continue;
        }
        if (several.empty()) several = *value;
        several += separator;
        several += f.value;
        value = several;
    }
    return value;
}

bool value_matches(const config::value_match& want, const RE2* pattern, std::string_view value) {
    if (want.kind == config::match_kind::exact) return value == want.value;
    return pattern != nullptr &&
           RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *pattern);
}

bool header_matches(const config::value_match& want, const RE2* pattern,
                    const http::field_list& fields) {
    std::string several;
    const auto value = header_value(fields, want.name, ",", several);
    if (!value) return false;
    if (value_matches(want, pattern, *value)) return true;
    if (several.empty()) return false;
    // RFC 9110 5.3 joins with a comma and optional white space: both spellings name the same list.
    several.clear();
    return value_matches(want, pattern, *header_value(fields, want.name, ", ", several));
}

std::size_t first_exact_header(const candidate& c) {
    const auto& headers = c.match->headers;
    const auto found = std::find_if(headers.begin(), headers.end(), [](const auto& h) {
        return h.kind == config::match_kind::exact;
    });
    return static_cast<std::size_t>(found - headers.begin());
}

std::string_view trim_slashes(std::string_view prefix) {
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    return prefix;
}

/// Takes the next segment off the front of `rest`, which begins with a slash or is empty.
std::string_view next_segment(std::string_view& rest) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    return segment;
}

}  // namespace

bool candidate::accepts(const request_view& request) const {
    if (!match->method.empty() && match->method != request.method) return false;
    for (std::size_t i = 0; i < match->headers.size(); ++i) {
        if (!header_matches(match->headers[i], header_patterns[i], *request.fields)) return false;
    }
    for (std::size_t i = 0; i < match->query.size(); ++i) {
        const auto value = query_parameter(request.query, match->query[i].name);
        if (!value || !value_matches(match->query[i], query_patterns[i], *value)) return false;
    }
    return true;
}

bool precedes(const candidate& a, const candidate& b) {
    const auto key = [](const candidate& c) {
        return std::tuple(~c.match->path_value.size(), c.match->method.empty(),
                          ~c.match->headers.size(), ~c.match->query.size(), c.owner->route_order,
                          c.owner->rule_order, c.match_order);
    };
    return key(a) < key(b);
}

void candidate_list::finish() {
    std::sort(all_.begin(), all_.end(), precedes);
    if (all_.size() < index_headers_from) return;
    for (std::uint32_t i = 0; i < all_.size(); ++i) {
        const auto at = first_exact_header(all_[i]);
        if (at == all_[i].match->headers.size()) {
            unindexed_.push_back(i);
            continue;
        }
        const auto& header = all_[i].match->headers[at];
        auto group = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const auto& g) { return g.name == header.name; });
        if (group == groups_.end()) group = groups_.insert(groups_.end(), {header.name, {}});
        group->by_value[header.value].push_back(i);
    }
}

void candidate_list::scan(const std::vector<std::uint32_t>& positions, const request_view& request,
                          std::size_t& best) const {
    for (const auto i : positions) {
        if (i >= best) return;
        if (all_[i].accepts(request)) best = i;
    }
}

const candidate* candidate_list::scan_all(const request_view& request) const {
    for (const auto& c : all_) {
        if (c.accepts(request)) return &c;
    }
    return nullptr;
}

const candidate* candidate_list::find(const request_view& request) const {
    if (all_.size() < index_headers_from) return scan_all(request);
    std::size_t best = all_.size();
    for (const auto& group : groups_) {
        std::string several;
        const auto value = header_value(*request.fields, group.name, ",", several);
        if (!value) continue;
        if (!several.empty()) return scan_all(request);
        if (const auto found = group.by_value.find(*value); found != group.by_value.end()) {
            scan(found->second, request, best);
        }
    }
    scan(unindexed_, request, best);
    return best == all_.size() ? nullptr : &all_[best];
}

std::uint32_t rule_index::insert_path(std::string_view prefix) {
    std::uint32_t at = 0;
    for (auto rest = trim_slashes(prefix); !rest.empty();) {
        const auto next = static_cast<std::uint32_t>(nodes_.size());
        const auto [found, fresh] = edges_.try_emplace({at, next_segment(rest)}, next);
        if (fresh) {
            nodes_.emplace_back();
            nodes_.back().parent = at;
        }
        at = found->second;
    }
    return at;
}

void rule_index::add(candidate c) {
    switch (c.match->path) {
        case config::path_kind::exact:
            exact_[c.match->path_value].add(std::move(c));
            break;
        case config::path_kind::regex:
            regexes_.push_back(std::move(c));
            break;
        case config::path_kind::prefix:
            nodes_[insert_path(c.match->path_value)].prefixes.add(std::move(c));
            break;
    }
}

void rule_index::finish() {
    for (auto& [path, list] : exact_) list.finish();
    for (auto& node : nodes_) {
        node.prefixes.finish();
        if (node.parent == none) continue;
        const auto& parent = nodes_[node.parent];  // always before its children
        node.shorter = parent.prefixes.empty() ? parent.shorter : node.parent;
    }
    std::sort(regexes_.begin(), regexes_.end(), precedes);
    if (regexes_.size() < regex_set_from) return;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(regex_set_memory);
    auto set = std::make_unique<RE2::Set>(options, RE2::ANCHOR_BOTH);
    for (const auto& c : regexes_) {
        if (set->Add(c.match->path_value, nullptr) < 0) return;
    }
    if (set->Compile()) regex_set_ = std::move(set);
}

const candidate* rule_index::find_regex(const request_view& request) const {
    const re2::StringPiece path(request.path.data(), request.path.size());
    if (regex_set_ != nullptr) {
        std::vector<int> hits;
        RE2::Set::ErrorInfo why{};
        const bool any = regex_set_->Match(path, &hits, &why);
        if (why.kind == RE2::Set::kNoError) {
            if (!any) return nullptr;
            std::sort(hits.begin(), hits.end());
            for (const int i : hits) {
                const auto& c = regexes_[static_cast<std::size_t>(i)];
                if (c.accepts(request)) return &c;
            }
            return nullptr;
        }
    }
    for (const auto& c : regexes_) {
        if (RE2::FullMatch(path, *c.path) && c.accepts(request)) return &c;
    }
    return nullptr;
}

const candidate* rule_index::find_prefix(const request_view& request) const {
    std::uint32_t at = 0;
    for (auto rest = request.path; !rest.empty();) {
        const auto found = edges_.find({at, next_segment(rest)});
        if (found == edges_.end()) break;
        at = found->second;
    }
    for (; at != none; at = nodes_[at].shorter) {
        if (const auto* c = nodes_[at].prefixes.find(request)) return c;
    }
    return nullptr;
}

const candidate* rule_index::find(const request_view& request) const {
    if (!exact_.empty()) {  // an empty map hashes too
        const auto found = exact_.find(request.path);
        const auto* c = found == exact_.end() ? nullptr : found->second.find(request);
        if (c != nullptr) return c;
    }
    if (!regexes_.empty()) {
        if (const auto* c = find_regex(request)) return c;
    }
    return find_prefix(request);
}

}  // namespace weir::gateway
