#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "datalayer/health.hpp"
#include "payload/error_body.hpp"
#include "proxy/header_rules.hpp"
#include "proxy/reply.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

bool is_sse(std::string_view type) {
    constexpr std::string_view sse = "text/event-stream";
    return type.size() >= sse.size() && iequals(type.substr(0, sse.size()), sse);
}

bool is_json(std::string_view type) {
    constexpr std::string_view json = "application/json";
    return type.size() >= json.size() && iequals(type.substr(0, json.size()), json);
}

void drop_field(std::vector<http::field>& fields, std::string_view name) {
    std::erase_if(fields, [&](const http::field& f) {
        return f.name.size() == name.size() && iequals(f.name, name);
    });
}

float milliseconds(duration d) { return std::chrono::duration<float, std::milli>(d).count(); }

}  // namespace

void transaction::on_interim(const http::response_head& head) {
    if (ex_->head().version_minor == 0) return;
    auto& out = worker_.fields;
    out.clear();
    const nominated_fields nominated(head.fields);
    for (const auto& f : head.fields) {
        if (classify_field(f.name) != field_class::end_to_end) continue;
        if (nominated.empty() || !nominated.contains(f.name)) out.push_back(f);
    }
    ex_->send_interim(head.status, out);
}

void transaction::on_head(const http::response_head& head) {
    auto& state = *view_->states[endpoint_];
    datalayer::note_success(state);
    judge(datalayer::note_status(state, head.status));
    status_ = head.status;
    if (status_ == 404 && pool_ != nullptr && pool_->models != nullptr) pool_->models->want();
    first_byte_ = worker_.loop.now();
    if (notes_) notes_->answer_head = first_byte_;
    limits_.first_byte = {};
    if (decided_) {
        worker_.ring.note_attempt(recorded_, {endpoint_, head.status});
        worker_.ring.note_head(recorded_, head.status, milliseconds(first_byte_ - received_));
    }
    if (log::enabled(log::level::debug)) {
        log::at(log::level::debug, "an answer begins",
                {{"id", request_id_},
                 {"endpoint", view_->endpoints[endpoint_].id()},
                 {"code", head.status}});
    }
    const auto& retry = match_.selected->config->retry;
    if (retry && tried_.route_retries_left > 0 &&
        std::find(retry->codes.begin(), retry->codes.end(), head.status) != retry->codes.end()) {
        call_.cancel();
        return retry_by_route();
    }
    if (head.status == 101) return begin_tunnel(head);
    const auto type = head.fields.get("content-type");
    const auto coding = head.fields.get("content-encoding");
    const bool plain = coding.empty() || iequals(coding, "identity");
    // An answer that does not say what it is is taken for what was asked for.
    sse_ = is_sse(type) || (type.empty() && stream_request_ && head.status == 200);
    if (pool_ != nullptr && plain && (sse_ || is_json(type) || type.empty())) {
        const auto kind = sse_ ? payload::answer_kind::sse : payload::answer_kind::json;
        if (head.status == 200) {
            usage_.emplace(kind, worker_.json, sse_ ? std::string() : std::move(worker_.spare_text),
                           api_ == api_kind::sglang_generate ? payload::count_member::meta_info
                                                             : payload::count_member::usage);
        }
        if (rewritten_ && !model_.empty()) {
            restorer_ = std::make_unique<payload::model_restorer>(kind, model_, worker_.json);
        }
    }
    collect_fields(head);
    if (restorer_ && !sse_ && head.body != http::framing::none) {
        // The length is known when the body has been seen.
        held_ = std::make_unique<held_answer>();
        held_->status = head.status;
        held_->reason.assign(head.reason);
        for (const auto& f : worker_.fields) held_->fields.emplace_back(f.name, f.value);
    } else {
        auto body = head.body;
        if (restorer_ && body == http::framing::length) body = http::framing::chunked;
        const bool described = ex_->head().method == "HEAD" || head.status == 304;
        if (body == http::framing::none && described && head.fields.has("content-length")) {
            body = http::framing::length;
        }
        takes_event_ = sse_ && plain && body != http::framing::length;
        begin_answer(head.status, head.reason, body, head.content_length);
    }
    worker_.numbers.response_seconds.observe(
        std::chrono::duration<double>(worker_.loop.precise_now() - first_byte_).count());
    if (call_.sent_all()) {
        // Nothing can be replayed now: a long answer must not keep its request.
        ex_->release_request();
        request_released_ = true;
        edited_.reset();
        path_ = query_ = {};
        pieces_ = {};
        worker_.heads.give(std::exchange(upstream_head_, {}));
    }
}

/// The fields that go to the client, in the worker's scratch list; views live until the next answer
/// begins.
void transaction::collect_fields(const http::response_head& head) {
    auto& out = worker_.fields;
    out.clear();
    const nominated_fields nominated(head.fields);
    for (const auto& f : head.fields) {
        const auto what = classify_field(f.name);
        const bool via = what == field_class::own && f.name.size() == 3;
        if (what != field_class::end_to_end && !via) continue;
        if (!nominated.empty() && nominated.contains(f.name)) continue;
        out.push_back(f);
    }
    worker_.filters = answer_filters_of(*match_.selected, backend_, ex_->head().fields);
    apply_answer_filters(worker_.filters, out);
    auto& changes = worker_.changes;
    changes.clear();
    if (decided_) {
        for (const auto& c : decision_.response_headers) changes.push_back(c);
        if (pool_->pipeline->hears_answers())
            pool_->pipeline->response_header(facts_for(end_cause::natural), changes,
                                             &slot().scratch);
    }
    if (worker_.settings.expose_routing) {
        changes.push_back({"x-weir-endpoint", view_->endpoints[endpoint_].authority(), false});
        changes.push_back({"x-weir-request", request_id_, false});
    }
    for (const auto& c : changes) {
        drop_field(out, c.name);
        if (!c.remove) out.push_back({c.name, c.value});
    }
    // The endpoint picker marks every answer that passed it; its clients' tests look for the mark.
    if (pool_ != nullptr) out.push_back({"x-went-into-resp-headers", "true"});
    drop_field(out, "x-request-id");
    out.push_back({"x-request-id", request_id_});
    if (!takes_trailers_ || restorer_ || head.body != http::framing::chunked) return;
    const auto announced = head.fields.get("trailer");
    if (!announced.empty() && announces_passing_trailers(announced))
        out.push_back({"trailer", announced});
}

void transaction::begin_answer(int status, std::string_view reason, http::framing body,
                               std::uint64_t length) {
    http::answer_head answer;
    answer.status = status;
    answer.reason = reason;
    answer.fields = worker_.fields;
    answer.body = body;
    answer.content_length = length;
    ex_->begin(answer);
    answer_begun_ = true;
    worker_.numbers.count_answer(status, {});
}

/// The head that waited for its body. `whole`: the body is complete, so its length is known.
void transaction::begin_held(bool whole) {
    worker_.fields.clear();
    for (const auto& [name, value] : held_->fields) worker_.fields.push_back({name, value});
    begin_answer(held_->status, held_->reason,
                 whole ? http::framing::length : http::framing::chunked, held_->body.size());
    if (!held_->body.empty()) write(held_->body);
}

void transaction::write(std::string_view bytes) {
    sent_bytes_ += bytes.size();
    ex_->write(bytes);
}

void transaction::first_body_byte() {
    const double seconds = std::chrono::duration<double>(worker_.loop.now() - received_).count();
    if (series_ != nullptr) {
        (stream_request_ || sse_ ? series_->ttft_stream : series_->ttft_plain).observe(seconds);
    }
    if (decided_) {
        for (auto& held : ledger_) held.answer_began();
        if (pool_->pipeline->hears_answers())
            pool_->pipeline->first_chunk(facts_for(end_cause::natural), &slot().scratch);
    }
}

void transaction::on_data(std::span<char> bytes) {
    const auto now = worker_.loop.now();
    if (chunks_++ == 0) {
        first_byte_ = now;
        first_body_byte();
    } else if (const auto gap = now - last_byte_; gap.count() > 0) {
        // Chunks of one read came at one time: no gap to speak of.
        if (sse_ && series_ != nullptr) {
            series_->itl.observe(std::chrono::duration<double>(gap).count());
        }
        if (notes_) notes_->longest_gap = std::max(notes_->longest_gap, gap);
    }
    last_byte_ = now;
    answer_bytes_ += bytes.size();
    const std::string_view text(bytes.data(), bytes.size());
    if (usage_) {
        usage_->feed(text);
    } else if (sse_) {
        boundary_.feed(text);
    }
    if (restorer_) return transform(text);
    write(text);
}

void transaction::transform(std::string_view bytes) {
    if (held_ != nullptr) {
        restorer_->feed(bytes, held_->body);
        if (!held_->body.empty()) {
            begin_held(false);
            ex_->flush();
            held_.reset();
        }
        return;
    }
    auto& out = worker_.transformed;
    out.clear();
    restorer_->feed(bytes, out);
    if (!out.empty()) {
        write(out);
        // The scratch text is used again by the next read.
        flush_answer();
    }
}

void transaction::on_read_end() {
    expect_more();
    if (answer_begun_) flush_answer();
}

/// Waits for a client that is slow, and no longer for one that has caught up between two flushes:
/// of that nothing else tells.
void transaction::flush_answer() {
    if (!ex_->flush()) return pause();
    if (paused_) on_drained();
}

/// The idle limit starts anew.
void transaction::expect_more() {
    const auto limit = worker_.settings.stream_idle_timeout;
    if (limit.count() == 0) return;
    limits_.idle = worker_.loop.now() + limit;
    arm_deadlines();
}

/// The client is slow. Its slowness is not the endpoint's silence: the idle limit rests.
void transaction::pause() {
    if (paused_) return;
    paused_ = true;
    limits_.idle = {};
    call_.pause();
}

void transaction::on_drained() {
    paused_ = false;
    expect_more();
    call_.resume();
}

void transaction::on_trailers(std::string_view lines) {
    if (takes_trailers_) trailers_ = passing_trailers(lines);
}

void transaction::on_complete() {
    if (usage_) usage_->finish();
    if (restorer_) {
        auto& out = held_ != nullptr ? held_->body : worker_.transformed;
        if (held_ == nullptr) out.clear();
        restorer_->finish(out);
        if (held_ != nullptr) {
            begin_held(true);
            ex_->flush();
        } else if (!out.empty()) {
            write(out);
            ex_->flush();
        }
    }
    account(status_, {}, end_cause::natural);
    auto* ex = ex_;
    const auto trailers = std::move(trailers_);
    recycle();
    ex->finish(trailers);
}

/// An answer that cannot be completed must not look complete: a stream gets one error event where
/// an event may stand, then the connection closes without its end.
void transaction::break_off(const local_reply& why) {
    worker_.numbers.truncated_answers.add();
    // A restorer holds what is not whole: the client saw less than was read.
    const bool at_boundary = restorer_ ? restorer_->at_boundary()
                             : usage_  ? usage_->at_boundary()
                                       : boundary_.at_boundary();
    if (held_ != nullptr && !answer_begun_) {
        // Nothing has gone out: this can still be said with a status.
        held_.reset();
        return refuse(why.status == 504 ? why : upstream_protocol_error());
    }
    if (takes_event_ && at_boundary) {
        payload::error_facts f;
        f.status = why.status;
        f.message = why.text;
        f.reason = why.reason;
        f.api = api_;
        f.path = notes_ ? std::string_view(notes_->path) : path_;
        f.request_id = request_id_;
        worker_.transformed = payload::make_error_event(f);
        write(worker_.transformed);
        ex_->flush();
    }
    account(status_, why.reason, why.cause, why.text);
    auto* ex = ex_;
    recycle();
    ex->abort();
}

void transaction::evict() {
    call_.cancel();
    auto why = reply_for(flowcontrol::evicted());
    why.cause = end_cause::evicted;
    if (answer_begun_) return break_off(why);
    held_.reset();
    refuse(why);
}

void transaction::cut() {
    if (ex_ == nullptr) return;
    call_.cancel();
    if (answer_begun_) return break_off(draining());
    refuse(draining());
}

}  // namespace weir::proxy
