#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "scheduling/pickers/pick_count.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// NaN is no score: it loses against every number.
double rankable(double total) {
    return std::isnan(total) ? -std::numeric_limits<double>::infinity() : total;
}

struct ranks final : plugin_scratch {
    std::vector<std::uint32_t> rank;
};

/// Best totals first; ties are uniformly random, as shuffle and stable sort make them in the
/// reference.
class best_total final : public plugin_of<picker> {
  public:
    explicit best_total(std::size_t count) : count_(count) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<ranks>();
    }

    void pick(const decision_context& context, const candidate_view& candidates,
              std::span<const double> totals, std::vector<std::uint32_t>& picks) const override {
        if (count_ == 1) {
            pick_one(context.random, totals, picks);
            return;
        }
        auto& rank = context.scratch<ranks>().rank;
        shuffled_positions(candidates.size(), context.random, picks);
        rank.resize(picks.size());
        for (std::uint32_t i = 0; i < picks.size(); ++i) rank[picks[i]] = i;
        const auto keep = std::min(count_, picks.size());
        std::partial_sort(picks.begin(), picks.begin() + static_cast<std::ptrdiff_t>(keep),
                          picks.end(), [&](std::uint32_t a, std::uint32_t b) {
                              const double left = rankable(totals[a]);
                              const double right = rankable(totals[b]);
                              return left != right ? left > right : rank[a] < rank[b];
                          });
        picks.resize(keep);
    }

  private:
    /// One pass: among k equal bests each is kept with probability 1/k.
    static void pick_one(random_source& random, std::span<const double> totals,
                         std::vector<std::uint32_t>& picks) {
        if (totals.empty()) return;
        std::uint32_t best = 0;
        double top = rankable(totals[0]);
        std::uint64_t ties = 1;
        for (std::uint32_t i = 1; i < totals.size(); ++i) {
            if (totals[i] < top) continue;
            const double mine = rankable(totals[i]);
            if (mine < top) continue;
            if (mine > top) {
                best = i;
                top = mine;
                ties = 1;
            } else if (random.below(++ties) == 0) {
                best = i;
            }
        }
        picks.push_back(best);
    }

    std::size_t count_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    return std::make_unique<best_total>(read_pick_count(p));
}

}  // namespace

extern const plugin_type max_score_picker = {
    .name = "max-score-picker",
    .level = stability::beta,
    .summary = "picks the highest totals, ties at random",
    .docs = pick_count_doc,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
