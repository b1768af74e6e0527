#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/side_thread.hpp"
#include "admin/subject.hpp"
#include "http/event_loop.hpp"

/// What the pages of the admin API share: a request without its wire, an answer without its wire,
/// and the table of paths. Control thread.
namespace weir::admin {

/// A request that passed the checks of `guard.hpp`, body included.
struct asked {
    std::string method;
    std::string path;    ///< without the query
    std::string query;   ///< without the `?`
    std::string body;    ///< of a POST
    std::string accept;  ///< the Accept field
    std::string accept_encoding;
    std::string if_none_match;

    /// The first value of a query parameter, percent-decoded; a parameter without `=` is empty.
    /// Null-like: false when absent.
    bool parameter(std::string_view name, std::string& value) const;
    /// Present and neither `0` nor `false`.
    bool flag(std::string_view name) const;
    /// Accept names text/plain and no JSON: a person reads the answer.
    bool wants_text() const;
};

struct reply {
    int status = 200;
    std::string_view type = "application/json";
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> fields;  ///< beyond the common ones
    std::string_view cache = "no-store";                           ///< Cache-Control
};

/// Gives the answer, at once or later on the control thread; an answer nobody waits for any more
/// is dropped.
using answer_fn = std::function<void(reply)>;

/// What pages work with.
struct surroundings {
    http::event_loop& loop;
    subject& about;
    side_thread& side;
};

struct page {
    std::string_view path;       ///< ends in `/` when everything below it belongs to the page, too
    bool writes = false;         ///< POST; else GET and HEAD
    bool body_optional = false;  ///< a POST without body and content type means an empty object
    std::string_view meaning;    ///< one line for the list at `/`
    void (*run)(surroundings&, const asked&, const answer_fn&) = nullptr;  ///< null: the stream
    bool below = false;  ///< serves what is below `path`, not `path` itself
    std::size_t max_body = std::size_t{1} << 20;
};

std::span<const page> pages();

/// The page of a path, or null. `other_method` tells what the path is there for when only the
/// method is wrong.
const page* find_page(std::string_view path, bool post, const page** other_method);
/// The path nearest to a wrong one; empty when none is near.
std::string_view nearest_page(std::string_view path);

/// `{"apiVersion":"v1","error":{"status":…,"message":…}}`
reply problem(int status, std::string_view message);

/// The same; to a person who asked for text, only the sentence.
reply problem_for(const asked& a, int status, const std::string& message);
reply plain_text(std::string text, int status = 200);

/// One past request in full, or 404.
void tell_past(surroundings& s, const std::string& id, bool text, const answer_fn& answer);

/// `2026-03-01T12:00:00.123Z`
std::string rfc3339(std::int64_t unix_ms);
std::int64_t unix_ms_now();

/// `namespace/name` of a pool or an endpoint, in the default namespace where none is named.
std::string with_namespace(std::string id);

// The pages, a file a group.

// health_pages.cpp
void show_links(surroundings&, const asked&, const answer_fn&);
void show_livez(surroundings&, const asked&, const answer_fn&);
void show_readyz(surroundings&, const asked&, const answer_fn&);
void show_metrics(surroundings&, const asked&, const answer_fn&);
void show_build(surroundings&, const asked&, const answer_fn&);
void show_traffic(surroundings&, const asked&, const answer_fn&);
void show_process(surroundings&, const asked&, const answer_fn&);
// config_pages.cpp
void show_config(surroundings&, const asked&, const answer_fn&);
void show_status(surroundings&, const asked&, const answer_fn&);
void do_reload(surroundings&, const asked&, const answer_fn&);
void do_drain(surroundings&, const asked&, const answer_fn&);
void do_log(surroundings&, const asked&, const answer_fn&);
// pool_pages.cpp
void show_pools(surroundings&, const asked&, const answer_fn&);
void show_queues(surroundings&, const asked&, const answer_fn&);
// endpoint_pages.cpp
void show_endpoints(surroundings&, const asked&, const answer_fn&);
// endpoint_changes.cpp
void do_endpoints(surroundings&, const asked&, const answer_fn&);
// decision_pages.cpp
void show_decisions(surroundings&, const asked&, const answer_fn&);
void show_decision(surroundings&, const asked&, const answer_fn&);
// explain_page.cpp
void do_explain(surroundings&, const asked&, const answer_fn&);
// ui_pages.cpp
void show_ui(surroundings&, const asked&, const answer_fn&);
void redirect_to_ui(surroundings&, const asked&, const answer_fn&);

}  // namespace weir::admin
