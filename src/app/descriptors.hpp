#pragma once

#include <cstdint>

namespace weir::app {

/// Before anything is opened: a socket that became descriptor 1 or 2, because the one who started
/// weir had closed them, would get what is meant to be printed. What is written there fails.
void keep_standard_descriptors();

/// Raises the soft limit of open files to the hard one; what it is then.
std::uint64_t raise_descriptor_limit();
/// Makes the kernel's table of descriptors as wide as it may have to be, up to 65,536. To be called
/// while there is one thread: the table of several is widened only after a grace period of the
/// kernel's, and the one that opened the 128th or 256th descriptor stood still for 10 to 20 ms.
void widen_descriptor_table();
/// How many are open now.
std::uint64_t open_descriptors();

/// Client connections that one worker may hold. Each may need a second descriptor, towards an
/// endpoint; scrapes, admin, files and discovery keep theirs, so that an operator can still look
/// when clients have taken the rest.
std::uint32_t connections_per_worker(std::uint64_t limit, std::uint64_t in_use,
                                     std::uint64_t endpoints, unsigned workers);

}  // namespace weir::app
