#include "sim/reply.hpp"

#include <charconv>

#include "base/json.hpp"

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
    tail_ = chat ? "\"},\"logprobs\":null,\"finish_reason\":null}]"
                 : "\",\"logprobs\":null,\"finish_reason\":null}]";
}

void reply::begin(std::string& out, std::size_t choices, const token_usage& usage) {
    if (facts_.kind == api::responses) return responses_begin(out);
    if (facts_.kind == api::messages) return messages_begin(out, usage);
    if (facts_.kind != api::chat) return;
    for (std::size_t i = 0; i < choices; ++i) {
        out.append(head_).append("{\"index\":");
        append_number(out, i);
        out +=
            ",\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
            "\"finish_reason\":null}]}\n\n";
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
    out.append(head_).append("{\"index\":");
    append_number(out, choice);
    out.append(middle_).append(piece).append(tail_);
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
    out.append(middle_);
    out += facts_.kind == api::chat ? "\"}" : "\"";
    out.append(",\"logprobs\":null,\"finish_reason\":\"").append(all.finish_reason);
    out += "\",\"stop_reason\":null}]";
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
        out += chat ? ",\"message\":{\"role\":\"assistant\",\"content\":\"" : ",\"text\":\"";
        append_json_escaped(out, choices[i].text);
        out += chat ? "\",\"tool_calls\":[]}" : "\"";
        out.append(",\"logprobs\":null,\"finish_reason\":\"").append(choices[i].finish_reason);
        out += "\",\"stop_reason\":null}";
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
            w.field("stop_reason",
                    choices[0].finish_reason == "length" ? "max_tokens" : "end_turn");
            w.key("stop_sequence").null().key("usage").begin_object();
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
