#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::quality {

/// One request of a workload. Content is named by ids, each standing for `trace::unit` tokens;
/// equal leading ids are a shared prefix.
struct trace_request {
    static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

    double at = 0;                 ///< seconds since the start, or since the answer to `follows`
    std::size_t follows = nobody;  ///< the request of `trace::requests` whose answer comes first
    std::size_t prompt_tokens = 0;
    std::size_t output_tokens = 0;
    std::vector<std::uint64_t> prompt;  ///< the last one may stand for fewer tokens
    std::vector<std::uint64_t> output;  ///< what will be written; empty: nobody will quote it
};

struct trace {
    std::string name;
    std::size_t unit = 512;               ///< tokens behind one id
    std::vector<trace_request> requests;  ///< in any order; each is followed by one at most

    /// Seconds until the last request that waits for no answer.
    double duration() const;
};

/// A trace in Mooncake's form, plain or gzip: one JSON object a line with `timestamp` (ms),
/// `input_length`, `output_length`, `hash_ids` (512 tokens each). At most `limit` requests (0:
/// all). Empty when it cannot be read.
trace load_trace(const std::string& path, std::size_t limit);

/// Made-up workloads: `multi-turn`, `agents`, `tenants`, `bursts`, `documents`. Conversations and
/// single requests begin during `seconds`, `rate` times as often as with 1; what follows an answer
/// keeps its own pace. Empty for an unknown name.
trace make_workload(std::string_view name, double seconds, double rate, std::uint64_t seed);

/// Names `make_workload` knows.
const std::vector<std::string>& workload_names();

/// The prompt as text: the bytes of each id, four a token. Replaces `out`.
void render_prompt(const trace& t, const trace_request& r, std::string& out);

/// Chained hashes of the full blocks that prompt and output fill. `serial` keeps outputs apart that
/// have no ids.
std::vector<std::uint64_t> block_hashes(const trace& t, const trace_request& r,
                                        std::size_t block_size, std::uint64_t serial);

}  // namespace weir::quality
