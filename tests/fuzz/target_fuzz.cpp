#include <string>
#include <string_view>

#include "base/strings.hpp"
#include "fuzz_target.hpp"
#include "gateway/path.hpp"
#include "gateway/query.hpp"

// A request target: what comes first of its query, and its path as it is matched and forwarded. A
// path that was let through means the same to whoever reads it next: it is its own normal form.
namespace {

using namespace weir::gateway;

bool is_dot(std::string_view& s) {
    if (s.starts_with('.')) {
        s.remove_prefix(1);
        return true;
    }
    if (s.size() < 3 || !weir::iequals(s.substr(0, 3), "%2e")) return false;
    s.remove_prefix(3);
    return true;
}

bool is_dot_segment(std::string_view s) {
    return is_dot(s) && (s.empty() || (is_dot(s) && s.empty()));
}

void check_normal(std::string_view path) {
    must(path.starts_with('/') && path.find("//") == std::string_view::npos);
    for (auto rest = path.substr(1);;) {
        const auto slash = rest.find('/');
        must(!is_dot_segment(rest.substr(0, slash)));
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    std::string scratch;
    const auto again = normalise_path(path, scratch);
    must(again == path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // An exact copy, so that a sanitizer sees a read beyond the end.
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto parts = split_target(text);
    must(parts.path.size() + parts.query.size() + (parts.has_query ? 1 : 0) == text.size());
    must(parts.path.find('?') == std::string_view::npos);
    std::string scratch;
    if (const auto path = normalise_path(parts.path, scratch)) {
        must(path->size() <= parts.path.size());
        check_normal(*path);
    }
    must(decode_path(parts.path).size() <= parts.path.size());
    const auto name = parts.query.substr(0, parts.query.find_first_of("=&"));
    must(name.empty() || query_parameter(parts.query, decode_query(name)).has_value());
    return 0;
}
