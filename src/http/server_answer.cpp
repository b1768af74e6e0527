// The answering half of a client connection; what is read is in server_connection.cpp.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/strings.hpp"
#include "http/head_writer.hpp"
#include "http/server_connection.hpp"

namespace weir::http {
namespace {

constexpr duration drain_time = std::chrono::seconds(1);
constexpr duration linger_time = std::chrono::seconds(2);

/// Bytes of a head that most are shorter than.
constexpr std::size_t usual_head = 512;

void append_hex(std::string& out, std::uint64_t n) {
    char text[16];
    out.append(text, std::to_chars(text, text + sizeof text, n, 16).ptr);
}

void write_status_line(head_writer& out, int status, std::string_view reason) {
    out.text("HTTP/1.1 ").number(static_cast<std::uint64_t>(status));
    out.text(" ").text(reason).text("\r\n");
}

}  // namespace

/// What goes to the client next; long answers hold none between their events.
output& server_connection::out() {
    if (!out_) out_ = context_.take_output();
    return *out_;
}

void server_connection::send_interim(int status, std::span<const field> fields) {
    {
        head_writer writer(out().text(), usual_head);
        write_status_line(writer, status, reason_phrase(status));
        for (const auto& f : fields) writer.field(f.name, f.value);
        writer.text("\r\n");
    }
    out_->send(stream_);
}

void server_connection::begin(const answer_head& head) {
    const bool http10 = http10_;
    no_body_ = head_request_ || head.status == 204 || head.status == 304;
    if (!body_read_ && in_) {
        // The body behind a refused head: when it is all here it can be passed over, else the
        // connection ends.
        const auto& in = *in_;
        if (in.head.body == framing::length && in.in.size - in.head_end >= in.head.content_length &&
            !in.body) {
            in_->used = in.head_end + static_cast<std::size_t>(in.head.content_length);
            body_read_ = true;
        } else {
            close_after_ = true;
        }
    }
    answer_framing_ = head.body;
    const bool upgraded = head.status == 101;
    if (!upgraded &&
        (answer_framing_ == framing::until_close || answer_framing_ == framing::chunked)) {
        answer_framing_ = http10 ? framing::until_close : framing::chunked;
    }
    close_after_ = close_after_ || head.close || draining_ || context_.draining || client_closes_ ||
                   (answer_framing_ == framing::until_close && !no_body_);
    left_ = head.body == framing::length ? head.content_length : 0;
    // This client can tell the end of the body only from the end of the stream.
    if (answer_framing_ == framing::until_close && !no_body_) stream_.reset_on_close(true);

    head_writer text(out().text(), usual_head);
    write_status_line(text, head.status,
                      head.reason.empty() ? reason_phrase(head.status) : head.reason);
    bool has_date = false;
    for (const auto& f : head.fields) {
        has_date = has_date || iequals(f.name, "date");
        text.field(f.name, f.value);
    }
    if (!has_date) text.field("date", context_.date());
    if (answer_framing_ == framing::chunked) {
        text.text("transfer-encoding: chunked\r\n");
    } else if (answer_framing_ == framing::length ||
               (answer_framing_ == framing::none && !no_body_)) {
        if (head.status != 204) text.text("content-length: ").number(left_).text("\r\n");
    }
    if (upgraded) {
        text.text("connection: upgrade\r\n");
    } else if (close_after_) {
        text.text("connection: close\r\n");
    } else if (http10) {
        text.text("connection: keep-alive\r\n");
    }
    text.text("\r\n");
}

void server_connection::write(std::string_view bytes) {
    if (no_body_ || bytes.empty()) return;
    auto& text = out().text();
    if (answer_framing_ == framing::chunked) {
        append_hex(text, bytes.size());
        text += "\r\n";
        out_->view(bytes);
        text += "\r\n";
        return;
    }
    if (answer_framing_ == framing::length) {
        bytes =
            bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
        left_ -= bytes.size();
    }
    out_->view(bytes);
}

bool server_connection::flush() {
    if (!out_) return true;
    const auto p = out_->send(stream_);
    if (p == output::progress::done) {
        if (std::exchange(waiting_drain_, false)) timer_.cancel();
        // Long answers hold no output between their events.
        if (phase_ != phase::finishing) context_.give(std::move(out_));
        return true;
    }
    waiting_drain_ = true;
    if (p == output::progress::broken) {
        // The loop will report the same; the timer is for the case that it has already done so.
        end_seen_ = readable_ = true;
        arm(event_loop::tick);
    } else {
        arm(context_.limits.idle_timeout);
    }
    return false;
}

void server_connection::open_tunnel() {
    phase_ = phase::tunnel;
    tunnel_paused_ = false;
    if (in_) {
        // What the client sent right behind its request.
        const auto& early = in_->in;
        if (early.size != in_->used)
            owner_->on_tunnel({early.data.get() + in_->used, early.size - in_->used});
        context_.give(std::move(in_));
    }
    // Not now: the loop's scratch memory holds what the other side has just sent.
    context_.loop.at_batch_end(*this, turn::downstream);
}

void server_connection::pause_tunnel(bool paused) {
    tunnel_paused_ = paused;
    if (!paused) context_.loop.at_batch_end(*this, turn::downstream);
}

void server_connection::finish(std::string_view trailers) {
    ended_ = true;
    owner_ = nullptr;
    if (!no_body_ && answer_framing_ == framing::length && left_ != 0) return abort();
    auto& text = out().text();
    if (answer_framing_ == framing::chunked && !no_body_) {
        text.append("0\r\n").append(trailers).append("\r\n");
    }
    phase_ = phase::finishing;
    if (out_->owns_all()) return context_.loop.at_batch_end(*this, turn::downstream);
    send_last();
}

void server_connection::on_batch_end() {
    if (phase_ == phase::tunnel) return read_tunnel();
    if (phase_ == phase::finishing && out_ && out_->pending() == 0) send_last();
}

void server_connection::send_last() {
    const auto p = out_->send(stream_);
    if (p == output::progress::broken) return close();
    if (p == output::progress::done) return answer_done();
    arm(context_.limits.idle_timeout);
}

void server_connection::abort() {
    ended_ = true;
    owner_ = nullptr;
    close_after_ = true;
    if (answer_framing_ == framing::until_close) {
        if (out_) out_->send(stream_);
        return close();  // a reset
    }
    phase_ = phase::finishing;
    if (!out_ || out_->empty()) return answer_done();
    const auto p = out_->send(stream_);
    if (p == output::progress::broken) return close();
    if (p == output::progress::done) return answer_done();
    arm(context_.limits.idle_timeout);
}

int server_connection::detach() {
    const int fd = ::dup(stream_.fd());
    ended_ = true;
    close();
    return fd;
}

void server_connection::answer(int status, std::span<const field> fields, std::string_view body) {
    answer_head head;
    head.status = status;
    head.fields = fields;
    head.content_length = body.size();
    begin(head);
    write(body);
    left_ = 0;
    finish({});
}

void server_connection::gone() {
    // The owner first: an endpoint that works for nobody is told before our own end is tidied up.
    if (auto* owner = std::exchange(owner_, nullptr)) owner->on_gone();
    close();
}

void server_connection::answer_done() {
    timer_.cancel();
    if (out_) context_.give(std::move(out_));
    served_any_ = true;
    if (answer_framing_ == framing::until_close && !no_body_) stream_.reset_on_close(false);
    if (!close_after_ && !draining_ && !context_.draining) return next_request();
    const bool unread = !body_read_ || readable_ || (in_ && in_->holds_more());
    if (end_seen_ || (!unread && !draining_)) return close();
    if (in_) context_.give(std::move(in_));
    phase_ = phase::lingering;
    waiting_drain_ = false;
    drained_ = 0;
    if (body_read_) return linger();
    arm(drain_time);
    if (!parsing_ && readable_) on_readable();
}

/// Ends our direction and waits for the client to end its own, so that no reset overtakes the
/// answer.
void server_connection::linger() {
    waiting_drain_ = true;
    stream_.shutdown_write();
    timer_.arm(linger_time);
}

void server_connection::next_request() {
    phase_ = phase::idle;
    ended_ = body_read_ = no_body_ = waiting_drain_ = false;
    http10_ = head_request_ = client_closes_ = false;
    answer_framing_ = framing::none;
    left_ = 0;
    unreserve();
    if (in_) {
        auto& in = *in_;
        if (in.body) release_body();
        const auto rest = in.in.size - in.used;
        if (!in.holds_more()) {
            context_.give(std::move(in_));
        } else {
            std::memmove(in.in.data.get(), in.in.data.get() + in.used, rest);
            in.in.size = rest;
            in.in.grow(rest + in.ahead.size());
            std::copy(in.ahead.begin(), in.ahead.end(), in.in.end());
            in.in.size += in.ahead.size();
            in.ahead.clear();
            in.head_end = in.used = in.scanned = 0;
        }
    }
    arm(context_.limits.idle_timeout);
    if (parsing_) return;
    if (in_) parse();
    // `on_readable` knows the phases in which nothing is to be read.
    if (readable_) on_readable();
}

}  // namespace weir::http
