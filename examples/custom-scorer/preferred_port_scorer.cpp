// A scorer of your own in one file. Build it as README.md says and give the result to `weir serve
// --plugin`.
#include <cstddef>
#include <memory>

#include "weir/plugin.hpp"

namespace {

using namespace weir;

/// 1 for the endpoints on the preferred port, `otherwise` for the rest.
class preferred_port final : public plugin_of<scorer> {
  public:
    preferred_port(std::uint16_t port, double otherwise) : port_(port), otherwise_(otherwise) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            scores[i] = candidates.at(i).port == port_ ? 1 : otherwise_;
        }
    }

  private:
    std::uint16_t port_;
    double otherwise_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    if (!p.has("port")) p.reject("", "port is required");
    const auto port = static_cast<std::uint16_t>(p.integer("port", 0, between(1, 65535)));
    return std::make_unique<preferred_port>(port, p.number("otherwise", 0, between(0, 1)));
}

constexpr parameter_doc docs[] = {
    {"port", "int", "", "the port to prefer"},
    {"otherwise", "float", "0", "score of the other endpoints, 0..1"},
};

const plugin_type types[] = {{
    .name = "preferred-port-scorer",
    .level = stability::alpha,
    .summary = "prefers endpoints on one port",
    .docs = docs,
    .aliases = {},
    .make = make,
}};

}  // namespace

extern "C" const weir::plugin_type* weir_plugin_types(std::size_t* count) {
    *count = std::size(types);
    return types;
}
