#pragma once

#include <cstdint>

namespace weir::app {

/// Before anything is opened: a socket that became descriptor 1 or 2, because the one who started
/// weir had closed them, would get what is meant to be printed. What is written there fails.
void keep_standard_descriptors();

/// Raises the soft limit of open files to the hard one; what it is then.
std::uint64_t raise_descriptor_limit();
/// How many are open now.
std::uint64_t open_descriptors();

/// Client connections that one worker may hold. Each may need a second descriptor, towards an
/// endpoint; scrapes, admin, files and discovery keep theirs, so that an operator can still look
/// when clients have taken the rest.
std::uint32_t connections_per_worker(std::uint64_t limit, std::uint64_t in_use,
                                     std::uint64_t endpoints, unsigned workers);

}  // namespace weir::app
