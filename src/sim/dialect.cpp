#include "sim/dialect.hpp"

#include <array>

#include "base/json.hpp"
#include "sim/text.hpp"

namespace weir::sim {
namespace {

std::string_view llama_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 404:
            return "not_found_error";
        case 501:
            return "not_supported_error";
        case 503:
            return "unavailable_error";
        default:
            return status < 500 ? "invalid_request_error" : "server_error";
    }
}

std::string_view tgi_type(int status) {
    switch (status) {
        case 429:
            return "overloaded";
        case 424:
            return "generation";
        case 503:
            return "healthcheck";
        default:
            return status < 500 ? "validation" : "incomplete_generation";
    }
}

std::string_view anthropic_type(int status) {
    switch (status) {
        case 400:
            return "invalid_request_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        case 529:
            return "overloaded_error";
        default:
            return "api_error";
    }
}

void put_param(json_writer& w, std::string_view param) {
    w.key("param");
    param.empty() ? w.null() : w.value(param);
}

}  // namespace

std::string error_body(personality engine, api kind, const api_error& error) {
    json_writer w;
    w.begin_object();
    if (kind == api::messages || kind == api::count_tokens) {
        w.field("type", "error").key("error").begin_object();
        w.field("type", anthropic_type(error.status)).field("message", error.message);
        w.end_object().end_object();
        return w.take();
    }
    // What does not fit trtllm-serve's schema never reaches its own error writer.
    if (engine == personality::trtllm && error.status == 400 && error.token_limit == 0) {
        w.field("error", error.message).end_object();
        return w.take();
    }
    const bool flat =
        (engine == personality::sglang && kind != api::responses) || engine == personality::trtllm;
    if (flat) {
        w.field("object", "error").field("message", error.message).field("type", error.type);
        if (engine == personality::sglang) put_param(w, error.param);
        w.field("code", error.status).end_object();
        return w.take();
    }
    if (engine == personality::tgi) {
        w.field("error", error.message).field("error_type", tgi_type(error.status)).end_object();
        return w.take();
    }
    w.key("error").begin_object();
    if (engine == personality::llamacpp) {
        w.field("code", error.status).field("message", error.message);
        const bool context = error.token_limit != 0;
        w.field("type", context ? "exceed_context_size_error" : llama_type(error.status));
        if (context) {
            w.field("n_prompt_tokens", std::uint64_t{error.prompt_tokens});
            w.field("n_ctx", std::uint64_t{error.token_limit});
        }
    } else {
        w.field("message", error.message).field("type", error.type);
        put_param(w, error.param);
        w.field("code", error.status);
    }
    w.end_object().end_object();
    return w.take();
}

std::string_view error_type(int status) {
    switch (status) {
        case 400:
            return "BadRequestError";
        case 401:
            return "AuthenticationError";
        case 404:
            return "NotFoundError";
        case 422:
            return "UnprocessableEntityError";
        case 429:
            return "RateLimitError";
        case 501:
            return "NotImplementedError";
        case 503:
            return "ServiceUnavailableError";
        default:
            return status < 500 ? "BadRequestError" : "InternalServerError";
    }
}

api_error queue_full(personality engine, int status) {
    api_error e{.status = 503, .type = "ServiceUnavailableError", .message = {}, .param = {}};
    switch (engine) {
        case personality::tgi:
            e.status = 429;
            e.message = "Model is overloaded";
            break;
        case personality::sglang:
            e.message = "The request queue is full.";
            break;
        default:
            e.message = "The server is overloaded: too many queued requests.";
            break;
    }
    if (status != 0) e.status = status;
    return e;
}

api_error unknown_model(std::string_view model) {
    return {.status = 404,
            .type = "NotFoundError",
            .message = "The model `" + std::string(model) + "` does not exist.",
            .param = "model"};
}

api_error too_long(std::size_t limit, std::size_t prompt, std::size_t output) {
    return {.status = 400,
            .type = "BadRequestError",
            .message = "This model's maximum context length is " + std::to_string(limit) +
                       " tokens. However, you requested " + std::to_string(prompt + output) +
                       " tokens (" + std::to_string(prompt) + " in the messages, " +
                       std::to_string(output) +
                       " in the completion). Please reduce the length of the messages or "
                       "completion.",
            .param = {},
            .prompt_tokens = prompt,
            .token_limit = limit};
}

api_error loading_error(personality engine) {
    return {.status = 503,
            .type = "ServiceUnavailableError",
            .message = engine == personality::tgi ? "unhealthy" : "Loading model",
            .param = {}};
}

api_error asleep_error() {
    return {.status = 503,
            .type = "ServiceUnavailableError",
            .message = "The engine is sleeping.",
            .param = {}};
}

api_error priority_error() {
    return {.status = 400,
            .type = "BadRequestError",
            .message = "Got priority but priority scheduling is not enabled.",
            .param = "priority"};
}

std::string tokens_page(const sim_options& options, const std::vector<std::uint32_t>& tokens) {
    json_writer w;
    if (options.engine == personality::tgi) {
        w.begin_array();
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            std::string text;
            append_token(text, tokens[i]);
            while (text.ends_with('\0')) text.pop_back();
            w.begin_object().field("id", std::uint64_t{tokens[i]}).field("text", text);
            w.field("start", std::uint64_t{i * token_bytes});
            w.field("stop", std::uint64_t{i * token_bytes + text.size()}).end_object();
        }
        w.end_array();
        return w.take();
    }
    w.begin_object();
    if (options.engine != personality::llamacpp) {
        w.field("count", std::uint64_t{tokens.size()});
        w.field("max_model_len", std::uint64_t{options.max_model_len});
    }
    w.key("tokens").begin_array();
    for (const auto id : tokens) w.value(std::uint64_t{id});
    w.end_array();
    if (options.engine == personality::vllm) w.key("token_strs").null();
    w.end_object();
    return w.take();
}

int status_of(personality engine, const api_error& error) {
    return engine == personality::tgi && error.status == 400 ? 422 : error.status;
}

std::span<const http::field> engine_fields(personality engine, bool stream) {
    static constexpr std::array<http::field, 2> llama{
        {{"keep-alive", "timeout=5, max=100"}, {"x-accel-buffering", "no"}}};
    if (engine != personality::llamacpp) return {};
    return std::span(llama).first(stream ? 2 : 1);
}

bool opens_early(personality engine) {
    return engine != personality::vllm && engine != personality::trtllm;
}

bool takes_any_model(personality engine) {
    return engine == personality::llamacpp || engine == personality::tgi;
}

bool is_health(personality engine, std::string_view path) {
    if (path == "/health") return true;
    switch (engine) {
        case personality::vllm:
        case personality::tgi:
            return path == "/ping";
        case personality::sglang:
            return path == "/ping" || path == "/health_generate";
        case personality::llamacpp:
            return path == "/v1/health";
        case personality::trtllm:
            return path == "/health_generate";
    }
    return false;
}

plain_answer health(personality engine, bool loading) {
    if (!loading) {
        if (engine == personality::llamacpp) return {200, "application/json", R"({"status":"ok"})"};
        return {200, "text/plain; charset=utf-8", {}};
    }
    if (engine == personality::llamacpp || engine == personality::tgi) {
        return {503, "application/json", error_body(engine, api::none, loading_error(engine))};
    }
    return {503, "text/plain; charset=utf-8", {}};
}

namespace {

void write_model(json_writer& w, personality engine, const model_entry& m, std::int64_t created,
                 std::size_t max_model_len) {
    w.begin_object().field("id", m.id).field("object", "model").field("created", created);
    const bool trtllm = engine == personality::trtllm;
    w.field("owned_by", trtllm ? "tensorrt_llm" : to_string(engine));
    if (trtllm || engine == personality::tgi) {
        w.end_object();
        return;
    }
    if (engine == personality::llamacpp) {
        w.key("meta").begin_object().field("n_ctx_train", std::uint64_t{max_model_len});
        w.end_object().end_object();
        return;
    }
    w.field("root", m.parent.empty() ? m.id : m.parent);
    w.key("parent");
    m.parent.empty() ? w.null() : w.value(m.parent);
    w.field("max_model_len", std::uint64_t{max_model_len}).end_object();
}

}  // namespace

std::string model_page(personality engine, const model_entry& model, std::int64_t created,
                       std::size_t max_model_len) {
    json_writer w;
    write_model(w, engine, model, created, max_model_len);
    return w.take();
}

std::string models_page(personality engine, const std::vector<model_entry>& models,
                        std::int64_t created, std::size_t max_model_len) {
    json_writer w;
    w.begin_object().field("object", "list").key("data").begin_array();
    for (const auto& m : models) write_model(w, engine, m, created, max_model_len);
    w.end_array().end_object();
    return w.take();
}

plain_answer not_found(personality engine) {
    if (engine == personality::llamacpp) {
        const api_error e{.status = 404, .type = {}, .message = "File Not Found", .param = {}};
        return {404, "application/json", error_body(engine, api::none, e)};
    }
    return {404, "application/json", R"({"detail":"Not Found"})"};
}

namespace {

plain_answer json(json_writer& w) { return {200, "application/json", w.take()}; }

plain_answer llama_page(std::string_view target, const sim_options& options,
                        const load_numbers& load) {
    const auto path = target.substr(0, target.find('?'));
    json_writer w;
    const bool busy = load.running >= options.max_num_seqs;
    if (path == "/slots" && busy && target.find("fail_on_no_slot=1") != target.npos) {
        const api_error e{.status = 503, .type = {}, .message = "no slot available", .param = {}};
        return {503, "application/json", error_body(personality::llamacpp, api::none, e)};
    }
    if (path == "/props") {
        w.begin_object().field("total_slots", std::uint64_t{options.max_num_seqs});
        w.field("model_path", options.models.front()).field("is_sleeping", false).end_object();
        return json(w);
    }
    if (path == "/slots") {
        w.begin_array();
        for (std::size_t i = 0; i < options.max_num_seqs; ++i) {
            w.begin_object().field("id", std::uint64_t{i});
            w.field("n_ctx", std::uint64_t{options.max_model_len});
            w.field("is_processing", i < load.running).end_object();
        }
        w.end_array();
        return json(w);
    }
    return not_found(personality::llamacpp);
}

plain_answer sglang_page(std::string_view path, const sim_options& options,
                         const load_numbers& load) {
    json_writer w;
    if (path == "/get_model_info" || path == "/model_info") {
        w.begin_object().field("model_path", options.models.front());
        w.field("is_generation", true).end_object();
        return json(w);
    }
    if (path == "/get_server_info" || path == "/server_info") {
        w.begin_object().field("model_path", options.models.front());
        w.field("page_size", std::uint64_t{options.block_size});
        w.field("max_running_requests", std::uint64_t{options.max_num_seqs}).end_object();
        return json(w);
    }
    if (path == "/v1/loads" || path == "/get_load") {
        w.begin_object().field("timestamp", load.unix_time).field("dp_rank_count", 1);
        w.key("loads").begin_array().begin_object();
        w.field("dp_rank", 0).field("num_running_reqs", std::uint64_t{load.running});
        w.field("num_waiting_reqs", std::uint64_t{load.waiting});
        w.field("num_waiting_uncached_tokens", std::uint64_t{load.waiting_uncached_tokens});
        w.field("num_total_reqs", std::uint64_t{load.running + load.waiting});
        w.field("num_used_tokens", load.used_tokens).field("max_total_num_tokens", load.max_tokens);
        w.field("token_usage", load.kv_usage).field("gen_throughput", load.gen_throughput);
        w.field("cache_hit_rate", load.hit_rate);
        w.field("utilization",
                static_cast<double>(load.running) / static_cast<double>(options.max_num_seqs));
        w.field("max_running_requests", std::uint64_t{options.max_num_seqs});
        w.end_object().end_array().end_object();
        return json(w);
    }
    return not_found(personality::sglang);
}

}  // namespace

plain_answer info_page(personality engine, std::string_view target, const sim_options& options,
                       const load_numbers& load) {
    const auto path = target.substr(0, target.find('?'));
    json_writer w;
    if (path == "/version" && engine != personality::llamacpp && engine != personality::tgi) {
        w.begin_object().field("version", "0.0.0-sim").end_object();
        return json(w);
    }
    if (path == "/load" && engine == personality::vllm) {
        w.begin_object().field("server_load", std::uint64_t{load.running + load.waiting});
        w.end_object();
        return json(w);
    }
    if (path == "/info" && engine == personality::tgi) {
        const auto tokens = std::uint64_t{options.kv_blocks} * options.block_size;
        w.begin_object().field("model_id", options.models.front());
        w.field("max_concurrent_requests", std::uint64_t{options.max_num_seqs + options.max_queue});
        w.field("max_batch_total_tokens", tokens);
        w.field("max_total_tokens", std::uint64_t{options.max_model_len}).end_object();
        return json(w);
    }
    if (engine == personality::llamacpp) return llama_page(target, options, load);
    if (engine == personality::sglang) return sglang_page(path, options, load);
    return not_found(engine);
}

}  // namespace weir::sim
