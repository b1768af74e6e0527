// The part of prompt_builder that reads conversations: chat completions and Anthropic messages.
#include "payload/media.hpp"
#include "payload/prompt_builder.hpp"

namespace weir::payload {
namespace {

// Changes with every request of one client; hashing it would defeat prefix caching.
constexpr std::string_view billing_header = "x-anthropic-billing-header";

}  // namespace

template <std::size_t N>
bool prompt_builder::find(std::size_t object, const std::string_view (&names)[N],
                          std::size_t (&tokens)[N]) {
    return reader_->each_member(object, [&](std::string_view key, std::size_t value) {
        for (std::size_t i = 0; i < N; ++i) {
            if (key == names[i]) tokens[i] = value;
        }
        return true;
    });
}

// Content is a text, null, absent, or a list of objects, each given to `block`.
template <class F>
bool prompt_builder::content(std::size_t token, F block) {
    if (token == 0) return true;
    if (reader_->is_string(token)) return append_string(token);
    if (!reader_->is_array(token)) {
        if (!reader_->check(token)) return false;
        return reader_->is_null(token) ||
               problem(message_place() + ".content is not a string or a list", "messages");
    }
    std::size_t at = 0;
    return reader_->each_element(token, [&](std::size_t element) {
        if (!reader_->is_object(element)) {
            return problem(
                message_place() + ".content[" + std::to_string(at) + "] is not an object",
                "messages");
        }
        ++at;
        return block(element);
    });
}

bool prompt_builder::check_messages(std::size_t token) {
    if (!present(token)) return missing();
    if (!reader_->check(token)) return false;
    if (!reader_->is_array(token)) return problem("messages is not a list", "messages");
    if (reader_->index().close(token) == token + 1) return problem("messages is empty", "messages");
    return true;
}

bool prompt_builder::chat(const prompt_fields& fields) {
    if (!check_messages(fields.messages)) return false;
    const auto begin = out_.size();
    if (!tools(fields.tools)) return false;
    message_ = 0;
    const bool ok = reader_->each_element(fields.messages, [&](std::size_t message) {
        if (!chat_message(message)) return false;
        ++message_;
        return true;
    });
    if (ok) close_piece(begin);
    return ok;
}

bool prompt_builder::tools(std::size_t token) {
    if (token == 0 || !reader_->is_array(token)) return true;
    if (reader_->index().close(token) == token + 1) return true;
    return go_json_.append(*reader_, token, out_);
}

bool prompt_builder::chat_message(std::size_t token) {
    if (!reader_->is_object(token))
        return problem(message_place() + " is not an object", "messages");
    std::size_t found[2] = {};
    if (!find(token, {"role", "content"}, found)) return false;
    return append_string(found[0]) &&
           content(found[1], [this](std::size_t block) { return chat_block(block); });
}

bool prompt_builder::chat_block(std::size_t token) {
    std::size_t found[6] = {};
    if (!find(token, {"type", "text", "image_url", "video_url", "input_audio", "audio_url"},
              found)) {
        return false;
    }
    const auto type = found[0];
    if (is_word(type, "text")) return append_string(found[1]);
    if (is_word(type, "image_url")) return image_url(found[2]);
    if (is_word(type, "video_url")) return video_url(found[3]);
    if (is_word(type, "input_audio")) return audio(found[4]);
    if (is_word(type, "audio_url")) return audio(0);
    return !reader_->failure();
}

// The string of {"url": …} or of a bare text; 0 when there is none.
std::optional<std::size_t> prompt_builder::url_token(std::size_t token) {
    if (token == 0 || !reader_->is_object(token)) return token;
    std::size_t found[1] = {};
    if (!find(token, {"url"}, found)) return std::nullopt;
    return found[0];
}

bool prompt_builder::image_url(std::size_t token) {
    const auto at = url_token(token);
    const auto url = at ? string_at(*at, spare_) : std::nullopt;
    if (!url) return false;
    append_asset("image", media_hash({*url}), image_tokens(*url, counts_->image));
    return true;
}

bool prompt_builder::video_url(std::size_t token) {
    const auto at = url_token(token);
    const auto url = at ? string_at(*at, spare_) : std::nullopt;
    if (!url) return false;
    append_asset("video", media_hash({*url}), counts_->video);
    return true;
}

bool prompt_builder::audio(std::size_t token) {
    std::size_t found[2] = {};
    if (token != 0 && reader_->is_object(token) && !find(token, {"data", "format"}, found))
        return false;
    const auto data = string_at(found[0], spare_);
    const auto format = data ? string_at(found[1], other_spare_) : std::nullopt;
    if (!format) return false;
    append_asset("audio", media_hash({*data, *format}),
                 audio_tokens(data->size() + format->size()));
    return true;
}

bool prompt_builder::anthropic(const prompt_fields& fields) {
    if (!check_messages(fields.messages)) return false;
    const auto begin = out_.size();
    if (!tools(fields.tools) || !anthropic_system(fields.system)) return false;
    message_ = 0;
    const bool ok = reader_->each_element(fields.messages, [&](std::size_t message) {
        if (!anthropic_message(message)) return false;
        ++message_;
        return true;
    });
    if (ok) close_piece(begin);
    return ok;
}

bool prompt_builder::anthropic_system(std::size_t token) {
    if (token == 0 || !reader_->is_array(token)) return append_string(token);
    return reader_->each_element(token, [&](std::size_t block) {
        if (!reader_->is_object(block)) return reader_->check(block);
        std::size_t found[2] = {};
        if (!find(block, {"type", "text"}, found)) return false;
        if (!is_word(found[0], "text")) return !reader_->failure();
        const auto text = string_at(found[1], spare_);
        if (text && !text->starts_with(billing_header)) out_.append(*text);
        return text.has_value();
    });
}

bool prompt_builder::anthropic_message(std::size_t token) {
    if (!reader_->is_object(token))
        return problem(message_place() + " is not an object", "messages");
    std::size_t found[2] = {};
    if (!find(token, {"role", "content"}, found)) return false;
    return append_string(found[0]) &&
           content(found[1], [this](std::size_t block) { return anthropic_block(block); });
}

bool prompt_builder::anthropic_block(std::size_t token) {
    std::size_t found[8] = {};
    if (!find(token, {"type", "text", "source", "thinking", "id", "name", "input", "content"},
              found)) {
        return false;
    }
    const auto type = found[0];
    if (is_word(type, "text")) return append_string(found[1]);
    if (is_word(type, "image")) return anthropic_image(found[2], false);
    if (is_word(type, "thinking")) return append_string(found[3]);
    if (is_word(type, "tool_use")) {
        if (!append_string(found[4]) || !append_string(found[5])) return false;
        if (found[6] != 0) out_.append(reader_->index().raw(found[6]));
        return true;
    }
    if (is_word(type, "tool_result")) return tool_result(found[7]);
    return !reader_->failure();
}

// Texts joined by newlines, then the images.
bool prompt_builder::tool_result(std::size_t token) {
    if (token == 0 || !reader_->is_array(token)) return append_string(token);
    bool first = true;
    const bool ok = reader_->each_element(token, [&](std::size_t block) {
        if (!reader_->is_object(block)) return reader_->check(block);
        std::size_t found[2] = {};
        if (!find(block, {"type", "text"}, found)) return false;
        if (!is_word(found[0], "text")) return !reader_->failure();
        if (!first) out_.append('\n');
        first = false;
        return append_string(found[1]);
    });
    return ok && tool_result_images(token);
}

bool prompt_builder::tool_result_images(std::size_t token) {
    return reader_->each_element(token, [&](std::size_t block) {
        if (!reader_->is_object(block)) return true;
        std::size_t found[2] = {};
        if (!find(block, {"type", "source"}, found)) return false;
        return !is_word(found[0], "image") || anthropic_image(found[1], true);
    });
}

// Base64 in a message counts by its payload, in a tool result as the data URL it is turned into.
bool prompt_builder::anthropic_image(std::size_t source, bool as_data_url) {
    if (source == 0 || !reader_->is_object(source)) return true;
    std::size_t found[3] = {};
    if (!find(source, {"url", "data", "media_type"}, found)) return false;
    const auto url = string_at(found[0], spare_);
    if (!url) return false;
    if (!url->empty()) {
        append_asset("image", media_hash({*url}), image_tokens(*url, counts_->image));
        return true;
    }
    const auto data = string_at(found[1], spare_);
    const auto type = data ? string_at(found[2], other_spare_) : std::nullopt;
    if (!type) return false;
    if (data->empty()) return true;
    const std::string_view media = type->empty() ? "image/jpeg" : *type;
    const auto hash =
        as_data_url ? media_hash({"data:", media, ";base64,", *data}) : media_hash({*data});
    // A data URL is decoded only when it calls itself an image.
    const bool decode = !as_data_url || media.starts_with("image/");
    append_asset("image", hash,
                 decode ? image_tokens_base64(*data, counts_->image) : counts_->image.count());
    return true;
}

bool prompt_builder::append_string(std::size_t token) {
    if (token == 0) return true;
    return reader_->is_string(token) ? reader_->append_text(token, out_) : reader_->check(token);
}

// The text of a string; empty for an absent value or one of another type.
std::optional<std::string_view> prompt_builder::string_at(std::size_t token, byte_buffer& spare) {
    if (token == 0) return std::string_view();
    if (reader_->is_string(token)) return reader_->text(token, spare);
    if (!reader_->check(token)) return std::nullopt;
    return std::string_view();
}

bool prompt_builder::is_word(std::size_t token, std::string_view word) {
    if (token == 0 || !reader_->is_string(token)) return false;
    const auto text = reader_->text(token, spare_);
    return text && *text == word;
}

}  // namespace weir::payload
