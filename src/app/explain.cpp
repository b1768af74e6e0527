#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "app/options.hpp"
#include "base/json.hpp"
#include "http/client.hpp"

namespace weir::app {
namespace {

/// One request to the admin API, awaited.
class admin_call final : public http::call_owner {
  public:
    int status = 0;
    std::string body;
    std::string failure;

    void run(const http::address& to, const std::string& method, const std::string& request) {
        const std::string_view pieces[] = {request};
        pool_.start(call_, *this, 1, to, method, pieces, true);
        if (!done_) loop_.run();
    }

  private:
    void on_head(const http::response_head& head) override { status = head.status; }
    void on_data(std::span<char> bytes) override { body.append(bytes.data(), bytes.size()); }
    void on_complete() override { end(); }
    void on_failure(const http::call_failure& why) override {
        failure = why.detail.empty() ? "no answer" : why.detail;
        end();
    }
    void end() {
        done_ = true;
        loop_.stop();
    }

    http::event_loop loop_;
    http::client_pool pool_{loop_, {}};
    http::call call_;
    bool done_ = false;
};

bool read_body(const std::string& from, std::string& out) {
    if (from == "-") {
        out.assign(std::istreambuf_iterator<char>(std::cin), {});
        return true;
    }
    std::ifstream file(from, std::ios::binary);
    if (!file) return false;
    out.assign(std::istreambuf_iterator<char>(file), {});
    return true;
}

/// The document POST /v1/explain takes.
std::string explain_document(const explain_options& o, const std::string& body) {
    json_writer w;
    w.begin_object().field("path", o.path);
    if (!o.pool.empty()) w.field("pool", o.pool);
    w.key("headers").begin_object();
    for (const auto& h : o.headers) {
        const auto colon = h.find(':');
        if (colon == std::string::npos) continue;
        auto value = h.substr(colon + 1);
        value.erase(0, value.find_first_not_of(' '));
        w.field(h.substr(0, colon), value);
    }
    w.end_object().key("body").raw(body).end_object();
    return w.take();
}

}  // namespace

int run_explain(const explain_options& options) {
    if (options.request_id.empty() == options.request_file.empty()) {
        std::fprintf(stderr, "weir: explain needs a request id, or a body with --request FILE\n");
        return exit_usage;
    }
    const auto admin = http::address::parse(options.admin);
    if (!admin) {
        std::fprintf(stderr, "weir: --admin %s is not ADDR:PORT with an IP address\n",
                     options.admin.c_str());
        return exit_usage;
    }
    std::string method = "GET";
    std::string target = "/v1/decisions/" + options.request_id;
    std::string document;
    if (!options.request_file.empty()) {
        std::string body;
        if (!read_body(options.request_file, body)) {
            std::fprintf(stderr, "weir: cannot read %s\n", options.request_file.c_str());
            return exit_usage;
        }
        method = "POST";
        target = "/v1/explain";
        document = explain_document(options, body);
    }
    std::string request =
        method + " " + target + " HTTP/1.1\r\nhost: " + admin->authority() + "\r\n";
    if (method == "POST") {
        request +=
            "content-type: application/json\r\ncontent-length: " + std::to_string(document.size()) +
            "\r\n";
    }
    request += "\r\n" + document;
    admin_call call;
    call.run(*admin, method, request);
    if (!call.failure.empty()) {
        std::fprintf(stderr, "weir: no weir answers at %s: %s (--admin)\n",
                     admin->authority().c_str(), call.failure.c_str());
        return exit_failed;
    }
    if (call.status != 200) {
        std::fprintf(stderr, "weir: %s\n", call.body.c_str());
        return exit_failed;
    }
    std::printf("%s\n", call.body.c_str());
    return exit_ok;
}

}  // namespace weir::app
