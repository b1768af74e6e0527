#include "scheduling/profile.hpp"

#include <algorithm>
#include <limits>

namespace weir::scheduling {

namespace {

/// Collects what a scorer tells, a column a name.
class column_collector final : public score_inputs {
  public:
    column_collector(std::size_t size, std::vector<named_column>& columns)
        : size_(size), columns_(columns) {}

    void tell(std::size_t i, std::string_view name, double value) override {
        auto column = std::find_if(columns_.begin(), columns_.end(),
                                   [&](const auto& c) { return c.name == name; });
        if (column == columns_.end()) {
            column = columns_.insert(
                column, {std::string(name),
                         std::vector<double>(size_, std::numeric_limits<double>::quiet_NaN())});
        }
        if (i < size_) column->values[i] = value;
    }

  private:
    std::size_t size_;
    std::vector<named_column>& columns_;
};

void run_filter(const player<const filter>& f, decision_context& context, candidate_view& view,
                run_buffers& buffers, profile_buffers& left, filter_verdict* record) {
    buffers.keep.assign(view.size(), 1);
    buffers.turn_of(f.index, context);
    f.role->apply(context, view, buffers.keep);
    buffers.laps.lap(extension_point::filter, f.index);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < view.size(); ++i) {
        const auto endpoint = left.survivors[i];
        if (record != nullptr)
            (buffers.keep[i] != 0 ? record->kept : record->dropped).push_back(endpoint);
        if (buffers.keep[i] != 0) left.survivors[kept++] = endpoint;
    }
    left.survivors.resize(kept);
    view.indexes = left.survivors;
}

void add_weighted(std::span<const double> scores, double weight, std::span<double> totals) {
    with_widest_lanes([&]<class Widest>() WEIR_INLINE_BODY {
        walk_lanes<Widest>(scores.size(), [&]<class Lanes>(std::size_t i) WEIR_INLINE_BODY {
            const auto clamped = clamp_score(load_lanes<Lanes>(scores.data() + i));
            const auto before = load_lanes<Lanes>(totals.data() + i);
            store_lanes<Lanes>(totals.data() + i, before + clamped * weight);
        });
    });
}

void run_scorer(const weighted_scorer& s, decision_context& context, const candidate_view& view,
                run_buffers& buffers, profile_buffers& left, scorer_verdict* record) {
    buffers.scores.assign(view.size(), 0);
    buffers.turn_of(s.index, context);
    s.role->score(context, view, buffers.scores);
    buffers.laps.lap(extension_point::scorer, s.index);
    if (view.size() <= workspace::most_noted)
        left.raw.insert(left.raw.end(), buffers.scores.begin(), buffers.scores.end());
    add_weighted(buffers.scores, s.weight, left.totals);
    if (record == nullptr) return;
    for (const auto score : buffers.scores) {
        record->raw.push_back(score);
        record->clamped.push_back(clamp_score(score));
        record->weighted.push_back(clamp_score(score) * s.weight);
    }
    column_collector told(view.size(), record->inputs);
    s.role->inputs(context, view, told);
}

}  // namespace

bool run_profile(const profile& p, std::uint32_t number, decision_context& context,
                 const candidate_view& candidates, run_buffers& buffers, profile_buffers& left,
                 decision& out, profile_explanation* record,
                 const std::vector<std::string>& identity) {
    left.ran = true;
    left.survivors.assign(candidates.indexes.begin(), candidates.indexes.end());
    left.totals.clear();
    left.raw.clear();
    candidate_view view = candidates;
    view.indexes = left.survivors;
    for (const auto& f : p.filters) {
        if (view.empty()) break;
        if (record != nullptr) record->filters.push_back({identity[f.index], {}, {}});
        run_filter(f, context, view, buffers, left,
                   record != nullptr ? &record->filters.back() : nullptr);
    }
    profile_result result{number, profile_status::failed,
                          static_cast<std::uint32_t>(out.targets.size()), 0};
    if (view.empty()) {
        out.profiles.push_back(result);
        return false;
    }
    left.totals.assign(view.size(), 0);
    for (const auto& s : p.scorers) {
        if (record != nullptr)
            record->scorers.push_back({identity[s.index], s.weight, {}, {}, {}, {}});
        run_scorer(s, context, view, buffers, left,
                   record != nullptr ? &record->scorers.back() : nullptr);
    }
    buffers.picks.clear();
    buffers.turn_of(p.pick.index, context);
    p.pick.role->pick(context, view, left.totals, buffers.picks);
    buffers.laps.lap(extension_point::picker, p.pick.index);
    for (const auto position : buffers.picks) {
        if (position < left.survivors.size()) out.targets.push_back(left.survivors[position]);
    }
    result.status = profile_status::ran;
    result.count = static_cast<std::uint32_t>(out.targets.size()) - result.first;
    out.profiles.push_back(result);
    return true;
}

}  // namespace weir::scheduling
