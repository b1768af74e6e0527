#include "datalayer/fetch.hpp"

#include <utility>

namespace weir::datalayer {

fetch::fetch(http::event_loop& loop, http::client_pool& connections, std::uint64_t key,
             done_fn done)
    : connections_(connections),
      key_(key),
      done_(std::move(done)),
      deadline_(loop, &fetch::on_deadline, this) {}

http::client_options fetch::connection_options() {
    http::client_options o;
    o.connect_timeout = std::chrono::seconds(1);
    o.max_idle_per_peer = 1;
    return o;
}

void fetch::start(const http::address& where, const std::string& path, std::string_view accept,
                  std::shared_ptr<const http::tls_client> tls) {
    where_ = where;
    tls_ = std::move(tls);
    request_ = "GET " + path + " HTTP/1.1\r\nHost: " + where.authority() +
               "\r\nUser-Agent: weir\r\nAccept: " + std::string(accept) + "\r\n\r\n";
    ask(false);
}

void fetch::ask(bool fresh) {
    second_try_ = fresh;
    status_ = 0;
    body_.clear();
    deadline_.arm(time_limit);
    const std::string_view pieces[] = {request_};
    connections_.start(call_, *this, key_, where_, "GET", pieces, fresh, tls_.get());
}

void fetch::on_data(std::span<char> bytes) {
    if (body_.size() + bytes.size() > max_body) {
        call_.cancel();
        return end(0, {}, "an answer of more than 4 MiB");
    }
    body_.append(bytes.data(), bytes.size());
}

void fetch::on_complete() { end(status_, body_, {}); }

void fetch::on_failure(const http::call_failure& why) {
    // The server may close an idle connection at any time; that says nothing about it.
    if (why.reused && !why.received && !second_try_) return ask(true);
    if (why.what == http::call_error::connect_refused) return end(0, {}, "connection refused");
    end(0, {}, why.detail.empty() ? "connection closed" : why.detail);
}

void fetch::on_deadline(void* self) {
    auto& f = *static_cast<fetch*>(self);
    f.call_.cancel();
    f.end(0, {}, "no whole answer after 5s");
}

void fetch::end(int status, std::string_view body, std::string failure) {
    deadline_.cancel();
    done_({status, body, std::move(failure)});
}

}  // namespace weir::datalayer
