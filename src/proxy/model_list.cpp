// Which endpoint serves which model, where the endpoints of a pool differ in that.

#include "gateway/query.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

constexpr std::string_view models_path = "/v1/models";

}  // namespace

/// The path as the endpoint will see it.
std::string transaction::upstream_path() const {
    return rewritten_path().value_or(std::string(path_));
}

/// The model that `GET /v1/models/ID` asks about; empty for every other path. Clients write the
/// slash of an ID as it is or as `%2F`.
std::string transaction::model_asked_for() const {
    const auto path = upstream_path();
    if (!path.starts_with(models_path) || !path.substr(models_path.size()).starts_with('/'))
        return {};
    return gateway::decode_path(std::string_view(path).substr(models_path.size() + 1));
}

/// `GET /v1/models` and `/v1/models/ID` of a pool whose endpoints differ in what they serve are
/// answered from the lists of all of them. False: any endpoint can answer.
bool transaction::answer_models() {
    const auto& method = ex_->head().method;
    if (pool_->models == nullptr || (method != "GET" && method != "HEAD")) return false;
    if (upstream_path() != models_path && model_asked_for().empty()) return false;
    auto& s = slot();
    view_ = s.view.get();
    if (view_->size() < 2) return false;
    s.read(*view_, worker_.loop.now());
    if (s.candidates.empty()) return false;
    if (pool_->models->views().load() != nullptr) {
        answer_from_lists();
    } else {
        pool_->models->ask(worker_.loop, [this, walk = walks_] {
            if (walk == walks_) answer_from_lists();
        });
    }
    return true;
}

void transaction::answer_from_lists() {
    const auto lists = pool_->models->views().load();
    if (lists == nullptr || lists->uniform) return pass_without_body();
    const auto* body = &lists->json;
    if (const auto model = model_asked_for(); !model.empty()) {
        const auto card = lists->cards.find(model);
        // An endpoint may know what no list has; else it says no in its own words.
        if (card == lists->cards.end()) return pass_without_body();
        body = &card->second;
    }
    answer_plain(200, {{"content-type", "application/json"}}, filters_for_reply(), *body);
}

}  // namespace weir::proxy
