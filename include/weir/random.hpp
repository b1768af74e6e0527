#pragma once

#include <cstdint>
#include <limits>

namespace weir {

/// SplitMix64 (Steele, Lea, Flood 2014): one multiply-xorshift chain a value; any seed is a good
/// seed. Satisfies UniformRandomBitGenerator. Not shared between threads.
class random_source {
  public:
    using result_type = std::uint64_t;

    explicit random_source(std::uint64_t seed = 0) : state_(seed) {}

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

    result_type operator()() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    /// Uniform in [0, n); n > 0. Multiply-shift; the bias is below n / 2^64.
    std::uint64_t below(std::uint64_t n) {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<wide>((*this)()) * n) >> 64);
    }

    /// Uniform in [0, 1).
    double unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  private:
    std::uint64_t state_;
};

}  // namespace weir
