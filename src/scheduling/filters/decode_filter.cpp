#include <array>

#include "scheduling/filters/role.hpp"

namespace weir::scheduling::plugins {

namespace {

constexpr std::array<std::string_view, 4> roles = {"decode", "prefill-decode", "both",
                                                   "encode-prefill-decode"};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    p.ignore_all();
    return std::make_unique<role_filter>(roles, true);
}

}  // namespace

extern const plugin_type decode_filter = {
    .name = "decode-filter",
    .level = stability::beta,
    .summary = "keeps endpoints that decode, and those without a role",
    .docs = {},
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
