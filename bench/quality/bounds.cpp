#include "bounds.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "weir/random.hpp"

namespace weir::quality {
namespace {

double in_seconds(duration d) { return std::chrono::duration<double>(d).count(); }

/// Seconds until the request would have its first token on `e`, if nobody else came.
double first_token(const sim::engine& e, const sight& s) {
    const auto& o = e.options();
    const auto prompt = s.request.input_tokens();
    const auto held = std::min(e.cache().match(s.block_hashes) * o.block_size, prompt - 1);
    const auto ahead = static_cast<double>(e.prefill_ahead() + prompt - held);
    const auto step =
        in_seconds(o.step_base) + in_seconds(o.decode_seq) * static_cast<double>(e.running());
    return ahead *
           (in_seconds(o.prefill_token) + step / static_cast<double>(o.max_num_batched_tokens));
}

class clairvoyant_chooser final : public chooser {
  public:
    bool choose(const sight& s, decision& out) override {
        random_source random(s.seed);
        // From a random place on, so that ties do not favour the first.
        const auto from = static_cast<std::size_t>(random.below(s.ready.size()));
        auto best = s.ready[from];
        auto earliest = std::numeric_limits<double>::max();
        for (std::size_t i = 0; s.ready.size() > 1 && i < s.ready.size(); ++i) {
            const auto e = s.ready[(from + i) % s.ready.size()];
            const auto at = first_token(s.engines[e], s);
            if (at < earliest) best = e;
            earliest = std::min(earliest, at);
        }
        out.targets.push_back(best);
        out.profiles.push_back({0, profile_status::ran, 0, 1});
        out.input_tokens = static_cast<std::int64_t>(s.request.input_tokens());
        return true;
    }
};

}  // namespace

bool is_bound(std::string_view name) {
    return name == clairvoyant || name == one_server || name == one_server_short_first;
}

sim::engine_options merge_engines(sim::engine_options one, std::size_t n, bool short_first) {
    const auto parts = static_cast<duration::rep>(n);
    one.max_num_seqs *= n;
    one.max_num_batched_tokens *= n;
    one.num_blocks *= n;
    one.prefill_token /= parts;
    one.decode_seq /= parts;
    if (short_first) one.policy = sim::queue_policy::priority;
    return one;
}

std::unique_ptr<chooser> make_clairvoyant() { return std::make_unique<clairvoyant_chooser>(); }

}  // namespace weir::quality
