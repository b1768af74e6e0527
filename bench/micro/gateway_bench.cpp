// Nanoseconds of finding a request's rule, among few routes and among many. Plain loops: the best
// of many short batches, because a shared machine disturbs long ones.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "best_of.hpp"
#include "config/model.hpp"
#include "gateway/table.hpp"

namespace {

using namespace weir;
using namespace weir::gateway;

template <class F>
void measure(const char* name, F f) {
    std::printf("%-44s %12.1f ns\n", name, bench::best_of(1000, f));
}

config::route_rule rule_for(config::path_kind kind, std::string path, std::string header) {
    config::rule_match match;
    match.path = kind;
    match.path_value = std::move(path);
    if (!header.empty()) match.headers.push_back({config::match_kind::exact, "x-team", header});
    config::route_rule rule;
    rule.matches.push_back(std::move(match));
    return rule;
}

/// `n` routes on one listener; the last rule of each takes every path under its prefix.
std::shared_ptr<const table> routes(std::size_t n) {
    auto m = std::make_shared<config::model>();
    config::listener l;
    l.bind_address = "127.0.0.1";
    l.bind_port = 8080;
    for (std::size_t i = 0; i < n; ++i) {
        const auto name = "/team-" + std::to_string(i);
        config::route r;
        r.name = "route-" + std::to_string(i);
        r.rules.push_back(rule_for(config::path_kind::prefix, name, "blue"));
        r.rules.push_back(rule_for(config::path_kind::regex, name + "/v[0-9]+/models", ""));
        r.rules.push_back(rule_for(config::path_kind::prefix, name, ""));
        m->routes.push_back(std::move(r));
        l.routes.push_back({static_cast<std::uint32_t>(i), {}});
    }
    m->listeners.push_back(std::move(l));
    return table::compile(std::move(m));
}

void look_up(const char* name, std::size_t n) {
    const auto t = routes(n);
    const auto path = "/team-" + std::to_string(n / 2) + "/v1/chat/completions";
    http::field_list fields;
    request_view request{.host = "gateway.example:8080", .method = "POST", .path = path};
    request.fields = &fields;
    std::size_t found = 0;
    measure(name, [&] {
        const auto match = table::match(t->sockets().front(), request);
        found += match.what == outcome::matched ? 1U : 0U;
    });
    if (found == 0) std::puts("nothing matched");
}

}  // namespace

int main() {
    look_up("match, 1 route", 1);
    look_up("match, 100 routes", 100);
    look_up("match, 10,000 routes", 10000);
}
