#pragma once

#include <memory>
#include <string>

#include "admin/subject.hpp"
#include "http/event_loop.hpp"
#include "http/exchange.hpp"

namespace weir::admin {

/// The admin API: reads are GET, writes POST with JSON; see `page.hpp` for the paths. Answers
/// requests of one server on the control thread's loop. The server goes first, then the API, then
/// the subject.
class api final : public http::request_handler {
  public:
    api(http::event_loop& loop, subject& about);
    ~api() override;
    api(const api&) = delete;
    api& operator=(const api&) = delete;

    void handle(http::exchange& ex) override;
    void refuse(http::exchange& ex, const http::head_error& why) override;

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

struct explained {
    int status = 0;
    std::string body;
};

/// What POST /v1/explain answers to `document`, without a server.
explained explain_once(http::event_loop& loop, subject& about, const std::string& document,
                       bool as_text);

}  // namespace weir::admin
