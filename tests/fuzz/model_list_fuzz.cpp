// An answer to GET /v1/models. What is taken from it can be read again after it was merged.
#include <algorithm>
#include <array>
#include <string_view>

#include "fuzz_target.hpp"
#include "payload/models.hpp"
#include "payload/number_field.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::payload;
    json_index scratch;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    number_field(body, "total_slots", scratch);
    const auto cards = parse_models(body, scratch);
    if (!cards) return 0;
    const std::array lists = {*cards, *cards};
    const auto merged = merge_models(lists);
    const auto again = parse_models(merged, scratch);
    must(again.has_value() && again->size() <= cards->size());
    for (const auto& card : *again) {
        must(std::any_of(cards->begin(), cards->end(),
                         [&](const auto& c) { return c.id == card.id && c.raw == card.raw; }));
    }
    return 0;
}
