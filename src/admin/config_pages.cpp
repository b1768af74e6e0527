// The configuration: /v1/config, /v1/status, /v1/reload, and what runs by its side: /v1/drain,
// /v1/log.
#include "admin/json_body.hpp"
#include "admin/page.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "config/conditions.hpp"

namespace weir::admin {
namespace {

void write_report(json_writer& w, const reload_report& r) {
    w.field("ok", r.ok).field("time", rfc3339(r.unix_ms)).field("unixMs", r.unix_ms);
    w.field("version", r.version).field("message", r.sentence);
    w.field("errors", static_cast<std::uint64_t>(r.found.count(config::severity::error)));
    w.field("warnings", static_cast<std::uint64_t>(r.found.count(config::severity::warning)));
    w.field("notes", static_cast<std::uint64_t>(r.found.count(config::severity::note)));
    config::write_findings(w, r.found);
}

void write_strings(json_writer& w, std::string_view name, const std::vector<std::string>& all) {
    w.key(name).begin_array();
    for (const auto& s : all) w.value(s);
    w.end_array();
}

/// Kubernetes names nothing but the object itself in `status`; an empty text is an empty object.
std::string_view object_or_empty(const std::string& json) {
    return json.empty() ? std::string_view("{}") : std::string_view(json);
}

reply json_reply(json_writer& w, int status = 200) {
    reply r;
    r.status = status;
    r.body = w.take() + "\n";
    return r;
}

}  // namespace

void show_config(surroundings& s, const asked&, const answer_fn& answer) {
    const auto current = s.about.runtime();
    json_writer w;
    w.begin_object().field("apiVersion", "v1");
    w.field("version", current ? current->version : std::uint64_t{0});
    w.field("commandLine", s.about.command_line());
    if (current && current->model) {
        write_strings(w, "sources", current->model->sources);
        w.key("effective").raw(object_or_empty(current->model->effective_json));
    }
    w.key("pickers").begin_array();
    if (current) {
        for (const auto& p : current->pools) {
            if (!p.pipeline) continue;
            w.begin_object().field("pool", p.id);
            w.key("picker").raw(p.pipeline->effective_json()).end_object();
        }
    }
    w.end_array().key("lastReload").begin_object();
    write_report(w, s.about.last_reload());
    w.end_object().end_object();
    answer(json_reply(w));
}

void show_status(surroundings& s, const asked&, const answer_fn& answer) {
    const auto current = s.about.runtime();
    json_writer w;
    static const std::vector<config::resource_status> none;
    config::write_status_list(w, current && current->model ? current->model->statuses : none);
    answer(json_reply(w));
}

void do_reload(surroundings& s, const asked& a, const answer_fn& answer) {
    json_body body(a.body);
    if (!body.problem().empty()) return answer(problem(400, body.problem()));
    const bool dry = a.flag("dryRun");
    const auto report = s.about.reload(dry);
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("dryRun", dry);
    write_report(w, report);
    w.end_object();
    // A dry run did what it was asked to, whatever it found.
    answer(json_reply(w, report.ok || dry ? 200 : 422));
}

void do_drain(surroundings& s, const asked& a, const answer_fn& answer) {
    json_body body(a.body);
    if (!body.problem().empty()) return answer(problem(400, body.problem()));
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("draining", true).end_object();
    answer(json_reply(w));
    s.about.drain();
}

void do_log(surroundings&, const asked& a, const answer_fn& answer) {
    json_body body(a.body);
    body.only({"v", "level"});
    const auto v = body.number(body.has("v") ? "v" : "level");
    if (!v || *v < 0 || *v > 5) body.fail("\"v\" must be a number from 0 to 5");
    if (!body.problem().empty()) return answer(problem(400, body.problem()));
    log::set_verbosity(static_cast<log::level>(*v));
    json_writer w;
    w.begin_object().field("apiVersion", "v1").field("v", *v).end_object();
    answer(json_reply(w));
}

}  // namespace weir::admin
