#include "sim/api_request.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

#include "sim/text.hpp"

namespace weir::sim {
namespace {

using kind = json_value::kind;

constexpr std::string_view bad_request = "BadRequestError";
constexpr std::size_t max_choices = 4096;
constexpr std::size_t max_stops = 16;

api_error refuse(std::string message, std::string_view param = {}) {
    return {.status = 400, .type = bad_request, .message = std::move(message), .param = param};
}

bool is_token_list(json_value v) { return v.is(kind::array) && v.first().is(kind::number); }

// A list of token ids, four bytes each.
bool append_tokens(std::string& out, json_value list) {
    for (auto v = list.first(); v; v = v.next()) {
        const auto id = v.integer();
        if (!id) return false;
        append_token(out, static_cast<std::uint32_t>(*id));
    }
    return true;
}

// Texts and token lists: `"a"`, `["a","b"]`, `[1,2]`, `[[1],[2]]`.
bool read_prompts(json_value v, std::vector<std::string>& out) {
    if (const auto text = v.string()) {
        out.push_back(*text);
        return true;
    }
    if (!v.is(kind::array) || !v.first()) return false;
    if (is_token_list(v)) return append_tokens(out.emplace_back(), v);
    for (auto item = v.first(); item; item = item.next()) {
        auto& prompt = out.emplace_back();
        if (const auto text = item.string()) {
            prompt = *text;
        } else if (!item.is(kind::array) || !append_tokens(prompt, item)) {
            return false;
        }
    }
    return true;
}

// What is not text counts as a handful of tokens that depend on its content.
void append_digest(std::string& out, std::string_view what, std::string_view content) {
    std::array<char, 20> digits{};
    std::snprintf(digits.data(), digits.size(), "%016" PRIx64, hash_text(content));
    out.append("<|").append(what).append(":").append(digits.data()).append("|>");
}

// The text of a message: a string, or parts.
void append_content(std::string& out, json_value content) {
    if (const auto text = content.string()) {
        out += *text;
        return;
    }
    if (!content.is(kind::array)) return;
    for (auto part = content.first(); part; part = part.next()) {
        if (const auto bare = part.string()) {
            out += *bare;
        } else if (const auto text = part.get("text").string()) {
            out += *text;
        } else {
            append_digest(out, part.get("type").string().value_or("part"), part.raw());
        }
    }
}

void append_message(std::string& out, json_value message) {
    out.append("<|").append(message.get("role").string().value_or("user")).append("|>\n");
    append_content(out, message.get("content"));
    const auto calls = message.get("tool_calls");
    if (!calls.empty()) out += calls.raw();
    out += "<|end|>\n";
}

// Tools stand in front of the conversation, as chat templates render them.
std::string render_start(json_value body) {
    std::string out;
    const auto tools = body.get("tools");
    if (!tools.empty()) out.append("<|tools|>").append(tools.raw()).append("\n");
    return out;
}

bool render_messages(json_value messages, std::string& out) {
    if (!messages.is(kind::array) || !messages.first()) return false;
    for (auto m = messages.first(); m; m = m.next()) {
        if (!m.is(kind::object)) return false;
        append_message(out, m);
    }
    out += "<|assistant|>\n";
    return true;
}

std::optional<api_error> read_chat(json_value body, api_request& r) {
    auto prompt = render_start(body);
    if (!render_messages(body.get("messages"), prompt)) {
        return refuse("messages: a non-empty list of messages is required", "messages");
    }
    r.prompts.push_back(std::move(prompt));
    return std::nullopt;
}

std::optional<api_error> read_anthropic(json_value body, api_request& r) {
    auto prompt = render_start(body);
    if (const auto system = body.get("system"); !system.empty()) {
        prompt += "<|system|>\n";
        append_content(prompt, system);
        prompt += "<|end|>\n";
    }
    if (!render_messages(body.get("messages"), prompt)) {
        return refuse("messages: Field required", "messages");
    }
    r.prompts.push_back(std::move(prompt));
    return std::nullopt;
}

std::optional<api_error> read_responses(json_value body, api_request& r) {
    auto prompt = render_start(body);
    if (const auto text = body.get("instructions").string()) {
        prompt.append("<|system|>\n").append(*text).append("<|end|>\n");
    }
    const auto input = body.get("input");
    if (const auto text = input.string()) {
        prompt.append("<|user|>\n").append(*text).append("<|end|>\n<|assistant|>\n");
    } else if (!render_messages(input, prompt)) {
        return refuse("input: a text or a non-empty list of items is required", "input");
    }
    r.prompts.push_back(std::move(prompt));
    return std::nullopt;
}

std::optional<api_error> read_prompt(api kind_of, json_value body, api_request& r) {
    switch (kind_of) {
        case api::chat:
            return read_chat(body, r);
        case api::messages:
        case api::count_tokens:
            return read_anthropic(body, r);
        case api::responses:
            return read_responses(body, r);
        case api::tokenize:
            if (body.get("messages")) return read_chat(body, r);
            // llama.cpp's and TGI's names for it come last.
            for (const auto* name : {"prompt", "text", "content", "inputs"}) {
                if (read_prompts(body.get(name), r.prompts)) return std::nullopt;
            }
            return refuse("prompt: Field required", "prompt");
        case api::embeddings:
            if (read_prompts(body.get("input"), r.prompts)) return std::nullopt;
            return refuse("input: a text, a list of texts or token ids are required", "input");
        case api::generate: {
            auto text = body.get("text");
            if (!text) text = body.get("inputs");
            if (!text) text = body.get("input_ids");
            if (read_prompts(text, r.prompts)) return std::nullopt;
            return refuse("text: Field required", "text");
        }
        case api::completions:
        case api::none:
            break;
    }
    if (read_prompts(body.get("prompt"), r.prompts)) return std::nullopt;
    return refuse("Either prompt or prompt_embeds must be provided and non-empty.", "prompt");
}

json_value output_limit(api kind_of, json_value body) {
    if (kind_of == api::responses) return body.get("max_output_tokens");
    if (kind_of == api::generate) {
        const auto sampling = body.get("sampling_params");
        if (sampling) return sampling.get("max_new_tokens");
        return body.get("parameters").get("max_new_tokens");
    }
    const auto newer = body.get("max_completion_tokens");
    return kind_of == api::chat && !newer.empty() ? newer : body.get("max_tokens");
}

std::optional<api_error> read_limits(api kind_of, json_value body, api_request& r) {
    const auto limit = output_limit(kind_of, body);
    if (!limit.empty()) {
        const auto tokens = limit.integer();
        if (!tokens || *tokens < 1) {
            return refuse("max_tokens must be at least 1, got " + std::string(limit.raw()) + ".",
                          "max_tokens");
        }
        r.max_tokens = static_cast<std::size_t>(*tokens);
    }
    const auto n = body.get("n");
    if (!n.empty()) {
        const auto count = n.integer();
        if (!count || *count < 1 || *count > 128) {
            return refuse("n must be between 1 and 128, got " + std::string(n.raw()) + ".", "n");
        }
        r.n = static_cast<std::size_t>(*count);
    }
    if (r.n * r.prompts.size() > max_choices) return refuse("too many prompts", "prompt");
    return std::nullopt;
}

// `stop`: a text or up to sixteen; by the name the API has for it.
std::optional<api_error> read_stops(api kind_of, json_value body, api_request& r) {
    auto stop = body.get("stop");
    if (kind_of == api::messages) stop = body.get("stop_sequences");
    if (kind_of == api::generate) {
        const auto sampling = body.get("sampling_params");
        stop = (sampling ? sampling : body.get("parameters")).get("stop");
    }
    if (stop.empty()) return std::nullopt;
    if (const auto text = stop.string()) {
        r.stops.push_back(*text);
    } else if (stop.is(kind::array)) {
        for (auto v = stop.first(); v; v = v.next()) {
            const auto one = v.string();
            if (!one) return refuse("stop: Input should be a valid string", "stop");
            r.stops.push_back(*one);
        }
    } else {
        return refuse("stop: Input should be a valid string or a list of them", "stop");
    }
    if (r.stops.size() > max_stops) return refuse("stop: too many stop strings", "stop");
    for (const auto& s : r.stops) {
        if (s.empty()) return refuse("stop cannot contain an empty string.", "stop");
    }
    return std::nullopt;
}

// Completions ask with a number, chats with a switch beside it.
std::optional<api_error> read_logprobs(api kind_of, json_value body, api_request& r) {
    const auto asked = body.get("logprobs");
    if (asked.empty()) return std::nullopt;
    auto count = asked;
    if (kind_of == api::chat) {
        if (!asked.boolean().value_or(false)) return std::nullopt;
        count = body.get("top_logprobs");
        r.logprobs = 0;
        if (count.empty()) return std::nullopt;
    }
    const auto n = count.integer();
    if (!n || *n < 0 || *n > 20) {
        const std::string_view name = kind_of == api::chat ? "top_logprobs" : "logprobs";
        return refuse(
            std::string(name) + " must be between 0 and 20, got " + std::string(count.raw()) + ".",
            name);
    }
    r.logprobs = static_cast<std::size_t>(*n);
    return std::nullopt;
}

// The function a chat must call: the one named, or the first when any will do.
std::optional<api_error> read_tool_choice(json_value body, api_request& r) {
    const auto choice = body.get("tool_choice");
    const auto named = choice.get("function").get("name").string();
    if (!named && choice.string() != "required") return std::nullopt;
    for (auto t = body.get("tools").first(); t; t = t.next()) {
        const auto name = t.get("function").get("name").string().value_or("");
        if (named && name != *named) continue;
        r.forced_tool = name;
        return std::nullopt;
    }
    return refuse("tool_choice names no function of tools", "tool_choice");
}

std::optional<api_error> read_embedding_shape(json_value body, api_request& r) {
    const auto format = body.get("encoding_format").string().value_or("float");
    if (format != "float" && format != "base64")
        return refuse("encoding_format must be 'float' or 'base64'.", "encoding_format");
    r.base64 = format == "base64";
    const auto wanted = body.get("dimensions");
    if (wanted.empty()) return std::nullopt;
    const auto n = wanted.integer();
    if (!n || *n < 1 || *n > 4096)
        return refuse("dimensions must be between 1 and 4096.", "dimensions");
    r.dimensions = static_cast<std::size_t>(*n);
    return std::nullopt;
}

std::optional<api_error> read_shape(api kind_of, json_value body, api_request& r) {
    if (kind_of == api::embeddings) return read_embedding_shape(body, r);
    auto problem = read_stops(kind_of, body, r);
    if (problem) return problem;
    if (kind_of == api::completions) r.echo = body.get("echo").boolean().value_or(false);
    if (kind_of == api::completions || kind_of == api::chat)
        problem = read_logprobs(kind_of, body, r);
    if (!problem && kind_of == api::chat) problem = read_tool_choice(body, r);
    return problem;
}

void read_switches(json_value body, api_request& r) {
    r.stream = body.get("stream").boolean().value_or(false);
    const auto stream_options = body.get("stream_options");
    r.include_usage = stream_options.get("include_usage").boolean().value_or(false);
    r.continuous_usage = stream_options.get("continuous_usage_stats").boolean().value_or(false);
    const auto priority = body.get("priority").integer().value_or(0);
    r.priority = static_cast<int>(std::clamp<std::int64_t>(priority, -1'000'000, 1'000'000));
    r.cache_salt = body.get("cache_salt").string().value_or("");
    r.request_id = body.get("request_id").string().value_or("");
}

}  // namespace

api api_of(std::string_view path) {
    if (path == "/v1/completions" || path == "/completions") return api::completions;
    if (path == "/v1/chat/completions" || path == "/chat/completions") return api::chat;
    if (path == "/v1/responses") return api::responses;
    if (path == "/v1/messages") return api::messages;
    if (path == "/v1/messages/count_tokens") return api::count_tokens;
    if (path == "/v1/embeddings") return api::embeddings;
    if (path == "/tokenize" || path == "/v1/tokenize") return api::tokenize;
    if (path == "/generate") return api::generate;
    return api::none;
}

std::size_t api_request::prompt_tokens() const {
    std::size_t tokens = 0;
    for (const auto& p : prompts) tokens += count_tokens(p.size());
    return tokens;
}

std::optional<api_request> read_api_request(api kind_of, std::string_view body,
                                            json_document& document, api_error& error) {
    if (!document.parse(body) || !document.root().is(kind::object)) {
        const auto why =
            document.error().empty() ? std::string_view("not a JSON object") : document.error();
        error = refuse("JSON decode error at byte " + std::to_string(document.error_offset()) +
                       ": " + std::string(why));
        return std::nullopt;
    }
    const auto root = document.root();
    api_request r;
    r.kind = kind_of;
    const auto model = root.get("model");
    if (!model.empty() && !model.is(kind::string)) {
        error = refuse("model: Input should be a valid string", "model");
        return std::nullopt;
    }
    r.model = model.string().value_or("");
    auto problem = read_prompt(kind_of, root, r);
    if (!problem) problem = read_limits(kind_of, root, r);
    if (!problem) problem = read_shape(kind_of, root, r);
    if (problem) {
        error = std::move(*problem);
        return std::nullopt;
    }
    read_switches(root, r);
    return r;
}

}  // namespace weir::sim
