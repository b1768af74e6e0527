#include "admin/api.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "admin/decision_stream.hpp"
#include "admin/guard.hpp"
#include "admin/page.hpp"
#include "base/strings.hpp"

namespace weir::admin {
namespace {

constexpr std::size_t max_streams = 64;

void send(http::exchange& ex, const reply& r) {
    std::vector<http::field> fields = {{"content-type", r.type},
                                       {"cache-control", r.cache},
                                       {"content-security-policy", "default-src 'self'"},
                                       {"x-content-type-options", "nosniff"},
                                       {"x-frame-options", "DENY"}};
    for (const auto& [name, value] : r.fields) fields.push_back({name, value});
    ex.answer(r.status, fields, r.body);
}

asked without_wire(const http::request_head& head) {
    asked a;
    a.method = head.method;
    const auto mark = head.target.find('?');
    a.path = head.target.substr(0, mark);
    if (mark != std::string_view::npos) a.query = head.target.substr(mark + 1);
    a.accept = head.fields.joined("accept");
    a.accept_encoding = head.fields.joined("accept-encoding");
    a.if_none_match = head.fields.joined("if-none-match");
    return a;
}

reply wrong_method(const asked& a) {
    const page* other = nullptr;
    std::string allowed;
    if (find_page(a.path, false, &other) != nullptr) allowed = "GET, HEAD";
    if (find_page(a.path, true, &other) != nullptr) allowed += allowed.empty() ? "POST" : ", POST";
    auto r = problem(405, a.path + " is not for " + a.method + "; it takes " + allowed);
    r.fields.emplace_back("allow", allowed);
    return r;
}

reply not_found(const asked& a) {
    std::string text = "there is nothing at " + a.path;
    const auto near = nearest_page(a.path);
    text += near.empty() ? "; / lists what there is" : "; did you mean " + std::string(near) + "?";
    return problem(404, text);
}

/// Empty when a POST may go on to its body.
std::string refuse_write(const http::request_head& head, const page& p, int& status) {
    const auto& f = head.fields;
    if (!origin_allowed(f.has("origin"), f.get("origin"), head.host)) {
        status = 403;
        return "the Origin of a write must be this server's own address";
    }
    if (iequals(f.get("sec-fetch-mode"), "no-cors")) {
        status = 403;
        return "a write may not come from a page that cannot read the answer";
    }
    const bool empty = head.body == http::framing::none ||
                       (head.body == http::framing::length && head.content_length == 0);
    const bool typed = f.has("content-type");
    if (p.body_optional && empty && !typed) return {};
    if (is_json_type(f.get("content-type"))) return {};
    status = 415;
    return "a write needs content-type: application/json";
}

}  // namespace

/// Who waits for an answer, by number: what comes later finds its asker here, or nobody.
struct api::impl {
    class call;

    impl(http::event_loop& loop, subject& about) : side(loop), around{loop, about, side} {}

    void start_call(http::exchange& ex, const page& p, asked a);
    void start_stream(http::exchange& ex);
    void poll_for(std::uint64_t stream);

    /// Takes one out; it is destroyed after the current batch, since it may be on the stack.
    template <class T>
    void retire(std::unordered_map<std::uint64_t, std::shared_ptr<T>>& all, std::uint64_t number) {
        const auto it = all.find(number);
        if (it == all.end()) return;
        around.loop.defer([last = std::move(it->second)] {});
        all.erase(it);
    }

    side_thread side;
    surroundings around;
    std::uint64_t next = 1;
    std::unordered_map<std::uint64_t, std::shared_ptr<call>> calls;
    std::unordered_map<std::uint64_t, std::shared_ptr<decision_stream>> streams;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);  ///< only weak copies leave
};

/// One request on its way to an answer.
class api::impl::call final : public http::exchange_owner {
  public:
    call(impl& owner, std::uint64_t number, http::exchange& ex, const page& p, asked a)
        : owner_(owner), number_(number), ex_(&ex), page_(p), asked_(std::move(a)) {}

    void answer(const reply& r) {
        auto* ex = std::exchange(ex_, nullptr);
        owner_.retire(owner_.calls, number_);
        if (ex != nullptr) send(*ex, r);
    }

  private:
    void on_body(std::span<char> bytes) override {
        asked_.body.assign(bytes.data(), bytes.size());
        page_.run(owner_.around, asked_,
                  [&owner = owner_, number = number_,
                   alive = std::weak_ptr<bool>(owner_.alive)](const reply& r) {
                      if (alive.expired()) return;
                      const auto it = owner.calls.find(number);
                      if (it != owner.calls.end()) it->second->answer(r);
                  });
    }
    void on_gone() override {
        ex_ = nullptr;
        owner_.retire(owner_.calls, number_);
    }

    impl& owner_;
    const std::uint64_t number_;
    http::exchange* ex_;
    const page& page_;
    asked asked_;
};

void api::impl::start_call(http::exchange& ex, const page& p, asked a) {
    const auto number = next++;
    const auto& c = calls[number] = std::make_shared<call>(*this, number, ex, p, std::move(a));
    ex.set_owner(*c);
    ex.read_body(p.max_body);
}

void api::impl::start_stream(http::exchange& ex) {
    if (streams.size() >= max_streams) return send(ex, problem(503, "too many streams are open"));
    const auto number = next++;
    const auto s = std::make_shared<decision_stream>(
        around.loop, ex, [this, number] { poll_for(number); },
        [this, number] { retire(streams, number); });
    streams.emplace(number, s);
    s->start();
}

void api::impl::poll_for(std::uint64_t stream) {
    around.about.decisions(decision_stream::poll_limit, {},
                           [this, stream, watch = std::weak_ptr<bool>(alive)](
                               const std::vector<proxy::decision_record>& newest_first) {
                               if (watch.expired()) return;
                               const auto it = streams.find(stream);
                               if (it != streams.end()) it->second->take(newest_first);
                           });
}

api::api(http::event_loop& loop, subject& about) : impl_(std::make_unique<impl>(loop, about)) {}
api::~api() = default;

void api::handle(http::exchange& ex) {
    const auto& head = ex.head();
    auto a = without_wire(head);
    if (!host_allowed(head.host, ex.local()) && !open_to_any_name(a.path, ex.local())) {
        return send(ex, problem(403, "the Host must be an IP address or localhost"));
    }
    const bool post = head.method == "POST";
    const page* there = nullptr;
    const auto* p = find_page(a.path, post, &there);
    if (p == nullptr && there != nullptr) return send(ex, wrong_method(a));
    if (p == nullptr) return send(ex, not_found(a));
    if (!post && head.method != "GET" && head.method != "HEAD") return send(ex, wrong_method(a));
    if (post) {
        int status = 0;
        const auto why = refuse_write(head, *p, status);
        if (!why.empty()) return send(ex, problem(status, why));
    }
    if (p->run == nullptr) {
        if (head.method == "GET") return impl_->start_stream(ex);
        reply nothing;
        nothing.type = "text/event-stream";
        return send(ex, nothing);
    }
    impl_->start_call(ex, *p, std::move(a));
}

void api::refuse(http::exchange& ex, const http::head_error& why) {
    auto text = why.message;
    if (why.status == 413) text = "a body of the admin API is at most 1 MiB, one to explain 64 MiB";
    send(ex, problem(why.status, text));
}

}  // namespace weir::admin
