#pragma once

#include <cstddef>
#include <cstring>

namespace weir {

// Vector types are passed in registers only between functions of one target; all of these are
// inlined, and nothing is passed.
#pragma GCC diagnostic ignored "-Wpsabi"

#define WEIR_INLINE_BODY __attribute__((always_inline))  ///< behind a lambda's parameters
#define WEIR_INLINE inline WEIR_INLINE_BODY

/// Numbers that are reckoned with in one instruction. Operators and `?:` work number by number.
using two_lanes = double __attribute__((vector_size(16)));
using four_lanes = double __attribute__((vector_size(32)));

template <class Lanes>
WEIR_INLINE Lanes load_lanes(const double* from) {
    Lanes out;
    std::memcpy(&out, from, sizeof out);
    return out;
}

template <class Lanes>
WEIR_INLINE void store_lanes(double* to, const Lanes& from) {
    std::memcpy(to, &from, sizeof from);
}

/// Positions 0 to n - 1, `Lanes` at a time, and what is left over one at a time.
template <class Lanes, class Walk>
WEIR_INLINE void walk_lanes(std::size_t n, const Walk& walk) {
    constexpr std::size_t width = sizeof(Lanes) / sizeof(double);
    std::size_t i = 0;
    for (; i + width <= n; i += width) walk.template operator()<Lanes>(i);
    for (; i < n; ++i) walk.template operator()<double>(i);
}

#if defined(__x86_64__)

inline const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;

template <class Body>
__attribute__((target("avx2"))) void with_four_lanes(const Body& body) {
    body.template operator()<four_lanes>();
}

/// Calls `body.operator()<Lanes>()`, `Lanes` being the most that the processor reckons with at
/// once. No multiplication is fused with an addition: the result is the same bits on every machine.
/// `body` and what it calls must be WEIR_INLINE.
template <class Body>
void with_widest_lanes(const Body& body) {
    if (has_avx2) {
        with_four_lanes(body);
    } else {
        body.template operator()<two_lanes>();
    }
}

#else

template <class Body>
void with_widest_lanes(const Body& body) {
    body.template operator()<two_lanes>();
}

#endif

}  // namespace weir
