#include "scheduling/scheduler.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "scheduling/charges.hpp"
#include "scheduling/pipeline_parts.hpp"
#include "scheduling/thrown.hpp"

namespace weir::scheduling {

namespace {

/// More rounds than any sane profile handler asks for; ends a handler that never says "done".
constexpr int max_rounds = 64;

/// Admitters draw from a stream of their own, so that adding one changes no pick.
constexpr std::uint64_t admit_stream = 0xa0761d6478bd642fULL;
constexpr std::uint64_t produce_stream = 0xe7037ed1a0b428dbULL;

candidate_view view_of(const decision_input& in, const producer_data& data) {
    return {in.endpoints, &in.signals, &data, in.candidates};
}

/// RFC 7240: a comma list of preferences, parameters after `;` ignored.
bool prefers_if_available(std::string_view prefer) {
    if (prefer.empty()) return false;
    for (const auto item : split(prefer, ',')) {
        if (iequals(trim(item.substr(0, item.find(';'))), "if-available")) return true;
    }
    return false;
}

/// How a phase is told that it decides nothing: an explanation leaves no trace.
enum class trace : std::uint8_t { kept, none };

bool refuse(decision& out, decision_error error, std::string message) {
    out.error = error;
    out.message = std::move(message);
    return false;
}

}  // namespace

void workspace_parts::adapt(const pipeline_parts& to) {
    if (owner == to.serial) return;
    owner = 0;  // until all of it fits: a plugin may throw
    data = {};
    data.prefix.resize(to.slots.prefix);
    data.latency.resize(to.slots.latency);
    data.numbers.resize(to.slots.numbers);
    data.texts.resize(to.slots.texts);
    buffers.scratch.clear();
    for (const auto& p : to.plugins) {
        buffers.playing = p.object->index;
        buffers.scratch.push_back(p.object->make_scratch());
    }
    profiles.assign(to.profiles.size(), {});
    buffers.laps.use(nullptr, nullptr);  // first: the cells may be the ones to use again
    buffers.laps.use(to.times->add_worker(), &to.timed);
    owner = to.serial;
}

workspace::workspace() : parts_(std::make_unique<workspace_parts>()) {}
workspace::~workspace() = default;
workspace::workspace(workspace&&) noexcept = default;
workspace& workspace::operator=(workspace&&) noexcept = default;

workspace::scored workspace::scored_candidates(std::uint32_t profile) const {
    if (profile >= parts_->profiles.size() || !parts_->profiles[profile].ran) return {};
    const auto& p = parts_->profiles[profile];
    return {p.survivors, p.totals, p.raw};
}

producer_data& workspace::data() { return parts_->data; }
const producer_data& workspace::data() const { return parts_->data; }

namespace {

/// Of a call that knows no worker, or one whose workspace serves another pipeline by now.
void note_time(const pipeline_parts& p, extension_point where, std::uint32_t plugin,
               std::uint64_t begin) {
    p.times->observe(p.timed[static_cast<std::size_t>(where)][plugin],
                     static_cast<double>(ticks() - begin) * seconds_per_tick());
}

/// In a `catch (...)`: writes down which plugin threw what.
void blame(const pipeline_parts& p, std::uint32_t plugin) {
    log::error("a plugin threw an exception",
               {{"plugin", p.identity[plugin]}, {"exception", thrown()}});
}

/// Tells every plugin that listens, whatever became of those before it. `w`: the worker's, where
/// the times go.
template <class Hook, class Tell>
void tell_hooks(const pipeline_parts& p, extension_point where,
                const std::vector<player<Hook>>& hooks, workspace_parts* w, Tell tell) {
    auto* const laps = w != nullptr && w->owner == p.serial ? &w->buffers.laps : nullptr;
    if (laps != nullptr) laps->begin(where, true);
    for (const auto& hook : hooks) {
        const auto begin = laps == nullptr ? ticks() : 0;
        try {
            tell(*hook.role);
        } catch (...) {
            blame(p, hook.index);
        }
        if (laps != nullptr) {
            laps->lap(where, hook.index);
        } else {
            note_time(p, where, hook.index, begin);
        }
    }
}

/// Runs a part of a decision; an exception of a plugin makes it an error of this one request.
template <class Part>
bool guarded(const pipeline_parts& p, const workspace_parts& w, decision& out, Part part) {
    try {
        return part();
    } catch (...) {
        const auto plugin = w.buffers.playing;
        blame(p, plugin);
        return refuse(out, decision_error::internal, "plugin '" + p.identity[plugin] + "' failed");
    }
}

}  // namespace

header_findings pipeline::request_header(const inference_request& request) const {
    header_findings out;
    tell_hooks(*parts_, extension_point::request_header, parts_->header_hooks, nullptr,
               [&](request_header_hook& hook) { hook.request_header(request, out); });
    return out;
}

namespace {

bool run_screeners(const pipeline_parts& p, const decision_input& in, workspace_parts& w,
                   std::vector<std::uint32_t>& candidates, decision& out, trace leaves) {
    candidates.assign(in.candidates.begin(), in.candidates.end());
    if (p.screeners.empty()) return true;
    random_source random(in.seed ^ produce_stream);
    decision_context context{in.request, in.now, random};
    context.dry = leaves == trace::none;
    w.screened.assign(in.candidates.size(), 1);
    w.buffers.laps.begin(extension_point::screener, leaves == trace::kept);
    for (const auto& s : p.screeners) {
        w.buffers.keep.assign(in.candidates.size(), 1);
        w.buffers.turn_of(s.index, context);
        s.role->screen(context, view_of(in, w.data), w.buffers.keep);
        w.buffers.laps.lap(extension_point::screener, s.index);
        for (std::size_t i = 0; i < w.screened.size(); ++i) w.screened[i] &= w.buffers.keep[i];
    }
    candidates.clear();
    for (std::size_t i = 0; i < w.screened.size(); ++i) {
        if (w.screened[i] != 0) candidates.push_back(in.candidates[i]);
    }
    if (!candidates.empty()) return true;
    return refuse(out, decision_error::screened_out,
                  "screeners eliminated all endpoint candidates");
}

void run_producers(const pipeline_parts& p, const decision_input& in, workspace_parts& w,
                   trace leaves) {
    w.data.clear();
    random_source random(in.seed ^ produce_stream);
    decision_context context{in.request, in.now, random};
    context.dry = leaves == trace::none;
    w.buffers.laps.begin(extension_point::data_producer, leaves == trace::kept);
    for (const auto& producer : p.producers) {
        w.buffers.turn_of(producer.index, context);
        producer.role->produce(context, view_of(in, w.data), w.data);
        w.buffers.laps.lap(extension_point::data_producer, producer.index);
    }
}

bool run_admitters(const pipeline_parts& p, const decision_input& in, workspace_parts& w,
                   decision& out, trace leaves) {
    random_source random(in.seed ^ admit_stream);
    decision_context context{in.request, in.now, random};
    context.dry = leaves == trace::none;
    w.buffers.laps.begin(extension_point::admission, leaves == trace::kept);
    for (const auto& a : p.admitters) {
        w.buffers.turn_of(a.index, context);
        auto reason = a.role->admit(context, view_of(in, w.data));
        w.buffers.laps.lap(extension_point::admission, a.index);
        if (reason.empty()) continue;
        return refuse(out, decision_error::not_admitted, "request cannot be admitted: " + reason);
    }
    return true;
}

/// The client may ask for an endpoint that holds a part of its prompt, or none.
bool grant_cache_wish(const pipeline_parts& p, const decision_input& in, const workspace_parts& w,
                      decision& out) {
    if (!prefers_if_available(in.request.header("prefer"))) return true;
    const auto* match = p.default_prefix == no_slot ? nullptr : &w.data.prefix[p.default_prefix];
    const auto target = out.primary_targets()[0];
    if (match != nullptr && match->present && match->matched_blocks[target] > 0) return true;
    return refuse(out, decision_error::precondition_failed,
                  "no decode worker has the requested KV cache");
}

/// The handler's loop: ask for profiles, run them, until it asks for none. False when none ever
/// ran.
bool run_profiles(const pipeline_parts& p, const decision_input& in, workspace_parts& w,
                  decision_context& context, decision& out, explanation* record) {
    const auto all = view_of(in, w.data);
    bool any = false;
    for (int round = 0; round < max_rounds; ++round) {
        w.next.clear();
        w.buffers.turn_of(p.handler_index, context);
        p.handler->next_profiles(context, all, out, w.next);
        w.buffers.laps.lap(extension_point::profile_picker, p.handler_index);
        if (w.next.empty()) break;
        for (const auto number : w.next) {
            profile_explanation* note = nullptr;
            if (record != nullptr) {
                record->profiles.push_back({});
                note = &record->profiles.back();
                note->name = p.profile_names[number];
                note->candidates.assign(in.candidates.begin(), in.candidates.end());
                note->picker = p.identity[p.profiles[number].pick.index];
            }
            any = true;
            auto& left = w.profiles[number];
            const bool ok = run_profile(p.profiles[number], number, context, all, w.buffers, left,
                                        out, note, p.identity);
            if (note == nullptr) continue;
            note->status = ok ? profile_status::ran : profile_status::failed;
            note->survivors = left.survivors;
            note->totals = left.totals;
            const auto picks = out.targets_of(number);
            note->picks.assign(picks.begin(), picks.end());
        }
    }
    return any;
}

bool schedule_recorded(const pipeline_parts& p, const decision_input& in, workspace_parts& w,
                       decision& out, explanation* record) {
    for (auto& left : w.profiles) left.ran = false;
    random_source random(in.seed);
    decision_context context{in.request, in.now, random};
    context.dry = record != nullptr;
    out.input_tokens = static_cast<std::int64_t>(in.request.input_tokens());
    w.buffers.laps.begin(extension_point::profile_picker, record == nullptr);
    if (!run_profiles(p, in, w, context, out, record)) {
        return refuse(
            out, decision_error::no_target,
            "failed to find target endpoint: failed to run any scheduler profile for request " +
                std::string(in.request.request_id));
    }
    w.buffers.turn_of(p.handler_index, context);
    auto problem = p.handler->conclude(context, view_of(in, w.data), out);
    w.buffers.laps.lap(extension_point::process_results, p.handler_index);
    if (problem.empty() && !out.primary_targets().empty()) return true;
    const bool failed = std::any_of(out.profiles.begin(), out.profiles.end(), [](const auto& r) {
        return r.status == profile_status::failed;
    });
    if (failed) {
        return refuse(out, decision_error::filters_empty,
                      "no endpoints available for the given request");
    }
    if (problem.empty()) problem = "no target endpoints in the primary profile";
    return refuse(out, decision_error::no_target, "failed to find target endpoint: " + problem);
}

}  // namespace

std::chrono::nanoseconds pipeline::gather(const inference_request& request, workspace& ws,
                                          std::chrono::steady_clock::time_point now) const {
    std::chrono::nanoseconds longest{0};
    if (parts_->gatherers.empty()) return longest;
    auto& w = *ws.parts_;
    decision ignored;
    guarded(*parts_, w, ignored, [&] {
        w.adapt(*parts_);
        random_source random(0);
        decision_context context{request, now, random};
        for (const auto& g : parts_->gatherers) {
            w.buffers.turn_of(g.index, context);
            longest = std::max(longest, g.role->gather(context));
        }
        return true;
    });
    return longest;
}

bool pipeline::screen(const decision_input& in, workspace& ws,
                      std::vector<std::uint32_t>& candidates, decision& out) const {
    ws.parts_->adapt(*parts_);
    return run_screeners(*parts_, in, *ws.parts_, candidates, out, trace::kept);
}

void pipeline::produce(const decision_input& in, workspace& ws) const {
    ws.parts_->adapt(*parts_);
    run_producers(*parts_, in, *ws.parts_, trace::kept);
}

bool pipeline::admit(const decision_input& in, workspace& ws, decision& out) const {
    ws.parts_->adapt(*parts_);
    return run_admitters(*parts_, in, *ws.parts_, out, trace::kept);
}

bool pipeline::schedule(const decision_input& in, workspace& ws, decision& out) const {
    ws.parts_->adapt(*parts_);
    return schedule_recorded(*parts_, in, *ws.parts_, out, nullptr);
}

void pipeline::pre_request(const decision_input& in, workspace& ws, decision& out) const {
    auto& w = *ws.parts_;
    random_source random(in.seed);
    decision_context context{in.request, in.now, random};
    const auto all = view_of(in, w.data);
    w.buffers.laps.begin(extension_point::pre_request, true);
    for (const auto& hook : parts_->pre_request_hooks) {
        w.buffers.turn_of(hook.index, context);
        hook.role->pre_request(context, all, out);
        w.buffers.laps.lap(extension_point::pre_request, hook.index);
    }
    if (!parts_->load_producer.empty()) return;
    const auto* match =
        parts_->default_prefix == no_slot ? nullptr : &w.data.prefix[parts_->default_prefix];
    const auto prefill =
        std::find(parts_->profile_names.begin(), parts_->profile_names.end(), "prefill");
    std::optional<std::uint32_t> number;
    if (prefill != parts_->profile_names.end()) {
        number = static_cast<std::uint32_t>(prefill - parts_->profile_names.begin());
    }
    charge_targets({}, match, in.request.max_output_tokens, number, out);
}

bool pipeline::decide(const decision_input& in, workspace& ws, decision& out) const {
    out.clear();
    auto& w = *ws.parts_;
    decision_input narrowed{in.request, in.endpoints, in.signals, in.candidates, in.now, in.seed};
    return guarded(*parts_, w, out, [&] {
        w.adapt(*parts_);
        if (!parts_->screeners.empty()) {
            if (!screen(in, ws, w.candidates, out)) return false;
            narrowed.candidates = w.candidates;
        }
        produce(narrowed, ws);
        if (!admit(narrowed, ws, out) || !schedule(narrowed, ws, out)) return false;
        if (!grant_cache_wish(*parts_, narrowed, w, out)) return false;
        pre_request(narrowed, ws, out);
        return true;
    });
}

workspace_parts* pipeline::parts_of(workspace* ws) {
    return ws == nullptr ? nullptr : ws->parts_.get();
}

bool pipeline::hears_answers() const { return !parts_->response_hooks.empty(); }

void pipeline::response_header(const response_facts& facts, std::vector<header_change>& changes,
                               workspace* ws) const {
    tell_hooks(*parts_, extension_point::response_received, parts_->response_hooks, parts_of(ws),
               [&](response_hook& hook) { hook.response_header(facts, changes); });
}

void pipeline::first_chunk(const response_facts& facts, workspace* ws) const {
    tell_hooks(*parts_, extension_point::response_streaming, parts_->response_hooks, parts_of(ws),
               [&](response_hook& hook) { hook.first_chunk(facts); });
}

void pipeline::complete(const response_facts& facts, workspace* ws) const {
    tell_hooks(*parts_, extension_point::response_complete, parts_->response_hooks, parts_of(ws),
               [&](response_hook& hook) { hook.complete(facts); });
}

explanation pipeline::explain(const decision_input& in, workspace& ws, bool afresh) const {
    explanation out;
    auto& w = *ws.parts_;
    auto& result = out.result;
    decision_input narrowed{in.request, in.endpoints, in.signals, in.candidates, in.now, in.seed};
    guarded(*parts_, w, result, [&] {
        w.adapt(*parts_);
        if (!afresh) return schedule_recorded(*parts_, in, w, result, &out);
        if (!run_screeners(*parts_, in, w, w.candidates, result, trace::none)) return false;
        narrowed.candidates = w.candidates;
        run_producers(*parts_, narrowed, w, trace::none);
        return run_admitters(*parts_, narrowed, w, result, trace::none) &&
               schedule_recorded(*parts_, narrowed, w, result, &out) &&
               grant_cache_wish(*parts_, narrowed, w, result);
    });
    return out;
}

pipeline::pipeline(std::unique_ptr<pipeline_parts> made) : parts_(std::move(made)) {}
pipeline::~pipeline() = default;

const config::picker_settings& pipeline::settings() const { return parts_->settings; }
std::span<const std::string> pipeline::profile_names() const { return parts_->profile_names; }

void pipeline::collect(metrics::exposition& out) const {
    parts_->times->collect(out);
    for (const auto& p : parts_->plugins) {
        if (const auto* own = dynamic_cast<const metrics::source*>(p.object.get()))
            own->collect(out);
    }
}

const payload::media_rules& pipeline::media() const { return parts_->media; }

std::span<const std::string> pipeline::headers_read() const { return parts_->headers_read; }

std::string_view pipeline::load_producer() const { return parts_->load_producer; }

plugin* pipeline::find(std::string_view name) const {
    for (const auto& p : parts_->plugins) {
        if (p.name == name) return p.object.get();
    }
    return nullptr;
}

}  // namespace weir::scheduling
