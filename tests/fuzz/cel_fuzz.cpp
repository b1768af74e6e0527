#include <string>

#include "fuzz_target.hpp"
#include "scheduling/cel_syntax.hpp"

// An expression of a picker configuration. One in brackets is one just as it is without.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // An exact copy, so that a sanitizer sees a read beyond the end.
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto problem = weir::scheduling::cel_problem(text);
    if (!problem.empty()) {
        const auto place = problem.substr(problem.rfind(' ') + 1);
        must(std::stoul(place) <= text.size() + 1);
        return 0;
    }
    // A line end closes a comment.
    const auto inner = weir::scheduling::cel_problem("(" + text + "\n)");
    must(inner.empty() || inner.starts_with("it is nested too deeply"));
    return 0;
}
