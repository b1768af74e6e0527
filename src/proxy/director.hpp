#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/exchange.hpp"
#include "proxy/access_line.hpp"
#include "proxy/failure.hpp"
#include "proxy/worker.hpp"

namespace weir::proxy {

/// Takes the requests of one listening socket of one worker and starts their transactions. Worker
/// thread.
class director final : public http::request_handler {
  public:
    director(worker& w, std::string bind_address, std::uint16_t bind_port);

    void handle(http::exchange& ex) override;
    void refuse(http::exchange& ex, const http::head_error& why) override;

  private:
    std::string id_of(const http::exchange& ex);
    void answer(http::exchange& ex, const local_reply& reply);
    void write_line(const http::exchange& ex, access_line line);

    worker& worker_;
    const std::string bind_address_;
    const std::uint16_t bind_port_;
    std::uint64_t known_ = 0;  ///< version of the snapshot that `socket_` belongs to
    const gateway::socket_table* socket_ = nullptr;
};

}  // namespace weir::proxy
