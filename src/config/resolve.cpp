#include "config/resolve.hpp"

#include <arpa/inet.h>

#include <utility>

#include "base/strings.hpp"
#include "config/effective.hpp"
#include "config/resolve_codes.hpp"
#include "config/resolve_state.hpp"

namespace weir::config {

bool is_ip_literal(std::string_view written) {
    const std::string ip(written);
    unsigned char bytes[sizeof(in6_addr)];
    return inet_pton(AF_INET, ip.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, ip.c_str(), bytes) == 1;
}

host_port split_host_port(std::string_view written) {
    std::string_view host = written;
    std::string_view port;
    if (written.starts_with('[')) {
        const auto close = written.find(']');
        if (close == std::string_view::npos) return {{}, 0, false};
        host = written.substr(1, close - 1);
        port = written.substr(close + 1);
        if (!port.empty() && !port.starts_with(':')) return {{}, 0, false};
        if (!port.empty()) port.remove_prefix(1);
    } else if (const auto colon = written.rfind(':');
               colon != std::string_view::npos && written.find(':') == colon) {
        host = written.substr(0, colon);
        port = written.substr(colon + 1);
        if (port.empty()) return {{}, 0, false};
    }
    std::uint16_t number = 0;
    if (!port.empty()) {
        const auto value = parse_int(port);
        if (!value || *value < 0 || *value > 65535) return {{}, 0, false};
        number = static_cast<std::uint16_t>(*value);
    }
    return {std::string(host), number, true};
}

std::string join_host_port(std::string_view host, std::uint16_t port) {
    const bool v6 = host.find(':') != host.npos;
    return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::to_string(port);
}

resolve_state::resolve_state(const resources& in_, const load_options& options_,
                             source_ptr picker_flag_, model& out_, findings& found_)
    : in(in_),
      options(options_),
      out(out_),
      found(found_),
      picker_flag(std::move(picker_flag_)),
      grants(in_.grants) {
    for (const auto& n : in.namespaces) namespaces.try_emplace(n.meta.name.value, &n);
    for (const auto& s : in.services) services.try_emplace(s.meta.id(), &s);
    for (const auto& s : in.endpoint_slices)
        slices[s.meta.name_space.value + "/" + s.service_name].push_back(&s);
    for (const auto& s : in.secrets) secrets.try_emplace(s.meta.id(), &s);
    for (const auto& m : in.config_maps) config_maps.try_emplace(m.meta.id(), &m);
    for (const auto& p : in.pools) defined.try_emplace(p.meta.group + "/" + p.meta.id(), &p);
    for (const auto& p : in.pods) pods[p.meta.name_space.value].push_back(&p);
}

namespace {

template <class Value>
const Value* find_in(const std::unordered_map<std::string, Value>& index, std::string_view group,
                     std::string_view name_space, std::string_view name) {
    std::string key(group);
    key.append("/").append(name_space).append("/").append(name);
    const auto at = index.find(key);
    return at == index.end() ? nullptr : &at->second;
}

}  // namespace

std::optional<std::uint32_t> resolve_state::find_pool(std::string_view group,
                                                      std::string_view name_space,
                                                      std::string_view name) const {
    const auto* at = find_in(pool_index, group, name_space, name);
    return at == nullptr ? std::nullopt : std::optional(*at);
}

const pool_resource* resolve_state::defined_pool(std::string_view group,
                                                 std::string_view name_space,
                                                 std::string_view name) const {
    const auto* at = find_in(defined, group, name_space, name);
    return at == nullptr ? nullptr : *at;
}

bool pair_limit::take(std::size_t n, findings& found, const span& at) {
    taken_ += n;
    if (taken_ <= limit_) return true;
    if (!std::exchange(reported_, true)) {
        auto& f = found.error(
            codes::too_large,
            "these files make more than " + std::to_string(limit_) + " " + std::string(what_), at);
        f.help = "split them between several weirs";
    }
    return false;
}

namespace {

/// `--listen` and `--bind` as IP literals: `:8080` is any address, `localhost` the loopback one.
load_options with_literal_addresses(load_options options) {
    const auto literal = [](const std::string& host) {
        if (host.empty()) return std::string("0.0.0.0");
        return host == "localhost" ? std::string("127.0.0.1") : host;
    };
    const auto at = split_host_port(options.listen);
    options.listen = join_host_port(literal(at.host), at.port);
    const auto bind = split_host_port(options.bind);
    options.bind = literal(bind.host);
    return options;
}

}  // namespace

resolve_result resolve(const resources& all, const load_options& options,
                       const source_ptr& picker_flag, findings& found) {
    resolve_result result;
    result.value = std::make_shared<model>();
    result.value->texts = all.sources;
    if (picker_flag != nullptr) result.value->texts.push_back(picker_flag);
    const auto literal = with_literal_addresses(options);
    resolve_state state(all, literal, picker_flag, *result.value, found);
    resolve_pools(state);
    resolve_quick_start_pool(state);
    resolve_pickers(state);
    check_quick_start_pool(state);
    resolve_pool_endpoints(state);
    resolve_pool_parts(state);
    resolve_gateways(state);
    resolve_routes(state);
    resolve_quick_start_route(state);
    check_picker_settings(state);
    check_matches(state);
    check_reachability(state);
    check_endpoints(state);
    report_statuses(state);
    if (options.effective) write_effective(all, *result.value);
    result.usage_error = std::move(state.usage_error);
    return result;
}

}  // namespace weir::config
