#include <algorithm>
#include <optional>
#include <string>

#include "base/strings.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {
namespace {

/// `--endpoints-file`: PATH, or POOL=PATH where POOL is a name or namespace/name.
struct endpoints_file_flag {
    std::string pool;
    std::string path;
};

bool is_pool_name(std::string_view s) {
    return !s.empty() &&
           std::all_of(s.begin(), s.end(),
                       [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                                  c == '.' || c == '/';
                       }) &&
           s.front() != '/' && s.front() != '.' && std::count(s.begin(), s.end(), '/') <= 1;
}

endpoints_file_flag parse_flag(const std::string& written) {
    const auto equals = written.find('=');
    if (equals == std::string::npos || !is_pool_name(std::string_view(written).substr(0, equals)))
        return {{}, written};
    return {written.substr(0, equals), written.substr(equals + 1)};
}

std::string list_of(const std::vector<pool>& pools) {
    std::string written;
    for (const auto& p : pools) written += (written.empty() ? "" : ", ") + p.id();
    return written;
}

std::optional<endpoint_source> endpoint_of(std::string_view url) {
    if (url.starts_with("http://")) url.remove_prefix(7);
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto at = split_host_port(url);
    if (!at.valid || at.host.empty()) return std::nullopt;
    const auto port = at.port == 0 ? std::uint16_t{80} : at.port;
    return endpoint_source{"default", join_host_port(at.host, port), at.host, {port}, {}, true};
}

void take_endpoints(resolve_state& state, pool& into) {
    into.endpoints.clear();
    for (const auto& url : state.options.endpoints) {
        auto e = endpoint_of(url);
        if (!e) {
            state.usage_error = "--endpoint " + url + ": write http://host:port";
            return;
        }
        e->name_space = into.name_space;
        const bool twice = std::any_of(into.endpoints.begin(), into.endpoints.end(),
                                       [&](const auto& other) { return other.name == e->name; });
        if (twice) {
            state.found.warning(codes::endpoint_twice, "--endpoint " + url + " is given twice", {})
                .help =
                "it is one endpoint and gets one share of the traffic; remove one of the two";
            continue;
        }
        into.endpoints.push_back(std::move(*e));
    }
}

/// A pool has one endpoints file.
void take_file(resolve_state& state, std::size_t index, const std::string& path) {
    auto& into = state.out.pools[index];
    if (!into.endpoints_file.empty()) {
        state.usage_error = "--endpoints-file is given twice for InferencePool " + into.id() +
                            ": " + into.endpoints_file + " and " + path;
        return;
    }
    into.endpoints_file = path;
    into.watch_endpoints_file = true;
    state.pools[index].endpoints_replaced = true;
}

void take_named_file(resolve_state& state, const endpoints_file_flag& flag) {
    auto& pools = state.out.pools;
    const bool with_space = flag.pool.find('/') != std::string::npos;
    std::optional<std::size_t> chosen;
    std::size_t fitting = 0;
    for (std::size_t i = 0; i < pools.size(); ++i) {
        if ((with_space ? pools[i].id() : pools[i].name) != flag.pool) continue;
        chosen = i;
        ++fitting;
    }
    if (fitting == 1) return take_file(state, *chosen, flag.path);
    const auto flag_text = "--endpoints-file " + flag.pool + "=" + flag.path;
    if (fitting > 1) {
        state.usage_error =
            flag_text + ": several InferencePools have this name; write NAMESPACE/" + flag.pool;
    } else {
        state.usage_error = flag_text + ": no file defines InferencePool " + flag.pool +
                            (pools.empty() ? std::string() : "; there is " + list_of(pools));
    }
}

std::vector<endpoints_file_flag> plain_files(const load_options& options) {
    std::vector<endpoints_file_flag> plain;
    for (const auto& written : options.endpoints_files) {
        auto flag = parse_flag(written);
        if (flag.pool.empty()) plain.push_back(std::move(flag));
    }
    return plain;
}

/// Without manifests `--config-file` may say by `file-discovery` what the endpoints are.
bool may_discover(const load_options& options) {
    return options.filenames.empty() &&
           !(options.config_file.empty() && options.config_text.empty());
}

bool is_asked_for(const load_options& options) {
    return !options.endpoints.empty() || !plain_files(options).empty() || may_discover(options);
}

void make_default_pool(resolve_state& state) {
    auto& into = state.out.pools.emplace_back();
    into.name_space = "default";
    into.name = "default";
    into.group = pool_group_v1;
    state.pools.push_back({});
    state.pool_index.emplace(into.group + "/" + into.id(),
                             static_cast<std::uint32_t>(state.out.pools.size() - 1));
    state.quick_start_formed = true;
    if (state.out.missing_pool == into.id()) state.out.missing_pool.clear();
}

void replace_endpoints(resolve_state& state) {
    auto& into = state.out.pools.front();
    state.pools.front().endpoints_replaced = true;
    take_endpoints(state, into);
    for (const auto& file : plain_files(state.options)) take_file(state, 0, file.path);
}

}  // namespace

/// After the pools of the files. What is wrong here is a mistake of the command line:
/// `usage_error`.
void resolve_quick_start_pool(resolve_state& state) {
    for (const auto& written : state.options.endpoints_files) {
        const auto flag = parse_flag(written);
        if (!flag.pool.empty()) take_named_file(state, flag);
    }
    if (!is_asked_for(state.options)) return;
    auto& pools = state.out.pools;
    const bool default_is_wanted =
        state.out.missing_pool.empty() || state.out.missing_pool == "default/default";
    if (pools.empty() && default_is_wanted) make_default_pool(state);
    if (pools.size() == 1) return replace_endpoints(state);
    if (pools.empty()) return;
    const auto* flag = state.options.endpoints.empty() ? "--endpoints-file" : "--endpoint";
    state.usage_error = std::string(flag) +
                        " replaces the endpoints of the only InferencePool, but the files define " +
                        std::to_string(pools.size()) + ": " + list_of(pools) +
                        "; name one with --endpoints-file POOL=PATH, or with --pool-name";
}

/// After the pickers: a pool that was formed for the endpoints of a picker configuration has some.
void check_quick_start_pool(resolve_state& state) {
    const auto& options = state.options;
    if (!state.quick_start_formed || !options.endpoints.empty() || state.found.has_errors()) return;
    if (state.out.pools.front().endpoints_file.empty()) state.usage_error = nothing_to_serve;
}

/// The catch-all route on `--listen`: for the pool that the quick start formed, or when the files
/// have no route at all.
void resolve_quick_start_route(resolve_state& state) {
    if (!is_asked_for(state.options)) return;
    if (!state.quick_start_formed && !state.in.http_routes.empty()) return;
    route catch_all;
    catch_all.name_space = "default";
    catch_all.name = "quick-start";
    auto& rule = catch_all.rules.emplace_back();
    rule.matches.emplace_back();
    auto& ref = rule.backends.emplace_back();
    ref.target.name =
        state.out.pools.empty() ? state.out.missing_pool : state.out.pools.back().id();
    if (state.out.pools.empty()) {
        ref.target.reason = "BackendNotFound";
    } else {
        ref.target.kind = backend_kind::pool;
        ref.target.index = static_cast<std::uint32_t>(state.out.pools.size() - 1);
    }
    state.out.routes.push_back(std::move(catch_all));
    const auto index = static_cast<std::uint32_t>(state.out.routes.size() - 1);

    const auto at = split_host_port(state.options.listen);
    for (auto& l : state.out.listeners) {
        if (l.bind_address == at.host && l.bind_port == at.port && l.hostname.empty()) {
            l.routes.push_back({index, {}});
            return;
        }
    }
    listener l;
    l.gateway = "default/quick-start";
    l.name = "http";
    l.bind_address = at.host;
    l.bind_port = l.logical_port = at.port;
    l.routes.push_back({index, {}});
    state.out.listeners.push_back(std::move(l));
}

}  // namespace weir::config
