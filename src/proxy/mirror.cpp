#include "proxy/mirror.hpp"

#include <string>

#include "datalayer/health.hpp"
#include "datalayer/inflight.hpp"

namespace weir::proxy {

/// One copy on its way. Goes back to the free list when its call has ended.
class mirror_calls::one final : public http::call_owner {
  public:
    explicit one(mirror_calls& owner)
        : owner_(owner), deadline_(owner.loop_, &one::on_deadline, this) {}

    void start(const datalayer::pool_view& view, std::uint32_t endpoint,
               const mirrored_request& request) {
        for (const auto piece : request.pieces) bytes_ += piece;
        owner_.bytes_ += bytes_.size();
        method_ = request.method;
        address_ = view.addresses[endpoint];
        ledger_ = datalayer::inflight_guard(view.states[endpoint], 0);
        deadline_.arm(request.limit.count() != 0 ? request.limit : longest);
        dispatch(false);
    }

    void on_head(const http::response_head&) override { answered_ = true; }
    void on_data(std::span<char>) override {}
    void on_complete() override { end(owner_.numbers_.mirrors_answered); }

    void on_failure(const http::call_failure& why) override {
        if (why.reused && !why.received && !replayed_) {
            replayed_ = true;
            return dispatch(true);
        }
        const bool connect_failed = !why.sent && why.code != 0;
        if (connect_failed) datalayer::note_connect_failure(*ledger_.state());
        end(owner_.numbers_.mirrors_failed);
    }

  private:
    static void on_deadline(void* self) {
        auto& m = *static_cast<one*>(self);
        m.call_.cancel();
        m.end(m.answered_ ? m.owner_.numbers_.mirrors_answered : m.owner_.numbers_.mirrors_failed);
    }

    void dispatch(bool fresh) {
        piece_ = bytes_;
        owner_.clients_.start(call_, *this, ledger_.state()->serial, address_, method_,
                              std::span(&piece_, 1), fresh);
    }

    void end(metrics::cell& counter) {
        counter.add();
        deadline_.cancel();
        owner_.bytes_ -= bytes_.size();
        std::string().swap(bytes_);
        ledger_.release();
        answered_ = replayed_ = false;
        owner_.free_.push_back(this);
    }

    mirror_calls& owner_;
    http::timer deadline_;
    http::call call_;
    std::string bytes_;
    std::string_view piece_;
    std::string method_;
    http::address address_;
    datalayer::inflight_guard ledger_;
    bool answered_ = false;
    bool replayed_ = false;
};

mirror_calls::mirror_calls(http::event_loop& loop, http::client_pool& clients, telemetry& numbers)
    : loop_(loop), clients_(clients), numbers_(numbers) {}

mirror_calls::~mirror_calls() = default;

void mirror_calls::send(const datalayer::pool_view& view, std::uint32_t endpoint,
                        const mirrored_request& request) {
    std::size_t size = 0;
    for (const auto piece : request.pieces) size += piece.size();
    if (under_way() == most || bytes_ + size > most_bytes) return drop();
    if (free_.empty()) {
        all_.push_back(std::make_unique<one>(*this));
        free_.push_back(all_.back().get());
    }
    auto* copy = free_.back();
    free_.pop_back();
    copy->start(view, endpoint, request);
}

void mirror_calls::drop() { numbers_.mirrors_dropped.add(); }

std::uint32_t least_requests(const signal_columns& signals,
                             std::span<const std::uint32_t> candidates, random_source& random) {
    std::uint32_t best = candidates.front();
    std::uint64_t equals = 0;
    for (const auto i : candidates) {
        const double a = signals.inflight_requests[i];
        const double b = signals.inflight_requests[best];
        if (a < b) {
            best = i;
            equals = 1;
        } else if (a == b && random.below(++equals) == 0) {
            best = i;
        }
    }
    return best;
}

}  // namespace weir::proxy
