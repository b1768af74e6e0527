#include <memory>
#include <optional>

#include "base/strings.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct length_range {
    double min = 0;
    double max = 0;
};

/// Exactly `MIN-MAX`, spaces around the numbers allowed.
std::optional<length_range> parse_range(std::string_view text) {
    const auto parts = split(text, '-');
    if (parts.size() != 2) return std::nullopt;
    const auto min = parse_int(trim(parts[0]));
    const auto max = parse_int(trim(parts[1]));
    if (!min || !max || *min > *max) return std::nullopt;
    return length_range{static_cast<double>(*min), static_cast<double>(*max)};
}

double score_in(const length_range& r, double length) {
    const double width = r.max - r.min;
    if (length >= r.min && length <= r.max) {
        if (width == 0) return 1;
        return 0.3 + 0.7 * (0.7 / (1 + width / 10000) + 0.3 * (r.max - length) / width);
    }
    const double distance = length < r.min ? r.min - length : length - r.max;
    return 0.3 / (1 + distance / 1000);
}

/// A label says which context lengths an endpoint is made for.
class by_context_length final : public plugin_of<filter, scorer> {
  public:
    by_context_length(std::string label, bool filtering)
        : label_(std::move(label)), filtering_(filtering) {}

    void apply(const decision_context& context, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        if (!filtering_) return;
        const auto length = static_cast<double>(context.request.input_tokens());
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* label = candidates.at(i).label(label_);
            if (label == nullptr) continue;
            const auto range = parse_range(*label);
            keep[i] = range && length >= range->min && length <= range->max ? 1 : 0;
        }
    }

    void score(const decision_context& context, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto length = static_cast<double>(context.request.input_tokens());
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* label = candidates.at(i).label(label_);
            const auto range = label != nullptr ? parse_range(*label) : std::nullopt;
            scores[i] = label == nullptr ? 0.5 : range ? score_in(*range, length) : 0;
        }
    }

    void inputs(const decision_context& context, const candidate_view& candidates,
                score_inputs& out) const override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto* label = candidates.at(i).label(label_);
            const auto range = label != nullptr ? parse_range(*label) : std::nullopt;
            out.tell(i, "inputTokens", static_cast<double>(context.request.input_tokens()));
            if (!range) continue;
            out.tell(i, "rangeMin", range->min);
            out.tell(i, "rangeMax", range->max);
        }
    }

  private:
    std::string label_;
    bool filtering_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    auto label = p.text("label", "llm-d.ai/context-length-range");
    const bool filtering = p.boolean("enableFiltering", false);
    if (label.empty()) p.reject("label", "label must not be empty");
    context.consume(data_kind::tokenized_prompt, {}, data_need::required);
    return std::make_unique<by_context_length>(std::move(label), filtering);
}

constexpr parameter_doc docs[] = {
    {"label", "string", "llm-d.ai/context-length-range",
     "the label with the range, `MIN-MAX` tokens"},
    {"enableFiltering", "bool", "false", "drop endpoints whose range does not fit"},
};

}  // namespace

extern const plugin_type context_length_aware = {
    .name = "context-length-aware",
    .level = stability::beta,
    .summary = "prefers endpoints made for the request's context length",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
