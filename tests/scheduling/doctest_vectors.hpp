#pragma once

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <vector>

/// Lets a failed check print vectors.
namespace doctest {
template <class T>
struct StringMaker<std::vector<T>> {
    static String convert(const std::vector<T>& values) {
        std::string out = "[";
        for (const auto& v : values) {
            if (out.size() > 1) out += ", ";
            if constexpr (std::is_arithmetic_v<T>) {
                out += std::to_string(v);
            } else if constexpr (std::is_enum_v<T>) {
                out += std::to_string(static_cast<int>(v));
            } else {
                out += v;
            }
        }
        return (out + "]").c_str();
    }
};
}  // namespace doctest
