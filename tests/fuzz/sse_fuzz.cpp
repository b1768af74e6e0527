// The first byte is the size of the reads, the rest a response body, taken as a stream and as JSON.
// However it is cut, the readers say the same as when it comes in one piece, and the restorer
// passes the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz_target.hpp"
#include "payload/model_restorer.hpp"
#include "payload/models.hpp"
#include "payload/usage.hpp"

namespace {

using namespace weir::payload;

template <class F>
void in_pieces(std::string_view text, std::size_t step, F feed) {
    for (std::size_t i = 0; i < text.size(); i += step) feed(text.substr(i, step));
}

std::string restored(answer_kind kind, std::string_view text, std::size_t step,
                     json_index& scratch) {
    model_restorer restorer(kind, "client", scratch);
    std::string out;
    in_pieces(text, step, [&](std::string_view bytes) { restorer.feed(bytes, out); });
    restorer.finish(out);
    return out;
}

struct reading {
    token_usage usage;
    bool boundary = false;
};

reading read(answer_kind kind, std::string_view text, std::size_t step, json_index& scratch) {
    usage_reader reader(kind, scratch);
    in_pieces(text, step, [&](std::string_view bytes) { reader.feed(bytes); });
    const bool boundary = reader.at_boundary();
    reader.finish();
    return {reader.usage(), boundary};
}

void check(answer_kind kind, std::string_view text, std::size_t step, json_index& scratch) {
    const auto whole = read(kind, text, text.size() + 1, scratch);
    const auto cut = read(kind, text, step, scratch);
    must(whole.usage.present == cut.usage.present && whole.usage.total == cut.usage.total);
    must(whole.usage.prompt == cut.usage.prompt && whole.usage.completion == cut.usage.completion);
    must(whole.boundary == cut.boundary);
    must(whole.usage.prompt >= 0 && whole.usage.completion >= 0 && whole.usage.total >= 0);
    must(restored(kind, text, text.size() + 1, scratch) == restored(kind, text, step, scratch));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Beyond the window of an event the size of the reads may show.
    if (size == 0 || size > usage_reader::window) return 0;
    const std::size_t step = std::max<std::size_t>(1, data[0]);
    // An exact copy, so that a sanitizer sees a read beyond the end.
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    json_index scratch;
    check(answer_kind::sse, text, step, scratch);
    check(answer_kind::json, text, step, scratch);
    must(!text.empty() || restored(answer_kind::sse, text, 1, scratch).empty());
    must(read(answer_kind::sse, text, step, scratch).boundary == ends_event(text));
    if (const auto cards = parse_models(text, scratch)) {
        const std::vector<std::vector<model_card>> lists{*cards};
        const auto again = parse_models(merge_models(lists), scratch);
        must(again && again->size() <= cards->size());
    }
    return 0;
}
