#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datalayer/exposition_parser.hpp"

namespace weir::datalayer {

/// One series of a metrics page: a family and the labels it must carry (Source of the grammar:
/// llm-d-router head, `core-metrics-extractor`).
struct metric_spec {
    std::string family;
    std::vector<std::pair<std::string, std::string>> labels;

    /// True when every listed label is there with that value; an empty value also fits an absent
    /// label.
    bool matches(std::span<const sample_label> series) const;
    /// `name` or `name{label="value"}`.
    std::string text() const;

    bool operator==(const metric_spec&) const = default;
};

/// Parses `name` or `name{label=value,label2="value2"}`; quotes are optional, spaces around the
/// parts ignored. Nothing, and a sentence in `why`, when it is neither.
std::optional<metric_spec> parse_metric_spec(std::string_view text, std::string& why);

}  // namespace weir::datalayer
