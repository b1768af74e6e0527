// POST /v1/endpoints: what the administrator adds, removes and drains.
#include <algorithm>

#include "admin/json_body.hpp"
#include "admin/page.hpp"
#include "base/json.hpp"
#include "base/strings.hpp"
#include "datalayer/dns.hpp"

namespace weir::admin {
namespace {

/// What `address` says: `ip:port`, `[ipv6]:port` or `name:port`, as a URL too (`--endpoint` takes
/// those); the port may stand in `port`, as in an endpoints file.
std::string read_address(json_body& body) {
    constexpr std::string_view scheme = "http://";
    auto address = body.text("address");
    if (iequals(std::string_view(address).substr(0, scheme.size()), scheme))
        address.erase(0, scheme.size());
    if (address.ends_with('/')) address.pop_back();
    if (!body.has("port")) return address;
    const bool bare_v6 = address.find(':') != std::string::npos && !address.starts_with('[');
    const auto port =
        body.is_text("port") ? body.text("port") : std::to_string(body.number("port").value_or(0));
    return (bare_v6 ? "[" + address + "]" : address) + ":" + port;
}

/// The source of an `add`.
config::endpoint_source read_source(json_body& body) {
    config::endpoint_source out;
    const auto address = read_address(body);
    out.name_space = body.text("namespace", "default");
    out.name = body.text("name");
    if (const auto literal = http::address::parse(address)) {
        out.host = literal->ip();
        out.ports.push_back(literal->port());
    } else {
        const auto colon = address.rfind(':');
        const auto digits = colon == std::string::npos
                                ? std::string_view()
                                : std::string_view(address).substr(colon + 1);
        const auto port = parse_int(digits).value_or(0);
        out.host = address.substr(0, colon);
        if (port > 0 && port < 65536) out.ports.push_back(static_cast<std::uint16_t>(port));
    }
    const bool named = http::address::parse(out.host, 1) || datalayer::is_host_name(out.host);
    if (!named || out.ports.empty() || out.ports.front() == 0)
        body.fail("\"address\" must be HOST:PORT, of a name or an IP address");
    if (out.name.empty()) out.name = address;
    out.labels = body.texts("labels");
    std::sort(out.labels.begin(), out.labels.end());
    return out;
}

/// The pool that is named, or the only one.
std::string chosen_pool(surroundings& s, json_body& body) {
    auto name = body.text("pool");
    const auto pools = s.about.pools();
    if (name.empty() && pools.size() == 1) return pools.front().id;
    if (name.empty()) body.fail("\"pool\" must name one of the pools");
    return with_namespace(std::move(name));
}

/// Which endpoint is meant: by `id`, by `name` and `namespace` as it was added, or by `address`.
std::string chosen_endpoint(const surroundings& s, std::string_view pool, json_body& body) {
    const auto name = body.text("name");
    if (body.has("id")) return with_namespace(body.text("id"));
    if (!name.empty()) return body.text("namespace", "default") + "/" + name;
    const auto address = read_address(body);
    if (address.empty()) {
        body.fail("\"id\" must be the endpoint's namespace/name");
        return {};
    }
    for (const auto& f : s.about.pools()) {
        if (f.id != pool || f.endpoints == nullptr) continue;
        for (const auto& m : f.endpoints->members()) {
            if (m->listed.what.authority() == address) return m->listed.what.id();
        }
    }
    return address;
}

bool is_own(const surroundings& s, std::string_view pool, const config::endpoint_source& source) {
    for (const auto& f : s.about.pools()) {
        if (f.id == pool && f.endpoints != nullptr) return f.endpoints->is_own(source);
    }
    return false;
}

}  // namespace

void do_endpoints(surroundings& s, const asked& a, const answer_fn& answer) {
    json_body body(a.body);
    body.only({"action", "pool", "id", "name", "namespace", "address", "port", "labels"});
    const auto action = body.text("action");
    const bool known =
        action == "add" || action == "remove" || action == "drain" || action == "undrain";
    if (!known) body.fail("\"action\" must be add, remove, drain or undrain");
    const auto pool = chosen_pool(s, body);
    std::string id;
    bool done = false;
    if (action == "add") {
        auto source = read_source(body);
        id = source.name_space + "/" + source.name;
        if (!body.problem().empty()) return answer(problem(400, body.problem()));
        if (is_own(s, pool, source)) {
            return answer(problem(
                400, "the address is weir's own listener: name the port of the model server"));
        }
        done = s.about.add_endpoint(pool, std::move(source));
    } else {
        id = chosen_endpoint(s, pool, body);
        if (!body.problem().empty()) return answer(problem(400, body.problem()));
        done = action == "remove" ? s.about.remove_endpoint(pool, id)
                                  : s.about.drain_endpoint(pool, id, action == "drain");
    }
    if (!done) {
        return answer(problem(404, action == "add" ? "there is no pool " + pool
                                                   : "pool " + pool + " has no endpoint " + id));
    }
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("action", action).field("pool", pool);
    w.field("id", id).end_object();
    reply r;
    r.body = w.take() + "\n";
    answer(std::move(r));
}

}  // namespace weir::admin
