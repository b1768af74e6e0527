#include "payload/number_field.hpp"

#include "base/strings.hpp"
#include "payload/json_reader.hpp"

namespace weir::payload {

std::optional<std::int64_t> number_field(std::string_view body, std::string_view key,
                                         json_index& scratch) {
    if (scratch.load(body)) return std::nullopt;
    json_reader reader(scratch);
    std::optional<std::int64_t> out;
    const bool walked = reader.each_member(0, [&](std::string_view name, std::size_t value) {
        if (name == key) out = parse_int(scratch.raw(value));
        return true;
    });
    return walked ? out : std::nullopt;
}

}  // namespace weir::payload
