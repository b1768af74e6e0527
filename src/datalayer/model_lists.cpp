#include "datalayer/model_lists.hpp"

#include <algorithm>
#include <optional>

namespace weir::datalayer {

bool model_view::serves(std::string_view model, std::uint64_t serial) const {
    const auto at = serials.find(model);
    if (at == serials.end()) return true;
    if (!std::binary_search(known.begin(), known.end(), serial)) return true;
    return std::binary_search(at->second.begin(), at->second.end(), serial);
}

/// One endpoint's list and the question that renews it.
struct model_lists::query final : http::call_owner {
    query(model_lists& o, const endpoint_pool::member& m)
        : owner(o),
          serial(m.state->serial),
          where(m.listed.where),
          deadline(o.loop_, &query::on_deadline, this) {
        request = "GET /v1/models HTTP/1.1\r\nHost: " + where.authority() +
                  "\r\nUser-Agent: weir\r\nAccept: application/json\r\n\r\n";
    }

    void ask(bool fresh) {
        second_try = fresh;
        good = false;
        body.clear();
        deadline.arm(time_limit);
        const std::string_view pieces[] = {request};
        owner.connections_.start(call, *this, serial, where, "GET", pieces, fresh);
    }

    void on_head(const http::response_head& head) override { good = head.status == 200; }

    void on_data(std::span<char> bytes) override {
        if (body.size() + bytes.size() > max_answer) {
            call.cancel();
            return end(std::nullopt);
        }
        if (good) body.append(bytes.data(), bytes.size());
    }

    void on_complete() override {
        end(good ? payload::parse_models(body, owner.scratch_) : std::nullopt);
    }

    void on_failure(const http::call_failure& why) override {
        if (why.reused && !why.received && !second_try) return ask(true);
        end(std::nullopt);
    }

    static void on_deadline(void* self) {
        auto& q = *static_cast<query*>(self);
        q.call.cancel();
        q.end(std::nullopt);
    }

    void end(std::optional<std::vector<payload::model_card>> answer) {
        deadline.cancel();
        next = owner.loop_.now() + (answer ? refresh : retry);
        if (!answer) return;
        const bool same = cards && cards->size() == answer->size() &&
                          std::equal(cards->begin(), cards->end(), answer->begin(),
                                     [](const auto& a, const auto& b) { return a.raw == b.raw; });
        cards = std::move(answer);
        if (!same) owner.publish();
    }

    model_lists& owner;
    const std::uint64_t serial;
    const http::address where;
    std::string request;
    std::string body;
    std::optional<std::vector<payload::model_card>> cards;
    http::timer deadline;
    http::call call;
    time_point next{};
    bool good = false;
    bool second_try = false;
};

namespace {

http::client_options connection_options() {
    http::client_options o;
    o.connect_timeout = std::chrono::seconds(1);
    o.max_idle_per_peer = 1;
    return o;
}

}  // namespace

model_lists::model_lists(http::event_loop& loop, const endpoint_pool& pool)
    : loop_(loop), pool_(pool), connections_(loop, connection_options()) {}

model_lists::~model_lists() = default;

void model_lists::tick() {
    if (version_ != pool_.version()) {
        version_ = pool_.version();
        std::unordered_map<std::uint64_t, std::unique_ptr<query>> still;
        for (const auto& m : pool_.members()) {
            auto at = queries_.find(m->state->serial);
            if (at != queries_.end()) {
                still.insert(queries_.extract(at));
            } else {
                still.emplace(m->state->serial, std::make_unique<query>(*this, *m));
            }
        }
        const bool left = !queries_.empty();
        queries_ = std::move(still);
        if (left) publish();
    }
    for (const auto& m : pool_.members()) {
        auto& q = *queries_.at(m->state->serial);
        const auto health = m->state->health.load(std::memory_order_relaxed);
        const bool there = health == endpoint_health::ready || health == endpoint_health::draining;
        if (there && !q.call.active() && loop_.now() >= q.next) q.ask(false);
    }
}

void model_lists::publish() {
    auto view = std::make_shared<model_view>();
    std::vector<std::vector<payload::model_card>> lists;
    for (const auto& m : pool_.members()) {
        const auto at = queries_.find(m->state->serial);
        if (at == queries_.end() || !at->second->cards) continue;
        view->known.push_back(at->first);
        lists.push_back(*at->second->cards);
        for (const auto& card : lists.back()) {
            auto& list = view->serials[card.id];
            if (list.empty() || list.back() != at->first) list.push_back(at->first);
        }
    }
    std::sort(view->known.begin(), view->known.end());
    for (auto& [model, list] : view->serials) std::sort(list.begin(), list.end());
    view->json = payload::merge_models(lists);
    views_.publish(std::move(view));
}

}  // namespace weir::datalayer
