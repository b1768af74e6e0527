#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.hpp"
#include "sim/api_request.hpp"
#include "sim/options.hpp"

namespace weir::sim {

/// An answer made of one piece.
struct plain_answer {
    int status = 200;
    std::string_view content_type = "application/json";
    std::string body;
};

/// The body of an error as `engine` writes it: nested (`vllm`, `llamacpp`), flat (`sglang`,
/// `trtllm`), a pair of texts
/// (`tgi`), or Anthropic's on its path.
std::string error_body(personality engine, api kind, const api_error& error);

/// vLLM's name for errors of that status.
std::string_view error_type(int status);

/// What `engine` answers when its queue is full; `status` 0 takes its own.
api_error queue_full(personality engine, int status);
api_error unknown_model(std::string_view model);
api_error too_long(std::size_t limit, std::size_t prompt, std::size_t output);
api_error loading_error(personality engine);
api_error asleep_error();
/// vLLM refuses a priority that its queue does not know.
api_error priority_error();

/// The answer of `/tokenize`.
std::string tokens_page(const sim_options& options, const std::vector<std::uint32_t>& tokens);

/// The status `engine` gives that error: TGI calls what it cannot validate a 422.
int status_of(personality engine, const api_error& error);

/// Header fields that `engine` adds to answers that are no errors.
std::span<const http::field> engine_fields(personality engine, bool stream);

/// True when the engine's port is open while its model loads; the others refuse connects.
bool opens_early(personality engine);

/// True when the engine serves any model name (llama.cpp, TGI).
bool takes_any_model(personality engine);

/// True for the paths at which `engine` tells its health.
bool is_health(personality engine, std::string_view path);

/// `/health` and its siblings while the server is well, or still loading.
plain_answer health(personality engine, bool loading);

/// One model or adapter as `/v1/models` lists it.
struct model_entry {
    std::string id;
    std::string parent;  ///< base model of an adapter
};
std::string model_page(personality engine, const model_entry& model, std::int64_t created,
                       std::size_t max_model_len);
std::string models_page(personality engine, const std::vector<model_entry>& models,
                        std::int64_t created, std::size_t max_model_len);

/// Numbers for the engines' own JSON pages.
struct load_numbers {
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::size_t waiting_uncached_tokens = 0;
    double kv_usage = 0;
    double hit_rate = 0;        ///< of prompt tokens, since the start
    double gen_throughput = 0;  ///< tokens a second, lately
    double unix_time = 0;
    std::uint64_t used_tokens = 0;
    std::uint64_t max_tokens = 0;
    std::uint64_t steps = 0;
};

/// The answer to a path that the engine does not have.
plain_answer not_found(personality engine);

/// The informational GET pages that `engine` has beside the common ones (`/version`, `/props`,
/// `/slots`, `/info`,
/// `/v1/loads`, …); status 404 for a path it does not know.
plain_answer info_page(personality engine, std::string_view target, const sim_options& options,
                       const load_numbers& load);

}  // namespace weir::sim
