#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "http/event_loop.hpp"
#include "http/exchange.hpp"
#include "sim/faults.hpp"
#include "sim/request_log.hpp"

namespace weir::sim {

class server_core;

/// A request that needs no engine: answered with one page, or, where a metrics page is told to lie,
/// slowly, endlessly or never. Owned by the core.
class plain_call final : public http::exchange_owner {
  public:
    plain_call(server_core& core, http::exchange& ex, std::size_t index);
    ~plain_call() override;

    /// Reads the body; the request may be over when this returns.
    void begin();

    std::size_t index;  ///< in the core's list

    void on_body(std::span<char> bytes) override;
    void on_drained() override;
    void on_gone() override;

  private:
    void proceed();
    void answer_metrics();
    void answer_page();
    void test_engine();
    void look_at_engine();
    void trickle();
    void pour();
    void over(int status);

    server_core& core_;
    http::exchange* ex_;
    request_record record_;
    std::string path_;
    std::string body_;
    fault fault_;
    std::optional<http::timer> timer_;
    std::string page_;  ///< of a trickled or endless answer
    std::size_t sent_ = 0;
    std::uint64_t tokens_ = 0;  ///< that the engine had made when its health was asked for
    time_point asked_{};
    bool logged_ = false;
};

}  // namespace weir::sim
