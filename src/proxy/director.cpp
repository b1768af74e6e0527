#include "proxy/director.hpp"

#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/log.hpp"
#include "proxy/header_rules.hpp"
#include "proxy/reply.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {

director::director(worker& w, std::string bind_address, std::uint16_t bind_port)
    : worker_(w), bind_address_(std::move(bind_address)), bind_port_(bind_port) {}

/// The client's own request id where it is usable, else a new one.
std::string director::id_of(const http::exchange& ex) {
    const auto given = ex.head().fields.get("x-request-id");
    std::string id(given);
    if (!usable_request_id(given)) worker_.make_request_id(id);
    return id;
}

void director::handle(http::exchange& ex) {
    const auto& head = ex.head();
    if (head.target == "*") {
        const auto id = id_of(ex);
        const std::array<http::field, 2> fields = {
            http::field{"allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"},
            http::field{"x-request-id", id}};
        worker_.numbers.count_answer(200, {});
        return ex.answer(200, fields, {});
    }
    auto config = worker_.current.get();
    if (config && config->version != known_) {
        known_ = config->version;
        socket_ = config->table->find_socket(bind_address_, bind_port_);
    }
    if (socket_ == nullptr) {
        reply_facts facts;
        const std::string path(head.target);
        const std::string accept(head.fields.get("accept"));
        facts.path = path;
        facts.accept = accept;
        const auto id = id_of(ex);
        facts.request_id = id;
        return send_reply(worker_, ex, route_not_found("no Gateway listener serves this port"),
                          facts);
    }
    worker_.take().start(ex, *socket_, std::move(config));
}

void director::refuse(http::exchange& ex, const http::head_error& why) {
    const auto& head = ex.head();
    reply_facts facts;
    // The head of a refused request may be no more than bytes: only what was split is used.
    const std::string path(head.target);
    const std::string accept(head.fields.get("accept"));
    const auto id = id_of(ex);
    facts.path = path;
    facts.accept = accept;
    facts.request_id = id;
    if (worker_.log != nullptr) {
        json_writer w;
        w.begin_object().field("id", id).field("client", ex.peer().authority());
        w.field("code", why.status)
            .field("reason", why.reason)
            .field("detail", why.message)
            .field("end", "PR");
        worker_.log->append(w.end_object().str());
    }
    log::at(log::level::request, "refused",
            {{"id", id}, {"code", why.status}, {"detail", why.message}});
    send_reply(worker_, ex, reply_for(why), facts);
}

}  // namespace weir::proxy
