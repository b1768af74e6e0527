#include "payload/prompt_builder.hpp"

#include "payload/media.hpp"

namespace weir::payload {
namespace {

// Memory kept from one request to the next.
constexpr std::size_t kept_bytes = std::size_t{4} << 20;

// A few bytes of JSON can claim thousands of placeholder tokens. No context is longer than this,
// and beyond it an asset counts one token, so a hostile body cannot make the stream much longer
// than itself.
constexpr std::size_t max_placeholders = std::size_t{1} << 20;

constexpr std::size_t max_token_id = 0xFFFFFFFF;

void put_id(char* out, std::uint32_t id) {
    out[0] = static_cast<char>(id & 0xFF);
    out[1] = static_cast<char>(id >> 8 & 0xFF);
    out[2] = static_cast<char>(id >> 16 & 0xFF);
    out[3] = static_cast<char>(id >> 24 & 0xFF);
}

// The digits at `from`; nothing for anything but a plain number that fits. Something other than a
// digit must follow.
std::optional<std::uint32_t> plain_id(const char* from) {
    const char* at = from;
    std::uint64_t value = 0;
    while (*at >= '0' && *at <= '9' && at - from < 11) {
        value = value * 10 + static_cast<std::uint64_t>(*at - '0');
        ++at;
    }
    const bool ends =
        *at == ',' || *at == ']' || *at == ' ' || *at == '\n' || *at == '\r' || *at == '\t';
    const bool zeros = *from == '0' && at - from > 1;
    if (at == from || !ends || zeros || value > max_token_id) return std::nullopt;
    return static_cast<std::uint32_t>(value);
}

}  // namespace

std::optional<refusal> prompt_builder::build(api_kind api, const prompt_fields& fields,
                                             json_reader& reader, const media_counts& counts) {
    reader_ = &reader;
    counts_ = &counts;
    pieces_.clear();
    media_.clear();
    problem_.reset();
    placeholders_left_ = max_placeholders;
    if (!dispatch(api, fields)) {
        pieces_.clear();
        media_.clear();
    }
    return std::move(problem_);
}

void prompt_builder::finish(std::vector<prompt>& out) const {
    for (const auto& p : pieces_) {
        out.push_back(
            {p.data != nullptr ? std::string_view(p.data, p.size) : out_.view(p.offset, p.size)});
    }
}

void prompt_builder::reset() {
    pieces_.clear();
    if (pieces_.capacity() * sizeof(piece) > kept_bytes) pieces_.shrink_to_fit();
    media_.clear();
    if (media_.capacity() * sizeof(media_item) > kept_bytes) media_.shrink_to_fit();
    out_.trim(kept_bytes);
    spare_.trim(kept_bytes);
    other_spare_.trim(kept_bytes);
    go_json_.trim(kept_bytes);
}

bool prompt_builder::dispatch(api_kind api, const prompt_fields& fields) {
    switch (api) {
        case api_kind::completions:
            return completions(fields);
        case api_kind::chat_completions:
            return chat(fields);
        case api_kind::embeddings:
            return embeddings(fields);
        case api_kind::responses:
            return responses(fields);
        case api_kind::conversations:
            return conversations(fields);
        case api_kind::images:
            return images(fields);
        case api_kind::messages:
        case api_kind::count_tokens:
            return anthropic(fields);
        case api_kind::vllm_generate:
            return vllm_generate(fields);
        case api_kind::sglang_generate:
            return sglang_generate(fields);
        case api_kind::other:
            break;
    }
    return true;
}

bool prompt_builder::problem(std::string message, std::string_view field) {
    if (!problem_ && !reader_->failure()) {
        problem_ = refusal{400, std::move(message), "bad-request", field};
    }
    return false;
}

bool prompt_builder::missing() {
    if (!reader_->failure()) {
        problem_ = refusal{400, "prompt not found in request", "prompt-not-found", "prompt"};
    }
    return false;
}

bool prompt_builder::completions(const prompt_fields& fields) {
    if (!present(fields.prompt)) return present(fields.embeds) || missing();
    return text_or_list(fields.prompt, "prompt");
}

bool prompt_builder::images(const prompt_fields& fields) {
    if (!present(fields.prompt)) return missing();
    if (!reader_->check(fields.prompt)) return false;
    if (!reader_->is_string(fields.prompt)) return problem("prompt is not a string", "prompt");
    if (reader_->inside(fields.prompt).empty()) return problem("prompt is empty", "prompt");
    return add_text(fields.prompt);
}

bool prompt_builder::embeddings(const prompt_fields& fields) {
    // vLLM takes a conversation in place of an input.
    if (!present(fields.input)) return present(fields.messages) ? chat(fields) : missing();
    if (!check_list(fields.input, "input")) return false;
    const bool text = reader_->is_string(fields.input) || reader_->is_string(fields.input + 1);
    return text ? embedding_text(fields.input) : add_ids_or_lists(fields.input, "input");
}

bool prompt_builder::embedding_text(std::size_t token) {
    // The picker serialises its own three-field struct here, not the client's value.
    const auto begin = out_.size();
    const bool list = reader_->is_array(token);
    if (list && !check_strings(token, "input")) return false;
    out_.append(list ? R"({"Raw":"","Strings":)" : R"({"Raw":)");
    if (!go_json_.append(*reader_, token, out_)) return false;
    out_.append(list ? R"(,"TokenIDs":null})" : R"(,"Strings":null,"TokenIDs":null})");
    close_piece(begin);
    return true;
}

bool prompt_builder::responses(const prompt_fields& fields) {
    if (!present(fields.input)) return missing();
    if (!reader_->check(fields.input)) return false;
    if (!reader_->is_string(fields.input) && !reader_->is_array(fields.input)) {
        return problem("input is not a string or a list", "input");
    }
    const auto begin = out_.size();
    out_.append('[');
    if (present(fields.instructions) && !wrapped("instructions", fields.instructions)) return false;
    if (present(fields.tools) && !wrapped("tools", fields.tools)) return false;
    if (!wrapped("input", fields.input)) return false;
    out_.append(']');
    close_piece(begin);
    return true;
}

bool prompt_builder::wrapped(std::string_view key, std::size_t token) {
    if (out_.view(out_.size() - 1, 1) != "[") out_.append(',');
    out_.append("{\"");
    out_.append(key);
    out_.append("\":");
    const bool ok = go_json_.append(*reader_, token, out_);
    out_.append('}');
    return ok;
}

bool prompt_builder::conversations(const prompt_fields& fields) {
    if (!present(fields.items)) return missing();
    if (!reader_->check(fields.items)) return false;
    if (!reader_->is_array(fields.items)) return problem("items is not a list", "items");
    if (reader_->index().close(fields.items) == fields.items + 1)
        return problem("items is empty", "items");
    const auto begin = out_.size();
    if (!go_json_.append(*reader_, fields.items, out_)) return false;
    close_piece(begin);
    return true;
}

bool prompt_builder::vllm_generate(const prompt_fields& fields) {
    const auto token = fields.token_ids;
    if (!present(token)) return missing();
    if (!reader_->check(token)) return false;
    if (!reader_->is_array(token))
        return problem("token_ids is not a list of token ids", "token_ids");
    if (reader_->index().close(token) == token + 1) {
        return problem("invalid generate request: must have non-empty token_ids field",
                       "token_ids");
    }
    switch (add_ids(token)) {
        case id_list::good:
            return true;
        case id_list::not_ids:
            return problem("invalid generate request: token_ids[" + std::to_string(bad_id_.at) +
                               "]: invalid value " +
                               std::string(reader_->index().raw(bad_id_.token).substr(0, 40)),
                           "token_ids");
        case id_list::malformed:
            break;
    }
    return false;
}

bool prompt_builder::sglang_generate(const prompt_fields& fields) {
    const auto ids = fields.input_ids;
    if (!present(ids)) {
        if (present(fields.text)) return text_or_list(fields.text, "text");
        return present(fields.embeds) || missing();
    }
    // The reference's own words, prefixes included.
    constexpr std::string_view prefix = "invalid generate request: input_ids ";
    if (present(fields.extra_key) && !reader_->is_string(fields.extra_key)) {
        return problem("unsupported generate request: extra_key must be a string", "extra_key");
    }
    if (!reader_->check(ids)) return false;
    const bool list = reader_->is_array(ids);
    if (list && reader_->index().close(ids) == ids + 1) {
        return problem(std::string(prefix) + "cannot be empty", "input_ids");
    }
    // A batch is a list of lists.
    if (list && reader_->is_array(ids + 1)) return add_ids_or_lists(ids, "input_ids");
    const auto outcome = list ? add_ids(ids) : id_list::not_ids;
    if (outcome == id_list::not_ids) {
        return problem(std::string(prefix) + "must be an array of uint32 integers", "input_ids");
    }
    return outcome == id_list::good;
}

// Whether the value is a text, or a list that starts like one of texts or token ids; neither may be
// empty.
bool prompt_builder::check_list(std::size_t token, std::string_view field) {
    const std::string name(field);
    if (!reader_->check(token)) return false;
    if (reader_->is_string(token)) {
        return !reader_->inside(token).empty() || problem(name + " is empty", field);
    }
    if (!reader_->is_array(token)) return problem(name + " is not a string", field);
    const auto first = token + 1;
    if (reader_->index().close(token) == first) return problem(name + " is empty", field);
    if (reader_->is_string(first) || reader_->is_array(first) || reader_->is_number(first))
        return true;
    return reader_->check(first) && problem(name + " is not a list of strings or token ids", field);
}

bool prompt_builder::check_strings(std::size_t token, std::string_view field) {
    return reader_->each_element(token, [&](std::size_t element) {
        if (reader_->is_string(element)) return true;
        return reader_->check(element) &&
               problem(std::string(field) + " is not a list of strings or token ids", field);
    });
}

bool prompt_builder::text_or_list(std::size_t token, std::string_view field) {
    if (!check_list(token, field)) return false;
    if (reader_->is_string(token)) return add_text(token);
    if (!reader_->is_string(token + 1)) return add_ids_or_lists(token, field);
    return check_strings(token, field) &&
           reader_->each_element(token, [&](std::size_t element) { return add_text(element); });
}

bool prompt_builder::add_text(std::size_t token) {
    const auto raw = reader_->inside(token);
    if (!has_escape(raw)) {
        pieces_.push_back({raw.data(), 0, raw.size()});
        return true;
    }
    const auto begin = out_.size();
    if (!reader_->append_text(token, out_)) return false;
    close_piece(begin);
    return true;
}

prompt_builder::id_list prompt_builder::add_ids(std::size_t token) {
    const auto& index = reader_->index();
    const auto begin = out_.size();
    char* out = out_.room((index.close(token) - token + 1) / 2 * 4);
    bool ids = true;
    const bool walked = reader_->each_element(token, [&](std::size_t element) {
        auto id = plain_id(index.text().data() + index.position(element));
        if (!id) {
            const auto whole = reader_->whole(element);
            ids = whole && *whole >= 0 && static_cast<std::uint64_t>(*whole) <= max_token_id;
            if (!ids) {
                bad_id_ = {element, (out_.size() - begin) / 4};
                return reader_->check(element) && false;
            }
            id = static_cast<std::uint32_t>(*whole);
        }
        put_id(out, *id);
        out += 4;
        out_.commit(4);
        return true;
    });
    if (reader_->failure()) return id_list::malformed;
    if (!walked || !ids) return id_list::not_ids;
    close_piece(begin);
    return id_list::good;
}

bool prompt_builder::add_ids_or_lists(std::size_t token, std::string_view field) {
    const auto add = [&](std::size_t list) {
        if (reader_->is_array(list) && add_ids(list) == id_list::good) return true;
        return problem(std::string(field) + " is not a list of strings or token ids", field);
    };
    if (!reader_->is_array(token + 1)) return add(token);
    return reader_->each_element(token, add);
}

void prompt_builder::append_asset(std::string_view modality, std::uint64_t hash,
                                  std::size_t count) {
    while (out_.size() % 4 != 0) out_.append('\0');
    if (count > placeholders_left_) count = 1;
    placeholders_left_ -= std::min(count, placeholders_left_);
    media_.push_back({hash, count, pieces_.size(), modality});
    char* out = out_.room(count * 4);
    for (std::size_t i = 0; i < count; ++i) put_id(out + i * 4, static_cast<std::uint32_t>(hash));
    out_.commit(count * 4);
}

}  // namespace weir::payload
