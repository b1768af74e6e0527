#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/event_loop.hpp"
#include "http/exchange.hpp"
#include "proxy/decision_ring.hpp"

namespace weir::admin {

/// Tells one client of decisions as they are made (server-sent events, WHATWG HTML 9.2): an event
/// `decision` for each, and an event `update` when the answer of one told earlier has ended. A
/// client that reads slowly misses decisions, never delays any.
class decision_stream final : public http::exchange_owner {
  public:
    static constexpr duration poll_period = std::chrono::milliseconds(100);
    static constexpr duration keep_alive_period = std::chrono::seconds(1);
    static constexpr std::size_t poll_limit = 256;

    /// `ask` makes the owner call `take` with the newest decisions, later; `ended` is called once,
    /// when the client is gone, and may not destroy the stream at once.
    decision_stream(http::event_loop& loop, http::exchange& ex, std::function<void()> ask,
                    std::function<void()> ended);

    void start();
    void take(const std::vector<proxy::decision_record>& newest_first);

  private:
    void on_body(std::span<char>) override {}
    void on_drained() override;
    void on_gone() override;

    void poll();
    void write(const std::string& text);

    http::event_loop& loop_;
    http::exchange* ex_;
    std::function<void()> ask_;
    std::function<void()> ended_;
    http::timer timer_;
    std::int64_t since_ms_ = 0;
    time_point spoke_{};
    bool slow_ = false;
    bool asking_ = false;
    std::unordered_map<std::string, bool> told_;  ///< of the last poll; whether it had ended
};

}  // namespace weir::admin
