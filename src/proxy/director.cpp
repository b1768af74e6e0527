#include "proxy/director.hpp"

#include <array>
#include <utility>

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
        const std::array<http::field, 2> fields = {http::field{"allow", allowed_methods},
                                                   http::field{"x-request-id", id}};
        worker_.numbers.count_answer(200, {});
        access_line line;
        line.id = id;
        line.code = 200;
        write_line(ex, line);
        log::at(log::level::request, "request", {{"id", id}, {"code", 200}});
        return ex.answer(200, fields, {});
    }
    auto config = worker_.current.get();
    if (config && config->version != known_) {
        known_ = config->version;
        socket_ = config->table->find_socket(bind_address_, bind_port_);
    }
    if (socket_ == nullptr) {
        return answer(ex, route_not_found("no Gateway listener serves this port"));
    }
    worker_.take().start(ex, *socket_, std::move(config));
}

void director::refuse(http::exchange& ex, const http::head_error& why) {
    answer(ex, reply_for(why));
}

/// The access log's line of a request that no transaction took: `line` says what became of it.
void director::write_line(const http::exchange& ex, access_line line) {
    if (worker_.log == nullptr) return;
    const auto& head = ex.head();
    request_notes notes;
    notes.method.assign(head.method);
    notes.path.assign(head.target);
    notes.host.assign(head.host);
    line.client = ex.peer().authority();
    line.end = end_letters(line.reason.empty() ? end_cause::natural : end_cause::error,
                           life_phase::request, line.reason);
    line.received = ex.received_at();
    line.ended = worker_.loop.now();
    worker_.log->append(to_json(line, notes));
}

/// Before, or without, a transaction: the head may be no more than bytes, so only what was split is
/// used.
void director::answer(http::exchange& ex, const local_reply& reply) {
    const auto& head = ex.head();
    const std::string path(head.target);
    const std::string accept = head.fields.joined("accept");
    const auto id = id_of(ex);
    reply_facts facts;
    facts.path = path;
    facts.accept = accept;
    facts.request_id = id;
    const auto body = body_of(worker_, reply, facts);
    access_line line;
    line.id = id;
    line.code = reply.status;
    line.reason = reply.reason;
    line.detail = reply.text;
    if (head.method != "HEAD") line.bytes_out = body.body.size();
    write_line(ex, line);
    log::at(log::level::request, "refused",
            {{"id", id}, {"code", reply.status}, {"detail", reply.text}});
    send_reply(worker_, ex, reply, facts, body);
}

}  // namespace weir::proxy
