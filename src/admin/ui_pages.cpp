// /ui/: the dashboard's files, as they were embedded.
#include "admin/assets.hpp"
#include "admin/gzip.hpp"
#include "admin/page.hpp"
#include "base/strings.hpp"

namespace weir::admin {
namespace {

/// Whether one of the tags of an If-None-Match fits (RFC 9110 13.1.2: weak comparison).
bool tag_matches(std::string_view field, std::string_view etag) {
    for (auto tag : split(field, ',')) {
        tag = trim(tag);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == etag || tag == "*") return true;
    }
    return false;
}

}  // namespace

const asset* find_asset(std::string_view path) {
    if (path.empty()) path = "index.html";
    for (const auto& a : assets()) {
        if (a.path == path) return &a;
    }
    return nullptr;
}

void redirect_to_ui(surroundings&, const asked&, const answer_fn& answer) {
    reply r;
    r.status = 308;
    r.type = "text/plain; charset=utf-8";
    r.fields.emplace_back("location", "/ui/");
    answer(std::move(r));
}

void show_ui(surroundings&, const asked& a, const answer_fn& answer) {
    if (assets().empty())
        return answer(problem(404, "this weir was built without the dashboard (-Dui)"));
    const auto* found =
        find_asset(std::string_view(a.path).substr(std::string_view("/ui/").size()));
    if (found == nullptr) return answer(problem(404, "the dashboard has no file " + a.path));
    reply r;
    r.type = found->type;
    r.cache = "no-cache";
    r.fields.emplace_back("etag", std::string(found->etag));
    r.fields.emplace_back("vary", "accept-encoding");
    if (!a.if_none_match.empty() && tag_matches(a.if_none_match, found->etag)) {
        r.status = 304;
    } else if (takes_gzip(a.accept_encoding)) {
        r.fields.emplace_back("content-encoding", "gzip");
        r.body = found->gzip;
    } else {
        r.body = unpacked(found->gzip);
    }
    answer(std::move(r));
}

}  // namespace weir::admin
