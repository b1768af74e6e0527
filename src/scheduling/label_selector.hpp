#pragma once

#include <string>
#include <vector>

#include "weir/endpoint.hpp"
#include "weir/parameters.hpp"

namespace weir::scheduling {

/// A Kubernetes LabelSelector; an empty one matches everything.
class label_selector {
  public:
    /// Reads `matchLabels` and `matchExpressions` of `p`.
    static label_selector read(parameters& p);

    bool matches(const endpoint& e) const;
    bool empty() const { return terms_.empty(); }

  private:
    enum class test : std::uint8_t { in, not_in, exists, does_not_exist };
    struct term {
        std::string key;
        test how = test::in;
        std::vector<std::string> values;
    };
    std::vector<term> terms_;
};

}  // namespace weir::scheduling
