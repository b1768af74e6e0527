#include <memory>

#include "base/strings.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Which agent or session a request belongs to; stands in for the fairness id that the client did
/// not send.
class identity_reader final : public plugin_of<request_header_hook, producer> {
  public:
    identity_reader(std::vector<std::string> headers, data_slot slot)
        : headers_(std::move(headers)), slot_(slot) {}

    void request_header(const inference_request& request, header_findings& out) override {
        if (const auto id = identity(request); !id.empty()) out.fairness_id = id;
    }

    void produce(const decision_context& context, const candidate_view&,
                 producer_data& data) override {
        data.texts[slot_] = identity(context.request);
    }

  private:
    std::string_view identity(const inference_request& request) const {
        for (const auto& name : headers_) {
            if (const auto value = trim(request.header(name)); !value.empty()) return value;
        }
        return {};
    }

    std::vector<std::string> headers_;
    data_slot slot_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    std::vector<std::string> headers;
    for (const auto& name : p.texts("additionalSessionHeaders")) {
        if (auto clean = to_lower(trim(name)); !clean.empty()) headers.push_back(std::move(clean));
    }
    for (const auto* name :
         {"x-claude-code-session-id", "x-session-affinity", "session-id", "session_id"}) {
        headers.emplace_back(name);
    }
    return std::make_unique<identity_reader>(std::move(headers),
                                             context.publish(data_kind::agent_identity));
}

constexpr parameter_doc docs[] = {
    {"additionalSessionHeaders", "list", "[]", "headers to try before the known ones"},
};

}  // namespace

extern const plugin_type agent_identity = {
    .name = "agent-identity",
    .level = stability::alpha,
    .summary = "reads from well-known headers which agent a request belongs to",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
