#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/signals.hpp"

namespace weir::proxy {

/// What a decision read about one endpoint.
struct recorded_signals {
    double waiting = 0;
    double running = 0;
    double kv_usage = 0;
    double scraped = 0;  ///< seconds of the steady clock; -inf: never
    double inflight = 0;
    double inflight_tokens = 0;
};

/// What one endpoint's signals were before a decision read them anew.
struct signal_change {
    std::uint32_t endpoint = 0;
    recorded_signals before;
};

/// The signals of a large pool as the newest decision read them. From one decision to the next only
/// few of a thousand endpoints change: a decision keeps what they were before, so that the table as
/// any earlier one saw it comes back by undoing the later ones.
class signal_table {
  public:
    /// Whether it is about that list of endpoints.
    bool is_about(std::string_view pool, std::uint64_t version, std::size_t endpoints) const {
        return version == version_ && endpoints == waiting_.size() && pool == pool_;
    }
    bool empty() const { return waiting_.empty(); }
    std::size_t size() const { return waiting_.size(); }

    /// Starts over with another list.
    void reset(std::string_view pool, std::uint64_t version, const signal_columns& signals,
               double now);
    /// Takes over what `signals` say and appends what was there before to `changes`.
    void update(const signal_columns& signals, double now, std::vector<signal_change>& changes);
    /// All rows, into room for as many.
    void copy(std::span<recorded_signals> out) const;

  private:
    recorded_signals row(std::size_t e) const;
    void set(std::size_t e, const signal_columns& signals, double now);
    template <class Lanes>
    Lanes mark_changed(const signal_columns& read, std::size_t e, double now,
                       const Lanes& marks) const;
    void note_changes(const signal_columns& signals, std::size_t begin, std::size_t end, double now,
                      std::vector<signal_change>& changes);

    std::string pool_;
    std::uint64_t version_ = 0;
    // One column a signal, so that comparing is a straight walk.
    std::vector<double> waiting_, running_, kv_usage_, scraped_, inflight_, inflight_tokens_;
};

}  // namespace weir::proxy
