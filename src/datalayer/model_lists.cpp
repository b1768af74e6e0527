#include "datalayer/model_lists.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::datalayer {
namespace {

bool same_models(const std::vector<payload::model_card>& a,
                 const std::vector<payload::model_card>& b) {
    return std::is_permutation(
        a.begin(), a.end(), b.begin(), b.end(),
        [](const auto& x, const auto& y) { return x.id == y.id && x.aliases == y.aliases; });
}

void note_model(model_view& view, const std::string& name, const payload::model_card& card,
                std::uint64_t serial) {
    view.cards.try_emplace(name, card.raw);
    auto& who = view.serials[name];
    if (who.empty() || who.back() != serial) who.push_back(serial);
}

bool same_cards(const std::vector<payload::model_card>& a,
                const std::vector<payload::model_card>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.raw == y.raw; });
}

}  // namespace

bool model_view::serves(std::string_view model, std::uint64_t serial) const {
    const auto at = serials.find(model);
    if (at == serials.end()) return true;
    if (!std::binary_search(known.begin(), known.end(), serial)) return true;
    return std::binary_search(at->second.begin(), at->second.end(), serial);
}

void keep_serving(const model_view* lists, const pool_view& pool, std::string_view model,
                  std::vector<std::uint32_t>& candidates) {
    if (lists == nullptr || lists->uniform || !lists->tells(model)) return;
    std::erase_if(candidates,
                  [&](std::uint32_t i) { return !lists->serves(model, pool.states[i]->serial); });
}

// --- model_board
// -----------------------------------------------------------------------------------

void model_board::ask(http::event_loop& asker, std::function<void()> done) {
    wanted_.store(true, std::memory_order_relaxed);
    control_.post([owner = owner_, &asker, done = std::move(done)]() mutable {
        auto answer = [&asker, done = std::move(done)]() mutable { asker.post(std::move(done)); };
        if (*owner == nullptr) return answer();
        (*owner)->ask(std::move(answer));
    });
}

void model_board::want() {
    if (!wanted_.load(std::memory_order_relaxed)) wanted_.store(true, std::memory_order_relaxed);
}

// --- model_lists
// -----------------------------------------------------------------------------------

/// One endpoint's list and the question that renews it.
struct model_lists::list {
    list(model_lists& owner, const endpoint_pool::member& m)
        : serial(m.state->serial),
          where(m.listed.where),
          question(owner.loop_, owner.connections_, serial,
                   [this, &owner](const fetch::outcome& o) { take(owner, o); }) {}

    void take(model_lists& owner, const fetch::outcome& o) {
        tried = true;
        auto answer = o.status == 200 ? payload::parse_models(o.body, owner.scratch_)
                                      : std::optional<std::vector<payload::model_card>>();
        next = owner.loop_.now() + (answer ? owner.source_.refresh : retry);
        // A server that has no such list will not have one in a moment.
        if (o.status == 404 || o.status == 401) next = owner.loop_.now() + owner.source_.refresh;
        if (answer) {
            const bool same = cards && same_cards(*cards, *answer);
            cards = std::move(answer);
            if (!same) owner.publish();
        }
        owner.settle();
    }

    void ask(const model_source& source) {
        auto there = where;
        if (source.port != 0) there.set_port(source.port);
        question.start(there, source.path, fetch::json, source.tls);
    }

    const std::uint64_t serial;
    const http::address where;
    std::optional<std::vector<payload::model_card>> cards;
    time_point next{};
    bool tried = false;
    fetch question;
};

model_lists::model_lists(http::event_loop& loop, const endpoint_pool& pool)
    : loop_(loop),
      pool_(pool),
      connections_(loop, fetch::connection_options()),
      impatience_(loop, &model_lists::on_impatience, this),
      board_(std::make_shared<model_board>(loop)) {
    *board_->owner_ = this;
}

model_lists::~model_lists() { *board_->owner_ = nullptr; }

void model_lists::configure(model_source source) {
    source_ = std::move(source);
    connections_.close_all_idle();  // they may have been of another kind
    if (source_.configured) board_->want();
}

void model_lists::tick() {
    if (!wanted()) return;
    if (version_ != pool_.version()) follow();
    for (const auto& m : pool_.members()) {
        auto& l = *lists_.at(m->state->serial);
        const auto health = m->state->health.load(std::memory_order_relaxed);
        const bool there = health == endpoint_health::ready || health == endpoint_health::draining;
        if (!there) l.tried = true;
        if (there && !l.question.active() && loop_.now() >= l.next) l.ask(source_);
    }
    settle();
}

/// Makes the lists those of the pool's endpoints.
void model_lists::follow() {
    version_ = pool_.version();
    std::unordered_map<std::uint64_t, std::unique_ptr<list>> still;
    for (const auto& m : pool_.members()) {
        auto at = lists_.find(m->state->serial);
        if (at != lists_.end()) {
            still.insert(lists_.extract(at));
        } else {
            still.emplace(m->state->serial, std::make_unique<list>(*this, *m));
        }
    }
    lists_ = std::move(still);
    if (board_->views_.version() != 0) publish();
}

void model_lists::ask(std::function<void()> done) {
    board_->want();
    waiting_.push_back(std::move(done));
    impatience_.arm(patience);
    tick();
}

void model_lists::on_impatience(void* self) {
    auto& lists = *static_cast<model_lists*>(self);
    for (auto& [serial, l] : lists.lists_) l->tried = true;
    lists.settle();
}

/// Tells those who wait, once every endpoint had its chance.
void model_lists::settle() {
    const bool all =
        std::all_of(lists_.begin(), lists_.end(), [](const auto& l) { return l.second->tried; });
    if (!all) return;
    if (board_->views_.version() == 0) publish();
    impatience_.cancel();
    for (auto& done : std::exchange(waiting_, {})) done();
}

void model_lists::publish() {
    auto view = std::make_shared<model_view>();
    std::vector<std::vector<payload::model_card>> cards;
    for (const auto& m : pool_.members()) {
        const auto at = lists_.find(m->state->serial);
        if (at == lists_.end() || !at->second->cards) continue;
        view->known.push_back(at->first);
        cards.push_back(*at->second->cards);
        for (const auto& card : cards.back()) {
            note_model(*view, card.id, card, at->first);
            for (const auto& alias : card.aliases) note_model(*view, alias, card, at->first);
        }
    }
    std::sort(view->known.begin(), view->known.end());
    for (auto& [model, who] : view->serials) std::sort(who.begin(), who.end());
    const bool alike = std::all_of(cards.begin(), cards.end(),
                                   [&](const auto& c) { return same_models(c, cards.front()); });
    view->uniform = cards.empty() || (alike && cards.size() == pool_.members().size());
    view->json = payload::merge_models(cards);
    board_->views_.publish(std::move(view));
}

}  // namespace weir::datalayer
