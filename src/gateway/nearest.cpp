#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.hpp"
#include "gateway/table.hpp"

namespace weir::gateway {
namespace {

// A 404 must stay cheap: at most this many patterns are compared, and only paths of a length a
// person types.
constexpr std::size_t max_patterns = 128;
constexpr std::size_t max_path = 128;

struct pattern_place {
    std::string_view path;
    const config::route* route;
    const config::rule_match* match;
};

std::vector<pattern_place> patterns_of(const socket_table& socket, const config::listener* listener,
                                       const config::model& model) {
    std::vector<pattern_place> places;
    for (const auto& served : socket.listeners) {
        if (listener != nullptr && served.listener != listener) continue;
        for (const auto& attached : served.listener->routes) {
            const auto& route = model.routes[attached.route];
            for (const auto& rule : route.rules) {
                for (const auto& match : rule.matches) {
                    places.push_back({match.path_value, &route, &match});
                    if (places.size() == max_patterns) return places;
                }
            }
        }
    }
    return places;
}

std::string_view kind_name(config::path_kind kind) {
    switch (kind) {
        case config::path_kind::exact:
            return "Exact";
        case config::path_kind::prefix:
            return "PathPrefix";
        case config::path_kind::regex:
            return "RegularExpression";
    }
    return "";
}

bool path_matches(const config::rule_match& match, std::string_view path) {
    if (match.path == config::path_kind::exact) return path == match.path_value;
    if (match.path == config::path_kind::regex) return false;
    std::string_view prefix = match.path_value;
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

std::string asked_for(const request_view& request) {
    const auto shown = [](std::string_view s) {
        return s.size() <= max_path ? std::string(s) : std::string(s.substr(0, max_path)) + "...";
    };
    return shown(request.method) + " " + shown(request.path) + " on host \"" + shown(request.host) +
           "\"";
}

std::string describe(const pattern_place& place) {
    std::string text = "HTTPRoute " + place.route->name_space + "/" + place.route->name + ", ";
    return text.append(kind_name(place.match->path)).append(" ").append(place.path);
}

}  // namespace

std::string table::describe_no_match(const socket_table& socket, const request_view& request,
                                     const match_result& result) const {
    if (result.what == outcome::no_listener) {
        std::string text = "no listener serves " + asked_for(request);
        if (!socket.listeners.empty()) {
            const auto* l = socket.listeners.front().listener;
            text +=
                "; listener " + l->gateway + "/" + l->name + " serves host \"" + l->hostname + "\"";
        }
        return text;
    }
    std::string text = "no route matches " + asked_for(request);
    const auto places = patterns_of(socket, result.listener, *model_);
    if (places.empty()) return text + "; no route is attached to this listener";
    for (const auto& place : places) {
        if (!path_matches(*place.match, request.path)) continue;
        return text + "; " + describe(place) +
               " has this path but another host, method, header or query parameter";
    }
    if (request.path.size() > max_path) return text;
    std::vector<std::string_view> words;
    for (const auto& place : places) words.push_back(place.path);
    const auto best = nearest(request.path, words);
    const auto found = std::find(words.begin(), words.end(), best);
    const auto& place = found == words.end()
                            ? places.front()
                            : places[static_cast<std::size_t>(found - words.begin())];
    return text + (found == words.end() ? "; there is " : "; did you mean ") + describe(place);
}

}  // namespace weir::gateway
