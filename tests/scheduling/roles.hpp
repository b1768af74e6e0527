#pragma once

#include <initializer_list>
#include <string>

#include "plugin_fixture.hpp"

namespace weir::scheduling::testing {

/// An endpoint of each role, in that order.
inline test_pool pool_with_roles(std::initializer_list<std::string> roles) {
    test_pool pool(roles.size());
    std::size_t i = 0;
    for (const auto& role : roles) pool.label(i++, "llm-d.ai/role", role);
    return pool;
}

/// An endpoint of every role there is, in this order, then one without the label.
inline test_pool pool_of_roles() {
    auto pool = pool_with_roles({"decode", "prefill", "encode", "both", "prefill-decode",
                                 "encode-prefill", "encode-prefill-decode", "other", ""});
    pool.endpoints.back().labels.clear();
    return pool;
}

}  // namespace weir::scheduling::testing
