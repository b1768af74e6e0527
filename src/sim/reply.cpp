#include "sim/reply.hpp"

#include <charconv>

#include "base/json.hpp"
#include "sim/text.hpp"

namespace weir::sim {
namespace {

void append_number(std::string& out, std::uint64_t n) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, n).ptr;
    out.append(text, end);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    append_json_escaped(out, text);
    return out += '"';
}

void append_usage(std::string& out, const token_usage& usage) {
    out += "\"usage\":{\"prompt_tokens\":";
    append_number(out, usage.prompt);
    out += ",\"total_tokens\":";
    append_number(out, usage.prompt + usage.completion);
    out += ",\"completion_tokens\":";
    append_number(out, usage.completion);
    out += ",\"prompt_tokens_details\":{\"cached_tokens\":";
    append_number(out, usage.cached);
    out += "}}";
}

// llama.cpp's own account, always there.
void append_timings(std::string& out, const token_usage& usage, const reply_timings& t) {
    json_writer w;
    const auto fresh = usage.prompt - usage.cached;
    w.begin_object();
    w.field("cache_n", std::uint64_t{usage.cached}).field("prompt_n", std::uint64_t{fresh});
    w.field("prompt_ms", t.prefill * 1e3).field("predicted_n", std::uint64_t{usage.completion});
    w.field("predicted_ms", t.decode * 1e3).end_object();
    out.append(",\"timings\":").append(w.str());
}

}  // namespace

std::string make_reply_id(api kind, personality engine, std::string_view request_id,
                          std::uint64_t fallback) {
    std::string_view prefix = kind == api::chat ? "chatcmpl-" : "cmpl-";
    if (kind == api::responses) prefix = "resp_";
    if (kind == api::messages) prefix = "msg_";
    if (kind == api::embeddings) prefix = "embd-";
    if (kind == api::generate) prefix = "";
    const bool llama = engine == personality::llamacpp;
    if (llama && kind == api::completions) prefix = "chatcmpl-";
    std::string id(prefix);
    if (!request_id.empty() && !llama) return id.append(request_id);
    static constexpr char hex[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) id += hex[(fallback >> shift) & 15];
    return id;
}

reply::reply(reply_facts facts) : facts_(std::move(facts)), model_json_(quoted(facts_.model)) {
    if (facts_.kind == api::chat || facts_.kind == api::completions) {
        prepare_openai();
    } else {
        prepare_events();
    }
}

void reply::prepare_openai() {
    const bool chat = facts_.kind == api::chat;
    head_.append("data: {\"id\":").append(quoted(facts_.id)).append(",\"object\":\"");
    head_.append(chat ? "chat.completion.chunk" : "text_completion").append("\",\"created\":");
    append_number(head_, static_cast<std::uint64_t>(facts_.created));
    head_.append(",\"model\":").append(model_json_).append(",\"choices\":[");
    middle_ = chat ? ",\"delta\":{\"content\":\"" : ",\"text\":\"";
    close_ = chat ? "\"}" : "\"";
    tail_ = close_;
    if (!facts_.tool.empty()) {
        middle_ = R"(,"delta":{"tool_calls":[{"index":0,"function":{"arguments":")";
        tail_ = R"("}}]})";
        close_ = R"(\"}"}}]})";
    }
    if (!facts_.logprobs) tail_ += ",\"logprobs\":null,\"finish_reason\":null}]";
}

/// A call of the tool, up to its arguments' text, which is one string.
std::string reply::tool_start(std::size_t choice) const {
    return R"({"index":0,"id":"call_)" + std::to_string(choice) + R"(","type":"function",)" +
           R"("function":{"name":)" + quoted(facts_.tool) + R"(,"arguments":"{\"text\":\")";
}

/// Log probabilities as if every token had been all but certain, or null.
void reply::append_logprobs(std::string& out, std::string_view text, std::size_t offset) const {
    if (!facts_.logprobs) {
        out += "null";
        return;
    }
    constexpr double sure = -0.01;
    constexpr double other = -6.0;  // of the alternatives: an invented letter each
    json_writer w;
    const bool chat = facts_.kind == api::chat;
    std::vector<std::string_view> tokens;
    for (std::size_t at = 0; at < text.size(); at += token_bytes)
        tokens.push_back(text.substr(at, token_bytes));
    const auto each = [&](std::string_view name, auto&& write) {
        w.key(name).begin_array();
        for (const auto t : tokens) write(t);
        w.end_array();
    };
    const auto entry = [&](std::string_view token, double value) -> json_writer& {
        w.begin_object().field("token", token).field("logprob", value).key("bytes").begin_array();
        for (const char c : token) w.value(std::uint64_t{static_cast<unsigned char>(c)});
        return w.end_array();
    };
    const auto alternative = [](std::size_t i) { return std::string(1, char('a' + i)); };
    w.begin_object();
    if (chat) {
        each("content", [&](std::string_view t) {
            entry(t, sure).key("top_logprobs").begin_array();
            for (std::size_t i = 0; i < *facts_.logprobs; ++i)
                (i == 0 ? entry(t, sure) : entry(alternative(i), other)).end_object();
            w.end_array().end_object();
        });
    } else {
        each("text_offset", [&](std::string_view t) {
            w.value(std::uint64_t{offset + static_cast<std::size_t>(t.data() - text.data())});
        });
        each("token_logprobs", [&](std::string_view) { w.value(sure); });
        each("tokens", [&](std::string_view t) { w.value(t); });
        each("top_logprobs", [&](std::string_view t) {
            w.begin_object().field(t, sure);
            for (std::size_t i = 1; i < *facts_.logprobs; ++i) w.field(alternative(i), other);
            w.end_object();
        });
    }
    out += w.end_object().take();
}

void reply::append_finish(std::string& out, const reply_choice& all) const {
    out.append(",\"finish_reason\":\"");
    out += facts_.tool.empty() ? all.finish_reason : "tool_calls";
    out += "\",\"stop_reason\":";
    out += all.stop.empty() ? "null" : quoted(all.stop);
}

void reply::begin(std::string& out, std::size_t choices, const token_usage& usage) {
    if (facts_.kind == api::responses) return responses_begin(out);
    if (facts_.kind == api::messages) return messages_begin(out, usage);
    if (facts_.kind != api::chat) return;
    for (std::size_t i = 0; i < choices; ++i) {
        out.append(head_).append("{\"index\":");
        append_number(out, i);
        out += R"(,"delta":{"role":"assistant","content":)";
        out += facts_.tool.empty() ? "\"\"" : "null,\"tool_calls\":[" + tool_start(i) + "\"}}]";
        out += R"(},"logprobs":null,"finish_reason":null}]})";
        out += "\n\n";
    }
}

void reply::text(std::string& out, std::size_t choice, std::string_view piece,
                 const token_usage& usage) {
    switch (facts_.kind) {
        case api::responses:
            out += head_;
            append_number(out, sequence_++);
            out.append(middle_).append(piece).append(tail_);
            return;
        case api::messages:
            out.append(head_).append(piece).append(tail_);
            return;
        case api::generate:
            final_text_ += piece;
            out += "data: ";
            out += generate_body({final_text_, {}}, choice, usage);
            out += "\n\n";
            return;
        default:
            break;
    }
    openai_piece(out, choice, piece, piece, usage);
}

void reply::echo(std::string& out, std::size_t choice, std::string_view prompt,
                 const token_usage& usage) {
    std::string written;
    append_json_escaped(written, prompt);
    openai_piece(out, choice, written, prompt, usage);
}

/// `written` is `text` as it stands in a JSON string.
void reply::openai_piece(std::string& out, std::size_t choice, std::string_view written,
                         std::string_view text, const token_usage& usage) {
    out.append(head_).append("{\"index\":");
    append_number(out, choice);
    out.append(middle_).append(written).append(tail_);
    if (facts_.logprobs) {
        if (offsets_.size() <= choice) offsets_.resize(choice + 1);
        out += ",\"logprobs\":";
        append_logprobs(out, text, offsets_[choice]);
        offsets_[choice] += text.size();
        out += ",\"finish_reason\":null}]";
    }
    if (facts_.continuous_usage) {
        out += ',';
        append_usage(out, usage);
    }
    out += "}\n\n";
}

void reply::openai_end_choice(std::string& out, std::size_t choice, const reply_choice& all,
                              const token_usage& usage, const reply_timings& timings) const {
    out.append(head_).append("{\"index\":");
    append_number(out, choice);
    out.append(middle_).append(close_).append(",\"logprobs\":null");
    append_finish(out, all);
    out += "}]";
    const bool llama = facts_.engine == personality::llamacpp;
    if (facts_.continuous_usage || (llama && facts_.kind == api::completions)) {
        out += ',';
        append_usage(out, usage);
    }
    if (llama) append_timings(out, usage, timings);
    out += "}\n\n";
}

void reply::end_choice(std::string& out, std::size_t choice, const reply_choice& all,
                       const token_usage& usage, const reply_timings& timings) {
    switch (facts_.kind) {
        case api::responses:
            return responses_end_choice(out, all);
        case api::messages:
            return messages_end_choice(out, all, usage);
        case api::generate:
            out.append("data: ").append(generate_body(all, choice, usage)).append("\n\n");
            return;
        default:
            return openai_end_choice(out, choice, all, usage, timings);
    }
}

void reply::end(std::string& out, const token_usage& usage) {
    if (facts_.kind == api::responses) return responses_end(out, usage);
    if (facts_.kind == api::messages) {
        return event(out, "message_stop", R"({"type":"message_stop"})");
    }
    const bool separate = facts_.kind == api::chat || facts_.engine != personality::llamacpp;
    if (facts_.include_usage && facts_.kind != api::generate && separate) {
        out.append(head_).append("],");
        append_usage(out, usage);
        out += "}\n\n";
    }
    out += "data: [DONE]\n\n";
}

std::string reply::openai_whole(std::span<const reply_choice> choices, const token_usage& usage,
                                const reply_timings& timings) const {
    const bool chat = facts_.kind == api::chat;
    std::string out = "{\"id\":" + quoted(facts_.id) + ",\"object\":\"";
    out.append(chat ? "chat.completion" : "text_completion").append("\",\"created\":");
    append_number(out, static_cast<std::uint64_t>(facts_.created));
    out.append(",\"model\":").append(model_json_).append(",\"choices\":[");
    for (std::size_t i = 0; i < choices.size(); ++i) {
        out += i == 0 ? "{\"index\":" : ",{\"index\":";
        append_number(out, i);
        const bool calls = !facts_.tool.empty();
        out += chat ? R"(,"message":{"role":"assistant","content":)" : ",\"text\":";
        out += calls ? "null,\"tool_calls\":[" + tool_start(i) : "\"";
        append_json_escaped(out, choices[i].text);
        out += calls ? R"(\"}"}}]})" : chat ? R"(","tool_calls":[]})" : "\"";
        out += ",\"logprobs\":";
        append_logprobs(out, choices[i].text, 0);
        append_finish(out, choices[i]);
        out += '}';
    }
    out += "],";
    append_usage(out, usage);
    if (facts_.engine == personality::llamacpp) append_timings(out, usage, timings);
    return out += '}';
}

std::string reply::whole(std::span<const reply_choice> choices, const token_usage& usage,
                         const reply_timings& timings) const {
    switch (facts_.kind) {
        case api::responses:
            return responses_object("completed", choices[0].text, &usage);
        case api::generate:
            return generate_body(choices[0], 0, usage);
        case api::messages: {
            json_writer w;
            w.begin_object().field("id", facts_.id).field("type", "message");
            w.field("role", "assistant").field("model", facts_.model).key("content").begin_array();
            w.begin_object().field("type", "text").field("text", choices[0].text).end_object();
            w.end_array();
            write_stop(w, choices[0]);
            w.key("usage").begin_object();
            w.field("input_tokens", std::uint64_t{usage.prompt - usage.cached});
            w.field("cache_read_input_tokens", std::uint64_t{usage.cached});
            w.field("output_tokens", std::uint64_t{usage.completion}).end_object().end_object();
            return w.take();
        }
        default:
            return openai_whole(choices, usage, timings);
    }
}

}  // namespace weir::sim
