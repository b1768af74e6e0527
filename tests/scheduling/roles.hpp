#pragma once

#include <array>

#include "plugin_fixture.hpp"

namespace weir::scheduling::testing {

/// An endpoint of each role in the order of the names below, then one without the label.
inline test_pool pool_of_roles() {
    const std::array roles{"decode",
                           "prefill",
                           "encode",
                           "both",
                           "prefill-decode",
                           "encode-prefill",
                           "encode-prefill-decode",
                           "other"};
    test_pool pool(roles.size() + 1);
    for (std::size_t i = 0; i < roles.size(); ++i) pool.label(i, "llm-d.ai/role", roles[i]);
    return pool;
}

}  // namespace weir::scheduling::testing
