#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

class encoded_items final : public plugin_of<scorer> {
  public:
    explicit encoded_items(data_slot share) : share_(share) {}

    void score(const decision_context&, const candidate_view& candidates,
               std::span<double> scores) const override {
        const auto& share = candidates.data->numbers[share_];
        for (std::size_t i = 0; i < candidates.size(); ++i) scores[i] = share.get(candidates[i], 0);
    }

  private:
    data_slot share_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    const auto producer = p.text("producerName", "");
    return std::make_unique<encoded_items>(
        context.consume(data_kind::encoder_match, producer, data_need::required));
}

constexpr parameter_doc docs[] = {
    {"producerName", "string", "mm-embeddings-cache-producer", "whose matches to read"},
};

}  // namespace

extern const plugin_type mm_embeddings_cache_scorer = {
    .name = "mm-embeddings-cache-scorer",
    .level = stability::beta,
    .summary = "share of the request's images that an endpoint has encoded before",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
