// The first byte is the size of the reads, the rest a metrics page. However it is cut, it says the
// same as in one piece; no sample of it makes a signal that is no number within its bounds.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "datalayer/page_reader.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace weir::datalayer;

struct reading {
    page_verdict verdict = page_verdict::complete;
    page_values values;
};

reading read(std::string_view page, std::size_t step, const extraction_plan& plan,
             page_reader& reader) {
    exposition_parser parser;
    reader.start(plan);
    parser.start(plan.families(), reader);
    for (std::size_t i = 0; i < page.size(); i += step) {
        if (!parser.feed(page.substr(i, step))) break;
    }
    reading out;
    out.verdict = parser.finish(true, false);
    out.values = reader.finish();
    return out;
}

bool is_count(double v) { return std::isfinite(v) && v >= 0 && v == std::trunc(v); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const extraction_plan plan(built_in_engines());
    page_reader whole_reader;
    page_reader cut_reader;
    const std::string_view page(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read(page, std::max<std::size_t>(page.size(), 1), plan, whole_reader);
    const auto cut = read(page, std::size_t{data[0]} + 1, plan, cut_reader);
    const auto& v = whole.values;
    must(is_count(v.waiting) && is_count(v.running));
    must(v.kv_usage >= 0 && v.kv_usage <= 1);
    must(whole.verdict == cut.verdict && v.found == cut.values.found);
    must(v.waiting == cut.values.waiting && v.running == cut.values.running);
    must(v.kv_usage == cut.values.kv_usage && v.lora_running == cut.values.lora_running);
    const auto lora = parse_lora(v.lora_running, v.lora_waiting, v.lora_max);
    must(lora.active.size() <= 1024 && lora.waiting.size() <= 1024);
    return 0;
}
