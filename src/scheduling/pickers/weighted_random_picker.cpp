#include <algorithm>
#include <cmath>
#include <memory>

#include "scheduling/pickers/pick_count.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct sampling_keys final : plugin_scratch {
    std::vector<double> keys;
    std::vector<std::uint32_t> rank;
};

/// A-Res (Efraimidis, Spirakis 2006): key U^(1/w) for each total w > 0, 0 otherwise; the largest
/// keys win.
class by_weight final : public plugin_of<picker> {
  public:
    explicit by_weight(std::size_t count) : count_(count) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<sampling_keys>();
    }

    void pick(const decision_context& context, const candidate_view& candidates,
              std::span<const double> totals, std::vector<std::uint32_t>& picks) const override {
        shuffled_positions(candidates.size(), context.random, picks);
        const auto keep = std::min(count_, picks.size());
        const bool any = std::any_of(totals.begin(), totals.end(), [](double w) { return w > 0; });
        if (any) {
            auto& buffers = context.scratch<sampling_keys>();
            auto& keys = buffers.keys;
            auto& rank = buffers.rank;
            keys.resize(picks.size());
            rank.resize(picks.size());
            for (std::uint32_t i = 0; i < picks.size(); ++i) {
                rank[picks[i]] = i;
                keys[picks[i]] = key(totals[picks[i]], context.random);
            }
            std::partial_sort(picks.begin(), picks.begin() + static_cast<std::ptrdiff_t>(keep),
                              picks.end(), [&](std::uint32_t a, std::uint32_t b) {
                                  return keys[a] != keys[b] ? keys[a] > keys[b] : rank[a] < rank[b];
                              });
        }
        picks.resize(keep);
    }

  private:
    static double key(double weight, random_source& random) {
        if (!(weight > 0)) return 0;
        const double u = random.unit();
        return std::pow(u == 0 ? 1e-10 : u, 1 / weight);
    }

    std::size_t count_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    return std::make_unique<by_weight>(read_pick_count(p));
}

}  // namespace

extern const plugin_type weighted_random_picker = {
    .name = "weighted-random-picker",
    .level = stability::beta,
    .summary = "picks at random, in proportion to the totals",
    .docs = pick_count_doc,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
