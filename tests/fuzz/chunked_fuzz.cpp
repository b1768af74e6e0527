// The first byte is the size of the reads, the rest a chunked body. However it is cut, the same
// bytes come out, and the same place is its end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz_target.hpp"
#include "http/chunked.hpp"

namespace {

struct reading {
    std::string body;
    std::size_t consumed = 0;
    bool done = false;
    bool failed = false;
};

reading decode(const std::string& text, std::size_t step) {
    weir::http::chunk_decoder decoder;
    reading out;
    while (out.consumed < text.size() && !out.done && !out.failed) {
        // A copy of the piece alone: decoding is in place.
        std::string piece = text.substr(out.consumed, step);
        const auto portion = decoder.decode(piece.data(), piece.size());
        must(portion.body <= portion.consumed && portion.consumed <= piece.size());
        must(portion.consumed == piece.size() || portion.done || portion.error != nullptr);
        out.body.append(piece, 0, portion.body);
        out.consumed += portion.consumed;
        out.done = portion.done;
        out.failed = portion.error != nullptr;
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = std::max<std::size_t>(1, data[0]);
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = decode(text, text.size() + 1);
    const auto cut = decode(text, step);
    must(whole.body == cut.body && whole.consumed == cut.consumed);
    must(whole.done == cut.done && whole.failed == cut.failed);
    return 0;
}
