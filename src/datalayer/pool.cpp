#include "datalayer/pool.hpp"

#include <algorithm>
#include <limits>

namespace weir::datalayer {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t lookahead = 8;  // endpoints whose numbers are fetched before they are needed

/// The columns as plain pointers: the compiler cannot know that writing one moves none of the
/// others.
struct column_pointers {
    explicit column_pointers(signal_columns& c)
        : waiting(c.waiting.data()),
          running(c.running.data()),
          kv_usage(c.kv_usage.data()),
          age_seconds(c.age_seconds.data()),
          staleness_floor(c.staleness_floor.data()),
          block_size(c.block_size.data()),
          block_count(c.block_count.data()),
          inflight_requests(c.inflight_requests.data()),
          inflight_tokens(c.inflight_tokens.data()),
          lora(c.lora.data()) {}

    double* waiting;
    double* running;
    double* kv_usage;
    double* age_seconds;
    double* staleness_floor;
    double* block_size;
    double* block_count;
    double* inflight_requests;
    double* inflight_tokens;
    const lora_state** lora;
};

/// Requests an endpoint may have under way `since` its return, where the others have `mean`: grows
/// with time.
double slow_start_share(duration since, double mean) {
    const double grown = std::chrono::duration<double>(since).count() /
                         std::chrono::duration<double>(slow_start_window).count();
    return 1 + std::max(grown, 0.0) * mean;
}

/// Takes the endpoints out of `candidates` that are being eased in and have their share. Rare: kept
/// out of line.
[[gnu::noinline]] void ease_in(const pool_view& view, time_point now, const signal_columns& columns,
                               std::vector<std::uint32_t>& candidates) {
    double sum = 0;
    std::size_t settled = 0;
    for (const auto i : candidates) {
        if (view.states[i]->returned_ns.load(relaxed) != 0) continue;
        sum += columns.inflight_requests[i];
        ++settled;
    }
    if (settled == 0) return;
    const double mean = sum / static_cast<double>(settled);
    std::erase_if(candidates, [&](std::uint32_t i) {
        const auto returned = view.states[i]->returned_ns.load(relaxed);
        if (returned == 0) return false;
        const auto since = now - from_ns(returned);
        return since < slow_start_window &&
               columns.inflight_requests[i] >= slow_start_share(since, mean);
    });
}

/// The largest of the fresh values; one more where they are all alike, so that the stale ones are
/// worse.
class worst_of {
  public:
    void take(double v) {
        least_ = std::min(least_, v);
        most_ = std::max(most_, v);
    }
    double value() const { return most_ > least_ ? most_ : most_ + 1; }

  private:
    double least_ = std::numeric_limits<double>::infinity();
    double most_ = 0;
};

}  // namespace

std::string_view to_string(endpoint_health h) {
    switch (h) {
        case endpoint_health::ready:
            return "ready";
        case endpoint_health::not_ready:
            return "not_ready";
        case endpoint_health::down:
            return "down";
        case endpoint_health::ejected:
            return "ejected";
        case endpoint_health::draining:
            return "draining";
        case endpoint_health::loading:
            return "loading";
        case endpoint_health::asleep:
            return "asleep";
    }
    return "ready";
}

namespace {

/// The version is read first: what is written meanwhile brings another one.
void read_scraped(const endpoint_state& s, std::size_t i, const column_pointers& to,
                  std::int64_t* updated_ns) {
    to.waiting[i] = s.waiting.load(relaxed);
    to.running[i] = s.running.load(relaxed);
    to.kv_usage[i] = s.kv_usage.load(relaxed);
    updated_ns[i] = s.updated_ns.load(relaxed);
    to.staleness_floor[i] = s.staleness_floor.load(relaxed);
    to.block_size[i] = s.block_size.load(relaxed);
    to.block_count[i] = s.block_count.load(relaxed);
    to.lora[i] = s.lora.load(std::memory_order_acquire);
}

void ages(const std::vector<std::int64_t>& updated_ns, std::int64_t now_ns, double* out) {
    const auto* const from = updated_ns.data();
    for (std::size_t i = 0, n = updated_ns.size(); i < n; ++i) {
        const double age = static_cast<double>(now_ns - from[i]) * 1e-9;
        out[i] = from[i] == 0 ? std::numeric_limits<double>::infinity() : age;
    }
}

}  // namespace

void pool_view::read(time_point now, signal_columns& out,
                     std::vector<std::uint32_t>& candidates) const {
    read_memory nothing;
    read(now, out, candidates, nothing);
}

void pool_view::prepare(signal_columns& out, read_memory& known) const {
    const std::size_t n = states.size();
    const bool fits = out.size() == n && out.lora.size() == n;
    if (fits && known.view_ == version && known.seen_.size() == n) return;
    if (!fits) out.reset(n);
    known.view_ = version;
    known.seen_.assign(n, 0);
    known.updated_ns_.assign(n, 0);
}

void pool_view::read(time_point now, signal_columns& out, std::vector<std::uint32_t>& candidates,
                     read_memory& known) const {
    const std::size_t n = states.size();
    prepare(out, known);
    candidates.resize(n);
    const auto* const from = states.data();
    auto* const ready_list = candidates.data();
    auto* const seen = known.seen_.data();
    const column_pointers to(out);
    std::size_t ready = 0;
    std::int64_t returning = 0;
    for (std::size_t i = 0; i < n; ++i) {
        __builtin_prefetch(&from[std::min(i + lookahead, n - 1)]->inflight_requests);
        const endpoint_state& s = *from[i];
        const auto scraped = s.scraped_version.load(std::memory_order_acquire);
        if (seen[i] != scraped) {
            seen[i] = scraped;
            read_scraped(s, i, to, known.updated_ns_.data());
        }
        to.inflight_requests[i] = static_cast<double>(s.inflight_requests.load(relaxed));
        to.inflight_tokens[i] = static_cast<double>(s.inflight_tokens.load(relaxed));
        returning |= s.returned_ns.load(relaxed);
        ready_list[ready] = static_cast<std::uint32_t>(i);
        ready += s.health.load(relaxed) == endpoint_health::ready ? 1U : 0U;
    }
    ages(known.updated_ns_, to_ns(now), to.age_seconds);
    candidates.resize(ready);
    if (attribute_keys.size() + out.attributes.size() != 0) read_attributes(out);
    if (returning != 0) ease_in(*this, now, out, candidates);
}

bool distrust_stale(signal_columns& signals, std::span<const std::uint32_t> candidates,
                    double limit) {
    const auto stale = [&](std::uint32_t i) {
        return signals.age_seconds[i] > std::max({limit, trusted_age, signals.staleness_floor[i]});
    };
    const auto count = std::count_if(candidates.begin(), candidates.end(), stale);
    if (count == 0) return false;
    if (static_cast<std::size_t>(count) == candidates.size()) {
        for (const auto i : candidates) {
            signals.waiting[i] = signals.running[i] = signals.inflight_requests[i];
            signals.kv_usage[i] = 0;
        }
        return true;
    }
    worst_of waiting;
    worst_of running;
    for (const auto i : candidates) {
        if (stale(i)) continue;
        waiting.take(signals.waiting[i]);
        running.take(signals.running[i]);
    }
    for (const auto i : candidates) {
        if (!stale(i)) continue;
        signals.waiting[i] = waiting.value();
        signals.running[i] = running.value();
        signals.kv_usage[i] = 1;
    }
    return true;
}

void pool_view::read_attributes(signal_columns& out) const {
    out.attributes.resize(attribute_keys.size());
    for (std::size_t a = 0; a < attribute_keys.size(); ++a) {
        auto& column = out.attributes[a];
        if (column.key != attribute_keys[a]) column.key = attribute_keys[a];
        column.values.resize(states.size());
        for (std::size_t i = 0; i < states.size(); ++i)
            column.values[i] = states[i]->attributes.values[a].load(relaxed);
    }
}

}  // namespace weir::datalayer
