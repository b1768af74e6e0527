#pragma once

#include <span>
#include <string>

#include "base/json.hpp"
#include "scheduling/scheduler.hpp"
#include "weir/endpoint.hpp"
#include "weir/signals.hpp"

/// A decision with every verdict, for people and for programs. Pure.
namespace weir::admin {

/// A table a profile: what filters dropped and, for each candidate, the signals that were read
/// (where given), every scorer's raw value times its weight, and the total; the pick is marked with
/// `>`. Plain text, 7-bit.
std::string render_explanation(const scheduling::explanation& what,
                               std::span<const endpoint> endpoints,
                               const signal_columns* signals = nullptr);

/// In one line, how the pick's total stood to those of the other survivors.
std::string render_margin(double picked, std::span<const double> others);

/// The same of a decision's first target; empty when there is none.
std::string render_pick(const scheduling::explanation& what, std::span<const endpoint> endpoints);

/// The members `profiles` and `decision`, into an object that is open.
void write_explanation(json_writer& w, const scheduling::explanation& what,
                       std::span<const endpoint> endpoints);

/// The word of a decision_error: `none`, `filters_empty`, ….
std::string_view to_string(decision_error e);

}  // namespace weir::admin
