#include "base/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace weir {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string encode_base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto rest = bytes.size() - i;
        std::uint32_t v = 0;
        for (std::size_t j = 0; j < 3; ++j)
            v = v << 8 | (j < rest ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            out += j <= rest ? alphabet[v >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

}  // namespace weir
