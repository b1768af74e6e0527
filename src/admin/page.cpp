#include "admin/page.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/json.hpp"
#include "base/strings.hpp"
#include "gateway/query.hpp"

namespace weir::admin {
namespace {

/// As much as a client may send to the gateway (the default of --max-body): long prompts are those
/// that somebody asks about.
constexpr std::size_t max_explained = std::size_t{64} << 20;

constexpr std::array all_pages = {
    page{"/", false, false, "this list", show_links},
    page{"/livez", false, false, "200 while the process runs", show_livez},
    page{"/readyz", false, false, "200 when it can serve; ?verbose lists every check", show_readyz},
    page{"/metrics", false, false, "Prometheus text format", show_metrics},
    page{"/v1/config", false, false, "the configuration in force, redacted, with file and line",
         show_config},
    page{"/v1/status", false, false, "conditions of every resource, as Kubernetes writes them",
         show_status},
    page{"/v1/pools", false, false, "pools: endpoints by state, saturation, picker", show_pools},
    page{"/v1/endpoints", false, false, "endpoints: state, signals, what scraping says",
         show_endpoints},
    page{"/v1/queues", false, false, "priority bands and queues", show_queues},
    page{"/v1/traffic", false, false, "requests, answers, tokens and TTFT since the start",
         show_traffic},
    page{"/v1/decisions", false, false, "the last decisions, newest first; ?limit=N",
         show_decisions},
    page{"/v1/decisions/stream", false, false, "decisions as they are made (server-sent events)",
         nullptr},
    page{"/v1/decisions/", false, false, "one request with the scores of every endpoint",
         show_decision, true},
    page{"/v1/process", false, false, "CPU, memory, descriptors, addresses", show_process},
    page{"/v1/build", false, false, "version and compiler", show_build},
    page{"/ui", false, false, "", redirect_to_ui},
    page{"/ui/", false, false, "dashboard", show_ui},
    page{"/v1/explain", true, false, "a dry decision for the request in the body", do_explain,
         false, max_explained},
    page{"/v1/reload", true, true, "load the configuration again; ?dryRun=1 only checks it",
         do_reload},
    page{"/v1/drain", true, true, "finish what is under way, then leave", do_drain},
    page{"/v1/log", true, false, "{\"v\":N} sets the verbosity", do_log},
    page{"/v1/endpoints", true, false, "add, remove or drain an endpoint", do_endpoints},
};

bool fits(const page& p, std::string_view path) {
    if (p.path == path) return !p.below;
    const bool tree = p.below || p.path == "/ui/";
    return tree && path.size() > p.path.size() && path.starts_with(p.path);
}

}  // namespace

bool asked::parameter(std::string_view name, std::string& value) const {
    auto found = gateway::query_parameter(query, name);
    if (found) value = std::move(*found);
    return found.has_value();
}

bool asked::wants_text() const {
    const auto lower = to_lower(accept);
    return lower.find("text/plain") != std::string::npos && lower.find("json") == std::string::npos;
}

bool asked::flag(std::string_view name) const {
    std::string value;
    return parameter(name, value) && value != "0" && value != "false";
}

std::span<const page> pages() { return all_pages; }

const page* find_page(std::string_view path, bool post, const page** other_method) {
    *other_method = nullptr;
    for (const auto& p : all_pages) {
        if (!fits(p, path)) continue;
        if (p.writes == post) return &p;
        *other_method = &p;
    }
    return nullptr;
}

std::string_view nearest_page(std::string_view path) {
    std::vector<std::string_view> known;
    for (const auto& p : all_pages) {
        if (p.path.size() > 1) known.push_back(p.path);
    }
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    if (const auto found = nearest(path, known); !found.empty()) return found;
    // `/endpoints` means `/v1/endpoints`.
    const std::string versioned = "/v1" + std::string(path);
    return nearest(versioned, known);
}

reply problem(int status, std::string_view message) {
    json_writer w;
    w.begin_object().field("apiVersion", "v1").key("error").begin_object();
    w.field("status", status).field("message", message).end_object().end_object();
    reply r;
    r.status = status;
    r.body = w.take() + "\n";
    return r;
}

reply plain_text(std::string text, int status) {
    reply r;
    r.status = status;
    r.type = "text/plain; charset=utf-8";
    r.body = std::move(text);
    return r;
}

reply problem_for(const asked& a, int status, const std::string& message) {
    return a.wants_text() ? plain_text(message + "\n", status) : problem(status, message);
}

std::string with_namespace(std::string id) {
    return id.empty() || id.find('/') != std::string::npos ? id : "default/" + id;
}

std::string rfc3339(std::int64_t unix_ms) {
    const std::time_t seconds = unix_ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char day[32];
    std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    char text[48];
    std::snprintf(text, sizeof text, "%s.%03dZ", day, static_cast<int>(unix_ms % 1000));
    return text;
}

std::int64_t unix_ms_now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace weir::admin
