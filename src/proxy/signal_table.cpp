#include "proxy/signal_table.hpp"

#include "base/lanes.hpp"

namespace weir::proxy {
namespace {

/// Endpoints that are compared before one looks which of them it was.
constexpr std::size_t stride = 32;
/// An age and the time it was read at come from one clock, up to rounding.
constexpr double same_time = 1e-6;

}  // namespace

recorded_signals signal_table::row(std::size_t e) const {
    return {waiting_[e], running_[e], kv_usage_[e], scraped_[e], inflight_[e], inflight_tokens_[e]};
}

void signal_table::set(std::size_t e, const signal_columns& signals, double now) {
    waiting_[e] = signals.waiting[e];
    running_[e] = signals.running[e];
    kv_usage_[e] = signals.kv_usage[e];
    scraped_[e] = now - signals.age_seconds[e];
    inflight_[e] = signals.inflight_requests[e];
    inflight_tokens_[e] = signals.inflight_tokens[e];
}

void signal_table::reset(std::string_view pool, std::uint64_t version,
                         const signal_columns& signals, double now) {
    pool_.assign(pool);
    version_ = version;
    for (auto* column :
         {&waiting_, &running_, &kv_usage_, &scraped_, &inflight_, &inflight_tokens_}) {
        column->resize(signals.size());
    }
    for (std::size_t e = 0; e < signals.size(); ++e) set(e, signals, now);
}

/// 1 in each lane whose endpoint is not what the table says, else what was there.
template <class Lanes>
WEIR_INLINE Lanes signal_table::mark_changed(const signal_columns& read, std::size_t e, double now,
                                             const Lanes& marks) const {
    const auto lanes = [e](const std::vector<double>& column)
                           WEIR_INLINE_BODY { return load_lanes<Lanes>(column.data() + e); };
    const Lanes passed = now - lanes(read.age_seconds) - lanes(scraped_);
    return (lanes(read.waiting) != lanes(waiting_)) | (lanes(read.running) != lanes(running_)) |
                   (lanes(read.kv_usage) != lanes(kv_usage_)) |
                   (lanes(read.inflight_requests) != lanes(inflight_)) |
                   (lanes(read.inflight_tokens) != lanes(inflight_tokens_)) | (passed > same_time) |
                   (passed < -same_time)
               ? Lanes{} + 1.0
               : marks;
}

void signal_table::update(const signal_columns& signals, double now,
                          std::vector<signal_change>& changes) {
    with_widest_lanes([&]<class Lanes>() WEIR_INLINE_BODY {
        constexpr auto width = sizeof(Lanes) / sizeof(double);
        std::size_t e = 0;
        for (; e + stride <= size(); e += stride) {
            Lanes marks{};
            for (std::size_t i = 0; i < stride; i += width)
                marks = mark_changed<Lanes>(signals, e + i, now, marks);
            double marked = 0;
            for (std::size_t i = 0; i < width; ++i) marked += marks[i];
            if (marked != 0) note_changes(signals, e, e + stride, now, changes);
        }
        note_changes(signals, e, size(), now, changes);
    });
}

void signal_table::note_changes(const signal_columns& signals, std::size_t begin, std::size_t end,
                                double now, std::vector<signal_change>& changes) {
    for (auto e = begin; e < end; ++e) {
        if (mark_changed<double>(signals, e, now, 0) == 0) continue;
        changes.push_back({static_cast<std::uint32_t>(e), row(e)});
        set(e, signals, now);
    }
}

void signal_table::copy(std::span<recorded_signals> out) const {
    for (std::size_t e = 0; e < out.size(); ++e) out[e] = row(e);
}

}  // namespace weir::proxy
