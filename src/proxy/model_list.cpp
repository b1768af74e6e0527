// Which endpoint serves which model, where the endpoints of a pool differ in that.
#include <algorithm>

#include "gateway/filters.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {
namespace {

constexpr std::string_view models_path = "/v1/models";

}  // namespace

/// The path as the endpoint will see it.
std::string transaction::upstream_path() const {
    std::string out(path_);
    for (const auto* set : {&match_.selected->config->filters, &backend_->filters}) {
        if (set->rewrite && set->rewrite->path) {
            out = gateway::rewrite_path(*set->rewrite->path, *match_.match, path_);
        }
    }
    return out;
}

/// `GET /v1/models` of a pool whose endpoints differ in what they serve: answered from the lists of
/// all of them. False: any endpoint can answer it.
bool transaction::answer_models() {
    const auto& method = ex_->head().method;
    if (pool_->models == nullptr || (method != "GET" && method != "HEAD") ||
        upstream_path() != models_path) {
        return false;
    }
    auto& s = slot();
    view_ = s.view.get();
    if (view_->size() < 2) return false;
    view_->read(worker_.loop.now(), s.signals, s.candidates);
    if (s.candidates.empty()) return false;
    if (const auto lists = pool_->models->views().load()) {
        if (lists->uniform) return false;
        answer_from_lists();
        return true;
    }
    pool_->models->ask(worker_.loop, [this, walk = walks_] {
        if (walk == walks_) answer_from_lists();
    });
    return true;
}

void transaction::answer_from_lists() {
    const auto lists = pool_->models->views().load();
    if (lists == nullptr || lists->uniform) return pass_without_body();
    answer_plain(200, {{"content-type", "application/json"}}, filters_for_reply(), lists->json);
}

}  // namespace weir::proxy
