#include "payload/models.hpp"

#include <unordered_set>

#include "payload/go_json.hpp"
#include "payload/json_reader.hpp"

namespace weir::payload {
namespace {

bool read_text(json_reader& reader, std::size_t token, std::string& out) {
    if (!reader.is_string(token)) return true;
    byte_buffer spare;
    const auto text = reader.exact_text(token, spare);
    if (text) out = *text;
    return text.has_value();
}

bool read_texts(json_reader& reader, std::size_t token, std::vector<std::string>& out) {
    if (!reader.is_array(token)) return true;
    return reader.each_element(token, [&](std::size_t element) {
        std::string text;
        if (!read_text(reader, element, text)) return false;
        if (!text.empty()) out.push_back(std::move(text));
        return true;
    });
}

bool read_card(json_reader& reader, std::size_t token, model_card& out) {
    // What is repeated to clients must be sound all through: printing it visits every value.
    go_json walk;
    byte_buffer printed;
    if (!walk.append(reader, token, printed)) return false;
    out.raw = reader.index().raw(token);
    return reader.each_member(token, [&](std::string_view name, std::size_t value) {
        if (name == "id") return read_text(reader, value, out.id);
        if (name == "owned_by") return read_text(reader, value, out.owned_by);
        if (name == "root") return read_text(reader, value, out.root);
        if (name == "parent") return read_text(reader, value, out.parent);
        if (name == "aliases") return read_texts(reader, value, out.aliases);
        return true;
    });
}

}  // namespace

std::optional<std::vector<model_card>> parse_models(std::string_view body, json_index& scratch) {
    if (scratch.load(body)) return std::nullopt;
    json_reader reader(scratch);
    std::size_t data = 0;
    const bool walked = reader.each_member(0, [&](std::string_view name, std::size_t value) {
        if (name == "data") data = value;
        return true;
    });
    if (!walked || data == 0) return std::nullopt;
    std::vector<model_card> out;
    // Ollama without a model answers null.
    if (reader.is_null(data)) return out;
    if (!reader.is_array(data)) return std::nullopt;
    const bool read = reader.each_element(data, [&](std::size_t element) {
        if (!reader.is_object(element)) return reader.check(element);
        model_card card;
        if (!read_card(reader, element, card)) return false;
        if (!card.id.empty()) out.push_back(std::move(card));
        return true;
    });
    if (!read) return std::nullopt;
    return out;
}

std::string merge_models(std::span<const std::vector<model_card>> lists) {
    std::string out = R"({"object":"list","data":[)";
    std::unordered_set<std::string_view> seen;
    for (const auto& list : lists) {
        for (const auto& card : list) {
            if (!seen.insert(card.id).second) continue;
            if (seen.size() > 1) out += ',';
            out += card.raw;
        }
    }
    out += "]}";
    return out;
}

}  // namespace weir::payload
