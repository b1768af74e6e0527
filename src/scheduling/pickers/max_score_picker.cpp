#include <algorithm>
#include <limits>
#include <memory>

#include "base/lanes.hpp"
#include "scheduling/pickers/pick_count.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

constexpr double lowest = -std::numeric_limits<double>::infinity();

/// NaN is no score: it loses against every number.
template <class Lanes>
WEIR_INLINE Lanes rankable(const Lanes& total) {
    return total == total ? total : Lanes{} + lowest;
}

/// The best total and how often it is there.
struct best {
    double total;
    std::uint64_t times;
};

template <class Lanes>
WEIR_INLINE best best_in_lanes(std::span<const double> totals) {
    constexpr auto width = sizeof(Lanes) / sizeof(double);
    const auto lanes_at = [&](std::size_t i) WEIR_INLINE_BODY {
        return rankable(load_lanes<Lanes>(totals.data() + i));
    };
    const auto whole = totals.size() - totals.size() % width;
    Lanes tops = Lanes{} + lowest;
    for (std::size_t i = 0; i < whole; i += width) {
        const Lanes mine = lanes_at(i);
        tops = mine > tops ? mine : tops;
    }
    auto top = lowest;
    for (std::size_t i = 0; i < width; ++i) top = std::max(top, tops[i]);
    for (auto i = whole; i < totals.size(); ++i) top = std::max(top, rankable(totals[i]));
    Lanes times{};
    for (std::size_t i = 0; i < whole; i += width) times = lanes_at(i) == top ? times + 1.0 : times;
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i) sum += times[i];
    for (auto i = whole; i < totals.size(); ++i) sum += rankable(totals[i]) == top ? 1 : 0;
    return {top, static_cast<std::uint64_t>(sum)};
}

best best_of(std::span<const double> totals) {
    best out{};
    with_widest_lanes([&]<class Lanes>() WEIR_INLINE_BODY { out = best_in_lanes<Lanes>(totals); });
    return out;
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
    static void pick_one(random_source& random, std::span<const double> totals,
                         std::vector<std::uint32_t>& picks) {
        if (totals.empty()) return;
        const auto [top, ties] = best_of(totals);
        auto skip = ties > 1 ? random.below(ties) : 0;
        for (std::uint32_t i = 0; i < totals.size(); ++i) {
            if (rankable(totals[i]) != top || skip-- != 0) continue;
            picks.push_back(i);
            return;
        }
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
