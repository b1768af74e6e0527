#include "payload/request.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/strings.hpp"
#include "payload/json_index.hpp"
#include "payload/json_reader.hpp"
#include "payload/prompt_builder.hpp"

namespace weir::payload {
namespace {

/// The members of the top level that weir reads.
enum class member : std::uint8_t {
    unknown,
    model,
    stream,
    cache_salt,
    extra_key,
    prompt,
    messages,
    input,
    items,
    token_ids,
    input_ids,
    text,
    embeds,
    tools,
    system,
    instructions,
    max_tokens,
    max_completion_tokens,
    max_output_tokens,
    sampling_params,
    count,
};

struct known_name {
    std::string_view name;
    member what;
};

// By length, so that a key is compared with the few names as long as itself.
constexpr std::array names{
    known_name{"text", member::text},
    known_name{"model", member::model},
    known_name{"input", member::input},
    known_name{"items", member::items},
    known_name{"tools", member::tools},
    known_name{"stream", member::stream},
    known_name{"prompt", member::prompt},
    known_name{"system", member::system},
    known_name{"inputs", member::text},
    known_name{"messages", member::messages},
    known_name{"token_ids", member::token_ids},
    known_name{"input_ids", member::input_ids},
    known_name{"extra_key", member::extra_key},
    known_name{"cache_salt", member::cache_salt},
    known_name{"max_tokens", member::max_tokens},
    known_name{"text_input", member::text},
    known_name{"instructions", member::instructions},
    known_name{"input_embeds", member::embeds},
    known_name{"prompt_embeds", member::embeds},
    known_name{"sampling_params", member::sampling_params},
    known_name{"max_output_tokens", member::max_output_tokens},
    known_name{"max_completion_tokens", member::max_completion_tokens},
};

constexpr std::size_t longest_name = 21;

// names[first_of[n]] is the first name of length n or more.
constexpr auto first_of = [] {
    std::array<std::uint8_t, longest_name + 2> table{};
    for (std::size_t n = 0; n < table.size(); ++n) {
        std::uint8_t i = 0;
        while (i < names.size() && names[i].name.size() < n) ++i;
        table[n] = i;
    }
    return table;
}();

member identify(std::string_view key) {
    if (key.size() > longest_name) return member::unknown;
    for (std::size_t i = first_of[key.size()]; i < first_of[key.size() + 1]; ++i) {
        if (names[i].name == key) return names[i].what;
    }
    return member::unknown;
}

/// Where the values of the members are; 0 is absent. The last of equal keys counts, as in the model
/// servers.
class member_table {
  public:
    std::size_t& operator[](member m) { return tokens_[static_cast<std::size_t>(m)]; }
    std::size_t operator[](member m) const { return tokens_[static_cast<std::size_t>(m)]; }

  private:
    std::array<std::size_t, static_cast<std::size_t>(member::count)> tokens_{};
};

prompt_fields prompt_fields_of(const member_table& at) {
    return {at[member::prompt], at[member::messages],     at[member::input],
            at[member::items],  at[member::token_ids],    at[member::input_ids],
            at[member::text],   at[member::embeds],       at[member::tools],
            at[member::system], at[member::instructions], at[member::extra_key]};
}

/// What separates caches: SGLang's own API calls it `extra_key`.
std::size_t salt_of(api_kind api, const member_table& at) {
    const bool own = api == api_kind::sglang_generate && at[member::extra_key] != 0;
    return at[own ? member::extra_key : member::cache_salt];
}

refusal bad_body(const json_failure& failure) {
    return {400,
            "Error unmarshaling request body: " + std::string(failure.what) + ", at byte " +
                std::to_string(failure.at),
            "bad-body",
            {}};
}

// Names end up in logs, label values and pages: neither a controlling byte nor a novel.
constexpr std::size_t longest_model = 256;

bool is_blank(std::string_view text) { return trim(text).empty(); }

bool is_printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::optional<refusal> judge_model(api_kind api, const request_facts& facts) {
    if (facts.model.empty()) {
        return needs_model(api) ? std::optional(model_not_found()) : std::nullopt;
    }
    if (facts.model.size() > longest_model) {
        return refusal{400, "model is longer than 256 bytes", "bad-request", "model"};
    }
    if (!is_printable(facts.model)) {
        return refusal{400, "model has control characters", "bad-request", "model"};
    }
    return std::nullopt;
}

}  // namespace

bool needs_model(api_kind api) {
    return api != api_kind::other && api != api_kind::sglang_generate;
}

refusal model_not_found() {
    return {400, "model not found in request body", "model-not-found", "model"};
}

refusal no_parser(std::string_view path) {
    return {400,
            "no parser registered matching path suffix for: " + std::string(path),
            "bad-request",
            {}};
}

struct request_scanner::impl {
    json_index index;
    json_reader reader{index};
    prompt_builder prompts;
    byte_buffer spare;
    const media_counts* counts = nullptr;  ///< while scanning

    bool members(member_table& at, request_facts& out);
    bool facts(api_kind api, const member_table& at, request_facts& out);
    bool limit(std::size_t token, std::int64_t& out);
    bool limits(api_kind api, const member_table& at, std::int64_t& out);
    bool sampling_limit(api_kind api, std::size_t token, std::int64_t& out);
    bool names_of(api_kind api, const member_table& at, request_facts& out);
    std::optional<json_failure> run(api_kind api, std::string_view body, request_facts& out);
};

request_scanner::request_scanner() : impl_(std::make_unique<impl>()) {}
request_scanner::~request_scanner() = default;

bool request_scanner::impl::members(member_table& at, request_facts& out) {
    return reader.each_member(0, [&](std::string_view key, std::size_t value) {
        const auto what = identify(key);
        if (what == member::unknown) return true;
        if (what == member::model) {
            if (at[what] != 0)
                return reader.fail("duplicate key \"model\"", index.position(value - 2));
            out.model_begin = index.position(value);
            out.model_end = out.model_begin + index.raw(value).size();
        }
        at[what] = value;
        return true;
    });
}

bool request_scanner::impl::limit(std::size_t token, std::int64_t& out) {
    if (token == 0) return true;
    if (!reader.check(token)) return false;
    const auto value = reader.whole(token);
    if (value && *value >= 0) out = *value;
    return true;
}

bool request_scanner::impl::sampling_limit(api_kind api, std::size_t token, std::int64_t& out) {
    if (token == 0 || !reader.is_object(token)) return true;
    const std::string_view name = api == api_kind::vllm_generate ? "max_tokens" : "max_new_tokens";
    return reader.each_member(token, [&](std::string_view key, std::size_t value) {
        return key != name || limit(value, out);
    });
}

bool request_scanner::impl::limits(api_kind api, const member_table& at, std::int64_t& out) {
    switch (api) {
        case api_kind::chat_completions:
            // The newer name wins.
            return limit(at[member::max_tokens], out) &&
                   limit(at[member::max_completion_tokens], out);
        case api_kind::responses:
            return limit(at[member::max_output_tokens], out);
        case api_kind::completions:
        case api_kind::messages:
            return limit(at[member::max_tokens], out);
        case api_kind::vllm_generate:
        case api_kind::sglang_generate:
            return sampling_limit(api, at[member::sampling_params], out);
        default:
            return true;
    }
}

bool request_scanner::impl::facts(api_kind api, const member_table& at, request_facts& out) {
    if (const auto stream = at[member::stream]; stream != 0) {
        if (!reader.check(stream)) return false;
        out.stream = reader.is_true(stream);
    }
    if (const auto model = at[member::model]; model != 0 && !reader.check(model)) return false;
    if (const auto salt = salt_of(api, at); salt != 0 && !reader.check(salt)) return false;
    if (!limits(api, at, out.max_output_tokens)) return false;
    out.prompt_problem = prompts.build(api, prompt_fields_of(at), reader, *counts);
    return !reader.failure();
}

// The model and the salt, unescaped behind the prompts where that memory no longer grows.
bool request_scanner::impl::names_of(api_kind api, const member_table& at, request_facts& out) {
    auto& memory = prompts.scratch();
    const auto model = at[member::model];
    const auto salt = salt_of(api, at);
    const bool has_model = model != 0 && reader.is_string(model);
    const bool has_salt = salt != 0 && reader.is_string(salt);
    memory.room((has_model ? reader.inside(model).size() : 0) +
                (has_salt ? reader.inside(salt).size() : 0));
    if (has_model) {
        const auto text = reader.exact_text(model, memory);
        if (!text) return false;
        if (has_escape(reader.inside(model))) memory.commit(text->size());
        // Spaces name nothing.
        if (!is_blank(*text)) out.model = *text;
        out.has_model = true;
    }
    if (has_salt) {
        const auto text = reader.text(salt, memory);
        if (!text) return false;
        if (has_escape(reader.inside(salt))) memory.commit(text->size());
        out.cache_salt = *text;
    }
    return true;
}

std::optional<json_failure> request_scanner::impl::run(api_kind api, std::string_view body,
                                                       request_facts& out) {
    reader.clear();
    prompts.reset();
    if (const auto failure = index.load(body)) return failure;
    out.object_begin = index.position(0) + 1;
    out.object_empty = index.size() == 2;
    member_table at;
    if (!members(at, out) || !facts(api, at, out) || !names_of(api, at, out))
        return reader.failure();
    prompts.finish(out.prompts);
    out.media = prompts.media();
    out.model_problem = judge_model(api, out);
    if (api == api_kind::other && out.model_problem) {
        // No business of weir's; but such a name is used for nothing.
        out.model_problem.reset();
        out.model = {};
        out.has_model = false;
    }
    return std::nullopt;
}

std::optional<refusal> request_scanner::scan(api_kind api, std::span<const char> body,
                                             request_facts& out, const media_counts& counts) {
    const auto clear = [&out] {
        auto prompts = std::move(out.prompts);
        prompts.clear();
        out = request_facts{};
        out.prompts = std::move(prompts);
    };
    clear();
    impl_->counts = &counts;
    const auto failure = impl_->run(api, {body.data(), body.size()}, out);
    impl_->index.trim();
    if (!failure) return std::nullopt;
    clear();
    // An unknown API may carry anything; it is no business of weir's.
    if (api == api_kind::other) return std::nullopt;
    return bad_body(*failure);
}

spliced_body splice_model(std::string_view body, const request_facts& facts, std::string_view model,
                          std::string& quoted) {
    quoted.clear();
    if (facts.model_end > facts.model_begin) {
        quoted += '"';
        append_json_escaped(quoted, model);
        quoted += '"';
        return {body.substr(0, facts.model_begin), quoted, body.substr(facts.model_end)};
    }
    quoted += "\"model\":\"";
    append_json_escaped(quoted, model);
    quoted += facts.object_empty ? "\"" : "\",";
    return {body.substr(0, facts.object_begin), quoted, body.substr(facts.object_begin)};
}

}  // namespace weir::payload
