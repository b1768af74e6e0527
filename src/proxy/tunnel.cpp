// An upgraded connection: bytes go both ways until one side closes.
#include "base/strings.hpp"
#include "proxy/transaction.hpp"

namespace weir::proxy {

/// Only a Service that says it speaks WebSocket gets upgrades; to every other one the request is
/// plain.
bool transaction::asks_for_websocket() const {
    const auto& head = ex_->head();
    return service_ != nullptr && service_->spec->websocket && head.upgrade &&
           head.version_minor != 0 && head.method == "GET" && head.body == http::framing::none &&
           iequals(head.fields.get("upgrade"), "websocket");
}

/// The endpoint has agreed. The limits of a request and its answer mean nothing from here on, but
/// silence does.
void transaction::begin_tunnel(const http::response_head& head) {
    collect_fields(head);
    worker_.fields.push_back({"upgrade", head.fields.get("upgrade")});
    begin_answer(head.status, head.reason, http::framing::until_close, 0);
    limits_ = {};
    arm_deadlines();
    expect_more();
    ex_->open_tunnel();
}

void transaction::on_tunnel(std::span<char> bytes) {
    expect_more();
    if (!call_.write({bytes.data(), bytes.size()})) ex_->pause_tunnel(true);
}

void transaction::on_writable() { ex_->pause_tunnel(false); }

}  // namespace weir::proxy
