#pragma once

#include <cstddef>
#include <cstdint>

/// The entry point of a fuzz target, as libFuzzer calls it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Stops a fuzz target where a promise is broken.
inline void must(bool holds) {
    if (!holds) __builtin_trap();
}
