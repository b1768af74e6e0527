#include <cmath>
#include <memory>

#include "scheduling/detector_plugin.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

using config::concurrency_mode;

/// Saturation is computed by flow control; as a filter it keeps endpoints below their cap and may
/// leave none.
class concurrency final : public plugin_of<filter>, public detector_plugin {
  public:
    explicit concurrency(const config::detector_settings& s) : s_(s) {}

    const config::detector_settings& detector() const override { return s_; }

    void apply(const decision_context&, const candidate_view& candidates,
               std::span<std::uint8_t> keep) const override {
        const double requests =
            std::trunc(static_cast<double>(s_.max_concurrency) * (1 + s_.headroom));
        const double tokens =
            std::trunc(static_cast<double>(s_.max_token_concurrency) * (1 + s_.headroom));
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const auto e = candidates[i];
            const bool few = candidates.signals->inflight_requests[e] < requests;
            const bool small = candidates.signals->inflight_tokens[e] < tokens;
            const bool fits = s_.mode == concurrency_mode::requests ? few
                              : s_.mode == concurrency_mode::tokens ? small
                                                                    : few && small;
            keep[i] = fits ? 1 : 0;
        }
    }

  private:
    config::detector_settings s_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    config::detector_settings s;
    s.kind = config::detector_kind::concurrency;
    s.name = context.name();
    s.max_concurrency = p.integer("maxConcurrency", s.max_concurrency, above(0));
    s.max_token_concurrency = p.integer("maxTokenConcurrency", s.max_token_concurrency, above(0));
    s.headroom = p.number("headroom", 0, at_least(0));
    const auto mode = p.one_of("concurrencyMode", "requests", {"requests", "tokens", "hybrid"});
    s.mode = mode == "tokens"   ? concurrency_mode::tokens
             : mode == "hybrid" ? concurrency_mode::hybrid
                                : concurrency_mode::requests;
    context.consume(data_kind::inflight_load, p.text("inFlightLoadProducerName", ""),
                    data_need::required);
    return std::make_unique<concurrency>(s);
}

constexpr parameter_doc docs[] = {
    {"maxConcurrency", "int", "100", "requests in flight at which an endpoint counts as full"},
    {"maxTokenConcurrency", "int", "1000000",
     "tokens in flight at which an endpoint counts as full"},
    {"concurrencyMode", "string", "requests", "requests, tokens or hybrid"},
    {"headroom", "float", "0", "as a filter: share by which the caps may be passed"},
    {"inFlightLoadProducerName", "string", "inflight-load-producer", "whose load to read"},
};

}  // namespace

extern const plugin_type concurrency_detector = {
    .name = "concurrency-detector",
    .level = stability::beta,
    .summary =
        "saturation from requests or tokens in flight; as a filter keeps endpoints below their cap",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
