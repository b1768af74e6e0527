#include <memory>

#include "scheduling/header_reader.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

std::string_view without_space(std::string_view s) {
    const auto first = s.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

bool names(std::string_view item, const endpoint& e) {
    return item == e.address || item == e.authority();
}

constexpr std::string_view selection = "test-epp-endpoint-selection";

/// For conformance tests: the client names the endpoints in a header.
class named_by_header final : public plugin_of<filter>, public header_reader {
  public:
    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const auto list = context.request.header(selection);
        for (std::size_t i = 0; i < candidates.size(); ++i)
            keep[i] = listed(list, candidates.at(i)) ? 1 : 0;
    }

    std::vector<std::string> headers_read() const override { return {std::string(selection)}; }

  private:
    static bool listed(std::string_view list, const endpoint& e) {
        while (!list.empty()) {
            const auto comma = list.find(',');
            const auto item = without_space(list.substr(0, comma));
            if (!item.empty() && names(item, e)) return true;
            if (comma == std::string_view::npos) break;
            list.remove_prefix(comma + 1);
        }
        return false;
    }
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<named_by_header>();
}

}  // namespace

extern const plugin_type header_based_testing_filter = {
    .name = "header-based-testing-filter",
    .level = stability::beta,
    .summary =
        "for tests: keeps the endpoints that test-epp-endpoint-selection names (ip or ip:port)",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
