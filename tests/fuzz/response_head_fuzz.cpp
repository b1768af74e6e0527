// The first byte is the size of the reads, the rest what an endpoint sends. However it is cut, a
// head is the same head or refused, and says at most one thing about where its body ends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/strings.hpp"
#include "fuzz_target.hpp"
#include "http/head.hpp"

namespace {

using namespace weir::http;
using kind = head_outcome::kind;

head_outcome in_pieces(const std::string& text, std::size_t step, std::string_view method) {
    response_head head;
    head_outcome out;
    std::size_t scanned = 0;
    for (std::size_t at = 0; at < text.size() && out.what == kind::incomplete;) {
        at = std::min(at + step, text.size());
        const std::string part = text.substr(0, at);
        out = parse_response(part, scanned, method, head);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 128 * 1024) return 0;
    const std::size_t step = std::max<std::size_t>(1, data[0]);
    const std::string_view method = data[0] % 2 == 0 ? "POST" : "HEAD";
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    response_head head;
    std::size_t scanned = 0;
    const auto whole = parse_response(text, scanned, method, head);
    const auto cut = in_pieces(text, step, method);
    must(text.empty() || cut.what == whole.what);
    if (whole.what != kind::complete) return 0;
    must(cut.consumed == whole.consumed && whole.consumed <= text.size());
    must(head.status >= 100 && head.status <= 999);
    must(method != "HEAD" || head.body == framing::none);
    int lengths = 0;
    int codings = 0;
    for (const auto& [name, value] : head.fields) {
        must(is_token(name) && value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
        lengths += weir::iequals(name, "content-length") ? 1 : 0;
        codings += weir::iequals(name, "transfer-encoding") ? 1 : 0;
    }
    must(lengths + codings <= 1);
    must(head.body != framing::until_close || !head.keep_alive);
    return 0;
}
