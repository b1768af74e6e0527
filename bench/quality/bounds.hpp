#pragma once

#include <memory>
#include <string_view>

#include "policy.hpp"
#include "sim/engine.hpp"

namespace weir::quality {

/// How much better a policy could be at all:
/// - `clairvoyant` sees what each engine has in its cache and has yet to compute, at this very
///   moment, and sends a request where its first token comes earliest. What perfect signals buy.
/// - `one-server` is one engine as fast and as large as all together, its cache shared by
/// everybody,
///   serving in order of arrival. No way to place requests on several engines that serve in order
///   of arrival gets everybody's first token earlier.
/// - `one-server-short-first` is the same engine serving what has the least to compute first: what
///   choosing who waits buys on top.
inline constexpr std::string_view clairvoyant = "clairvoyant";
inline constexpr std::string_view one_server = "one-server";
inline constexpr std::string_view one_server_short_first = "one-server-short-first";

bool is_bound(std::string_view name);
/// `n` engines in one, for the bounds that ask for it.
sim::engine_options merge_engines(sim::engine_options one, std::size_t n, bool short_first);
std::unique_ptr<chooser> make_clairvoyant();

}  // namespace weir::quality
