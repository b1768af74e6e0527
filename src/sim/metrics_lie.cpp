#include "sim/metrics_lie.hpp"

#include <string>
#include <string_view>

#include "base/strings.hpp"

namespace weir::sim {
namespace {

/// Replaces every sample value of the page by `value`.
std::string poison(const std::string& page, std::string_view value) {
    std::string out;
    for (const auto line : split(page, '\n')) {
        const auto space = line.rfind(' ');
        if (line.empty() || line.front() == '#' || space == std::string_view::npos) {
            out += line;
        } else {
            out.append(line.substr(0, space + 1)).append(value);
        }
        out += '\n';
    }
    out.pop_back();
    return out;
}

/// The page without the families a router reads.
std::string without_signals(const std::string& page) {
    std::string out;
    for (const auto line : split(page, '\n')) {
        const bool signal = line.find("_requests_") != std::string_view::npos ||
                            line.find("_reqs") != std::string_view::npos ||
                            line.find("usage") != std::string_view::npos ||
                            line.find("utilization") != std::string_view::npos ||
                            line.find(":requests_") != std::string_view::npos ||
                            line.find("tgi_") != std::string_view::npos;
        if (!signal && !line.empty()) out.append(line).append("\n");
    }
    return out;
}

}  // namespace

plain_answer lie(plain_answer page, const server_faults& f) {
    switch (f.metrics) {
        case metrics_fault::status:
            page.status = f.metrics_status;
            page.body = "injected fault\n";
            break;
        case metrics_fault::garbage:
            page.body = std::string(
                "\x00\xff\xfe{{{ }} 12 = \"\n# TYPE\nvllm:num_requests_waiting{engine=\"0 9\n", 61);
            break;
        case metrics_fault::html:
            page.content_type = "text/html";
            page.body = "<html><body><h1>It works!</h1></body></html>\n";
            break;
        case metrics_fault::empty:
            page.body.clear();
            break;
        case metrics_fault::nan:
            page.body = poison(page.body, "NaN");
            break;
        case metrics_fault::infinite:
            page.body = poison(page.body, "+Inf");
            break;
        case metrics_fault::negative:
            page.body = poison(page.body, "-1.0");
            break;
        case metrics_fault::missing:
            page.body = without_signals(page.body);
            break;
        case metrics_fault::truncated:
            page.body.resize(page.body.size() / 2);
            break;
        case metrics_fault::none:
        case metrics_fault::frozen:
        case metrics_fault::huge:
        case metrics_fault::slow:
        case metrics_fault::hang:
        case metrics_fault::reset:
            break;
    }
    return page;
}

}  // namespace weir::sim
