// The reply shapes with named events: the responses API and Anthropic's messages; and the engines'
// native call.

#include "base/json.hpp"
#include "sim/reply.hpp"

namespace weir::sim {

void reply::event(std::string& out, std::string_view name, std::string_view data) {
    out.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

void reply::prepare_events() {
    if (facts_.kind == api::responses) {
        head_ =
            "event: response.output_text.delta\ndata: "
            "{\"type\":\"response.output_text.delta\",\"sequence_number\":";
        middle_ = ",\"item_id\":\"msg_0\",\"output_index\":0,\"content_index\":0,\"delta\":\"";
        tail_ = "\",\"logprobs\":[]}\n\n";
    } else if (facts_.kind == api::messages) {
        head_ =
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
            "\"delta\":{\"type\":\"text_delta\",\"text\":\"";
        tail_ = "\"}}\n\n";
    }
}

namespace {

std::string numbered(std::string_view type, std::uint64_t sequence, std::string_view members) {
    std::string out = "{\"type\":\"";
    out.append(type).append("\",\"sequence_number\":").append(std::to_string(sequence));
    return out.append(",").append(members).append("}");
}

std::string output_part(std::string_view text) {
    std::string out = R"({"type":"output_text","annotations":[],"logprobs":[],"text":")";
    append_json_escaped(out, text);
    return out += "\"}";
}

std::string output_item(std::string_view status, std::string_view parts) {
    std::string out = R"({"id":"msg_0","type":"message","role":"assistant","status":")";
    return out.append(status).append("\",\"content\":[").append(parts).append("]}");
}

constexpr std::string_view item_place = R"("item_id":"msg_0","output_index":0,"content_index":0,)";

}  // namespace

std::string reply::responses_object(std::string_view status, std::string_view text,
                                    const token_usage* usage) const {
    json_writer w;
    w.begin_object().field("id", facts_.id).field("object", "response");
    w.field("created_at", facts_.created).field("status", status).field("model", facts_.model);
    w.key("error").null().key("incomplete_details").null().key("output").begin_array();
    if (usage != nullptr) w.raw(output_item("completed", output_part(text)));
    w.end_array();
    w.field("parallel_tool_calls", true).field("tool_choice", "auto");
    w.key("tools").begin_array().end_array().key("usage");
    if (usage == nullptr) {
        w.null();
    } else {
        w.begin_object().field("input_tokens", std::uint64_t{usage->prompt});
        w.key("input_tokens_details").begin_object();
        w.field("cached_tokens", std::uint64_t{usage->cached}).end_object();
        w.field("output_tokens", std::uint64_t{usage->completion});
        w.key("output_tokens_details").begin_object().field("reasoning_tokens", 0).end_object();
        w.field("total_tokens", std::uint64_t{usage->prompt + usage->completion}).end_object();
    }
    w.end_object();
    return w.take();
}

void reply::responses_begin(std::string& out) {
    const auto object = "\"response\":" + responses_object("in_progress", {}, nullptr);
    event(out, "response.created", numbered("response.created", sequence_++, object));
    event(out, "response.in_progress", numbered("response.in_progress", sequence_++, object));
    event(out, "response.output_item.added",
          numbered("response.output_item.added", sequence_++,
                   "\"output_index\":0,\"item\":" + output_item("in_progress", {})));
    event(out, "response.content_part.added",
          numbered("response.content_part.added", sequence_++,
                   std::string(item_place) + "\"part\":" + output_part({})));
}

void reply::responses_end_choice(std::string& out, const reply_choice& all) {
    final_text_ = all.text;
    std::string members(item_place);
    members += "\"text\":\"";
    append_json_escaped(members, all.text);
    members += "\",\"logprobs\":[]";
    event(out, "response.output_text.done",
          numbered("response.output_text.done", sequence_++, members));
    event(out, "response.content_part.done",
          numbered("response.content_part.done", sequence_++,
                   std::string(item_place) + "\"part\":" + output_part(all.text)));
    event(
        out, "response.output_item.done",
        numbered("response.output_item.done", sequence_++,
                 "\"output_index\":0,\"item\":" + output_item("completed", output_part(all.text))));
}

void reply::responses_end(std::string& out, const token_usage& usage) {
    const auto object = "\"response\":" + responses_object("completed", final_text_, &usage);
    event(out, "response.completed", numbered("response.completed", sequence_++, object));
}

void reply::messages_begin(std::string& out, const token_usage& usage) const {
    json_writer w;
    w.begin_object().field("type", "message_start").key("message").begin_object();
    w.field("id", facts_.id).field("type", "message").field("role", "assistant");
    w.field("model", facts_.model).key("content").begin_array().end_array();
    w.key("stop_reason").null().key("stop_sequence").null().key("usage").begin_object();
    w.field("input_tokens", std::uint64_t{usage.prompt - usage.cached});
    w.field("cache_read_input_tokens", std::uint64_t{usage.cached});
    w.field("output_tokens", 0).end_object().end_object().end_object();
    event(out, "message_start", w.str());
    event(out, "content_block_start",
          R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
    event(out, "ping", R"({"type":"ping"})");
}

void reply::write_stop(json_writer& w, const reply_choice& all) {
    std::string_view why = all.finish_reason == "length" ? "max_tokens" : "end_turn";
    if (!all.stop.empty()) why = "stop_sequence";
    w.field("stop_reason", why).key("stop_sequence");
    all.stop.empty() ? w.null() : w.value(all.stop);
}

void reply::messages_end_choice(std::string& out, const reply_choice& all,
                                const token_usage& usage) const {
    event(out, "content_block_stop", R"({"type":"content_block_stop","index":0})");
    json_writer w;
    w.begin_object().field("type", "message_delta").key("delta").begin_object();
    write_stop(w, all);
    w.end_object().key("usage").begin_object();
    w.field("output_tokens", std::uint64_t{usage.completion}).end_object().end_object();
    event(out, "message_delta", w.str());
}

std::string reply::generate_body(const reply_choice& choice, std::size_t index,
                                 const token_usage& usage) const {
    json_writer w;
    w.begin_object();
    if (facts_.engine == personality::tgi) {
        w.field("generated_text", choice.text);
        if (!choice.finish_reason.empty()) {
            w.key("details").begin_object().field("finish_reason", choice.finish_reason);
            w.field("generated_tokens", std::uint64_t{usage.completion}).end_object();
        }
        w.end_object();
        return w.take();
    }
    w.field("text", choice.text).field("index", std::uint64_t{index});
    w.key("meta_info").begin_object().field("id", facts_.id).key("finish_reason");
    if (choice.finish_reason.empty()) {
        w.null();
    } else {
        w.begin_object().field("type", choice.finish_reason);
        if (choice.stop.empty()) {
            w.field("length", std::uint64_t{usage.completion});
        } else {
            w.field("matched", choice.stop);
        }
        w.end_object();
    }
    w.field("prompt_tokens", std::uint64_t{usage.prompt});
    w.field("completion_tokens", std::uint64_t{usage.completion});
    w.field("cached_tokens", std::uint64_t{usage.cached}).end_object().end_object();
    return w.take();
}

}  // namespace weir::sim
