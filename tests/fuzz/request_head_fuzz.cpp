// The first byte is the size of the reads, the rest what a client sends. However it is cut, a head
// is the same head or refused; and what is let through has nothing in it that two parsers could
// read differently.
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

bool is_clean(std::string_view s) {
    return std::none_of(s.begin(), s.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return (u < 0x20 && c != '\t') || u == 0x7F;
    });
}

void check_head(const request_head& head, std::string_view text) {
    const auto inside = [&](std::string_view v) {
        must(v.empty() ||
             (v.data() >= text.data() && v.data() + v.size() <= text.data() + text.size()));
    };
    inside(head.method);
    // An absolute-form target without path and query is served as "/", which the text does not
    // have.
    if (head.target != "/") inside(head.target);
    inside(head.host);
    must(is_token(head.method) && !head.target.empty() && is_clean(head.target));
    must(head.target.front() == '/' || head.target.front() == '?' || head.target == "*");
    must(head.target.find_first_of(" \t#\\") == std::string_view::npos);
    int lengths = 0;
    int codings = 0;
    int hosts = 0;
    for (const auto& [name, value] : head.fields) {
        inside(name);
        inside(value);
        must(is_token(name) && is_clean(value));
        lengths += weir::iequals(name, "content-length") ? 1 : 0;
        codings += weir::iequals(name, "transfer-encoding") ? 1 : 0;
        hosts += weir::iequals(name, "host") ? 1 : 0;
    }
    must(lengths + codings <= 1 && hosts <= 1 && head.fields.size() <= head_limits{}.fields);
    must((head.body == framing::chunked) == (codings == 1));
    must(head.body != framing::length || lengths == 1);
    must(head.version_minor == 0 || hosts == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 128 * 1024) return 0;
    const std::size_t step = std::max<std::size_t>(1, data[0]);
    // An exact copy, so that a sanitizer sees a read beyond the end.
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    request_head head;
    std::size_t scanned = 0;
    const auto whole = parse_request(text, scanned, {}, head);
    if (whole.what == kind::complete) {
        must(whole.consumed <= text.size());
        check_head(head, text);
    }
    request_head again;
    std::size_t at = 0;
    scanned = 0;
    head_outcome cut;
    while (at < text.size() && cut.what == kind::incomplete) {
        at = std::min(at + step, text.size());
        const std::string part = text.substr(0, at);
        cut = parse_request(part, scanned, {}, again);
    }
    must(cut.what == whole.what);
    must(cut.what != kind::complete || cut.consumed == whole.consumed);
    return 0;
}
