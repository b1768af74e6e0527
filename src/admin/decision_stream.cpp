#include "admin/decision_stream.hpp"

#include <array>
#include <utility>

#include "admin/decision_json.hpp"
#include "admin/page.hpp"
#include "base/json.hpp"

namespace weir::admin {

decision_stream::decision_stream(http::event_loop& loop, http::exchange& ex,
                                 std::function<void()> ask, std::function<void()> ended)
    : loop_(loop),
      ex_(&ex),
      ask_(std::move(ask)),
      ended_(std::move(ended)),
      timer_(
          loop, [](void* self) { static_cast<decision_stream*>(self)->poll(); }, this) {}

void decision_stream::start() {
    since_ms_ = unix_ms_now();
    ex_->set_owner(*this);
    const std::array fields = {http::field{"content-type", "text/event-stream"},
                               http::field{"cache-control", "no-store"},
                               http::field{"x-content-type-options", "nosniff"}};
    http::answer_head head;
    head.fields = fields;
    head.body = http::framing::chunked;
    ex_->begin(head);
    write(": decisions as they are made\n\n");
    if (ex_ != nullptr) timer_.arm(poll_period);
}

void decision_stream::on_drained() { slow_ = false; }

void decision_stream::on_gone() {
    ex_ = nullptr;
    timer_.cancel();
    ended_();
}

void decision_stream::write(const std::string& text) {
    spoke_ = loop_.now();
    ex_->write(text);
    slow_ = !ex_->flush();  // may find the client gone
}

void decision_stream::poll() {
    if (ex_ == nullptr) return;
    timer_.arm(poll_period);
    if (slow_ || asking_) return;
    if (loop_.now() - spoke_ >= keep_alive_period) {
        write(": still here\n\n");
        if (slow_ || ex_ == nullptr) return;
    }
    asking_ = true;
    ask_();
}

void decision_stream::take(const std::vector<proxy::decision_record>& newest_first) {
    asking_ = false;
    if (ex_ == nullptr) return;
    std::unordered_map<std::string, bool> now_told;
    std::string text;
    for (auto r = newest_first.rbegin(); r != newest_first.rend(); ++r) {
        const bool ended = has_ended(*r);
        const auto ended_ms = r->wall_ms + static_cast<std::int64_t>(r->total_ms);
        // Of those before the stream, the asker may have seen the ones under way: their end is
        // told.
        const bool earlier = r->wall_ms < since_ms_;
        if (earlier && ended && ended_ms < since_ms_) continue;
        auto key = r->request_id + '#' + std::to_string(r->sequence);
        const auto before = told_.find(key);
        const bool known = before != told_.end();
        const bool fresh = !known && !earlier;
        const bool told_end = known && before->second;
        if (fresh || (ended && !told_end)) {
            json_writer w;
            write_decision(w, *r);
            text += fresh ? "event: decision\ndata: " : "event: update\ndata: ";
            text += w.str();
            text += "\n\n";
        }
        now_told.emplace(std::move(key), ended);
    }
    told_ = std::move(now_told);
    if (!text.empty()) write(text);
}

}  // namespace weir::admin
