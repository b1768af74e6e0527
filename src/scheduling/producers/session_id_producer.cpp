#include <memory>

#include "base/strings.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// The value of one cookie (RFC 6265 4.2.1); empty when it is not there.
std::string_view cookie(std::string_view header, std::string_view name) {
    while (!header.empty()) {
        const auto end = header.find(';');
        const auto pair = trim(header.substr(0, end));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return pair.substr(equals + 1);
        if (end == std::string_view::npos) break;
        header.remove_prefix(end + 1);
    }
    return {};
}

class session_reader final : public plugin_of<producer> {
  public:
    session_reader(std::string header, std::string cookie_name, data_slot slot)
        : header_(std::move(header)), cookie_(std::move(cookie_name)), slot_(slot) {}

    void produce(const decision_context& context, const candidate_view&,
                 producer_data& data) override {
        data.texts[slot_] = cookie_.empty() ? context.request.header(header_)
                                            : cookie(context.request.header("cookie"), cookie_);
    }

  private:
    std::string header_;
    std::string cookie_;
    data_slot slot_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    auto header = to_lower(trim(p.text("headerName", "")));
    auto name = p.text("cookieName", "");
    if (header.empty() == name.empty()) {
        p.reject("", "exactly one of headerName and cookieName must be set");
    }
    return std::make_unique<session_reader>(std::move(header), std::move(name),
                                            context.publish(data_kind::session_id));
}

constexpr parameter_doc docs[] = {
    {"headerName", "string", "", "the request header with the session id"},
    {"cookieName", "string", "", "the cookie with the session id"},
};

}  // namespace

extern const plugin_type session_id_producer = {
    .name = "session-id-producer",
    .level = stability::beta,
    .summary = "reads the session id from a header or a cookie",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
