#include <array>

#include "scheduling/filters/role.hpp"

namespace weir::scheduling::plugins {

namespace {

constexpr std::array<std::string_view, 5> roles = {"prefill", "encode-prefill", "prefill-decode",
                                                   "both", "encode-prefill-decode"};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<role_filter>(roles, false);
}

}  // namespace

extern const plugin_type prefill_filter = {
    .name = "prefill-filter",
    .level = stability::beta,
    .summary = "keeps endpoints that prefill",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
