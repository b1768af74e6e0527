#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json_body.hpp"
#include "app/options.hpp"
#include "app/process.hpp"
#include "base/json.hpp"
#include "base/strings.hpp"
#include "http/client.hpp"

namespace weir::app {
namespace {

/// One request to the admin API, awaited.
class admin_call final : public http::call_owner {
  public:
    int status = 0;
    std::string type;  ///< content-type
    std::string body;
    std::string failure;

    void run(const http::address& to, const std::string& method, const std::string& request) {
        const std::string_view pieces[] = {request};
        pool_.start(call_, *this, 1, to, method, pieces, true);
        if (!done_) loop_.run();
    }

  private:
    void on_head(const http::response_head& head) override {
        status = head.status;
        type = head.fields.get("content-type");
    }
    void on_data(std::span<char> bytes) override { body.append(bytes.data(), bytes.size()); }
    void on_complete() override { end(); }
    void on_failure(const http::call_failure& why) override {
        failure = why.code != 0        ? std::strerror(why.code)
                  : why.detail.empty() ? "no answer"
                                       : why.detail;
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

/// False, and errno, where it cannot be read.
bool read_body(const std::string& from, std::string& out) {
    std::FILE* file = from == "-" ? stdin : std::fopen(from.c_str(), "re");
    if (file == nullptr) return false;
    char part[16384];
    errno = 0;
    while (const auto n = std::fread(part, 1, sizeof part, file)) out.append(part, n);
    const int why = std::ferror(file) != 0 ? errno : 0;
    if (file != stdin) std::fclose(file);
    errno = why;
    return why == 0;
}

/// `Name: value` texts as fields; a name that is given again has its values joined, as one that a
/// client repeats.
std::map<std::string, std::string> joined_headers(const std::vector<std::string>& texts) {
    std::map<std::string, std::string> out;
    for (const std::string_view text : texts) {
        const auto colon = text.find(':');
        const auto value = trim(text.substr(colon + 1));
        const auto [at, fresh] = out.try_emplace(to_lower(text.substr(0, colon)), value);
        if (!fresh) at->second.append(", ").append(value);
    }
    return out;
}

/// The document POST /v1/explain takes.
std::string explain_document(const explain_options& o, const std::string& body) {
    json_writer w;
    w.begin_object();
    if (!o.path.empty()) w.field("path", o.path);
    if (!o.pool.empty()) w.field("pool", o.pool);
    if (o.seed) w.field("seed", *o.seed);
    w.key("headers").begin_object();
    for (const auto& [name, value] : joined_headers(o.headers)) w.field(name, value);
    w.end_object().key("body").raw(body).end_object();
    return w.take();
}

/// A request id as one segment of a path.
std::string percent_encoded(const std::string& id) {
    std::string out;
    for (const char c : id) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
            out += c;
            continue;
        }
        char code[4];
        std::snprintf(code, sizeof code, "%%%02X", byte);
        out += code;
    }
    return out;
}

/// Whether the options name a configuration of their own to explain with.
bool has_configuration(const config::load_options& l) {
    return !l.filenames.empty() || !l.endpoints.empty() || !l.endpoints_files.empty() ||
           !l.config_file.empty() || !l.config_text.empty();
}

int explain_alone(const explain_options& options, const std::string& document) {
    if (!load_plugins(options.plugins)) return exit_invalid;
    serve_options serve;
    serve.load = options.load;
    serve.preset = options.preset;
    serve.seed = options.seed;
    serve.admin = "off";
    serve.verbosity = 0;
    return process(serve).explain(document, options.json);
}

int ask_running(const explain_options& options, const std::string& document) {
    const auto admin = *http::address::parse(options.admin);
    const bool dry = !document.empty();
    std::string request =
        dry ? "POST /v1/explain" : "GET /v1/decisions/" + percent_encoded(options.request_id);
    request += " HTTP/1.1\r\nhost: " + admin.authority() + "\r\naccept: ";
    request += options.json ? "application/json\r\n" : "text/plain\r\n";
    if (dry) {
        request +=
            "content-type: application/json\r\ncontent-length: " + std::to_string(document.size()) +
            "\r\n";
    }
    request += "\r\n" + document;
    admin_call call;
    call.run(admin, dry ? "POST" : "GET", request);
    if (!call.failure.empty()) {
        std::fprintf(stderr, "weir: no weir answers at %s: %s (--admin%s)\n",
                     admin.authority().c_str(), call.failure.c_str(),
                     dry ? "; or give a configuration with -f" : "");
        return exit_failed;
    }
    if (!call.type.starts_with("text/plain") && !call.type.starts_with("application/json")) {
        std::fprintf(stderr, "weir: what answers at %s is no weir (--admin)\n",
                     admin.authority().c_str());
        return exit_failed;
    }
    return print_explained(call.status, call.body, options.json);
}

}  // namespace

int print_explained(int status, const std::string& body, bool as_json) {
    const bool good = status == 200;
    if (!good && !as_json) std::fputs("weir: ", stderr);
    std::fputs(body.c_str(), good ? stdout : stderr);
    return good ? exit_ok : exit_failed;
}

int run_explain(const explain_options& options) {
    if (options.request_id.empty() == options.request_file.empty()) {
        std::fprintf(stderr, "weir: explain needs a request id, or a body with --request FILE\n");
        return exit_usage;
    }
    if (!options.request_id.empty() && has_configuration(options.load)) {
        std::fprintf(stderr,
                     "weir: a past request is known to a running weir only (--admin); with -f or "
                     "--endpoint give a body with --request FILE\n");
        return exit_usage;
    }
    std::string document;
    if (!options.request_file.empty()) {
        std::string body;
        if (!read_body(options.request_file, body)) {
            std::fprintf(stderr, "weir: cannot read %s: %s (--request)\n",
                         options.request_file.c_str(), std::strerror(errno));
            return exit_usage;
        }
        if (body.empty()) {
            std::fprintf(stderr, "weir: %s is empty, there is nothing to explain (--request)\n",
                         options.request_file.c_str());
            return exit_usage;
        }
        // Here, where places are those of the file.
        const admin::json_body parsed(body);
        if (!parsed.problem().empty()) {
            std::fprintf(stderr, "weir: %s\n", parsed.problem().c_str());
            return exit_failed;
        }
        document = explain_document(options, body);
    }
    if (has_configuration(options.load)) return explain_alone(options, document);
    return ask_running(options, document);
}

}  // namespace weir::app
