#include <memory>

#include "scheduling/pickers/pick_count.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Shuffles and keeps the first N; totals do not matter.
class random_pick final : public plugin_of<picker> {
  public:
    explicit random_pick(std::size_t count) : count_(count) {}

    void pick(const decision_context& context, const candidate_view& candidates,
              std::span<const double>, std::vector<std::uint32_t>& picks) const override {
        shuffled_positions(candidates.size(), context.random, picks);
        if (picks.size() > count_) picks.resize(count_);
    }

  private:
    std::size_t count_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    return std::make_unique<random_pick>(read_pick_count(p));
}

}  // namespace

extern const plugin_type random_picker = {
    .name = "random-picker",
    .level = stability::beta,
    .summary = "picks at random, whatever the scores",
    .docs = pick_count_doc,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
