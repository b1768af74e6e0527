#include <array>
#include <memory>

#include "scheduling/profile_handlers/stages.hpp"

namespace weir::scheduling::plugins {

namespace {

class stage_headers final : public plugin_of<pre_request_hook> {
  public:
    stage_headers(std::string prefill, std::string encode)
        : prefill_name_(std::move(prefill)), encode_name_(std::move(encode)) {}

    void link(const plugin_directory& plugins) override {
        prefill_ = plugins.profile(prefill_name_);
        encode_ = plugins.profile(encode_name_);
    }

    void pre_request(const decision_context&, const candidate_view& candidates,
                     decision& chosen) override {
        write_stage_headers(prefill_, encode_, candidates.endpoints, chosen);
    }

  private:
    std::string prefill_name_;
    std::string encode_name_;
    std::uint32_t prefill_ = plugin_directory::no_profile;
    std::uint32_t encode_ = plugin_directory::no_profile;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    return std::make_unique<stage_headers>(p.text("prefillProfile", "prefill"),
                                           p.text("encodeProfile", "encode"));
}

constexpr parameter_doc docs[] = {
    {"prefillProfile", "string", "prefill",
     "profile whose first target goes to x-prefiller-host-port"},
    {"encodeProfile", "string", "encode", "profile whose targets go to x-encoder-hosts-ports"},
};
constexpr std::array<std::string_view, 1> older = {"prefill-header-handler"};

}  // namespace

extern const plugin_type disagg_headers_handler = {
    .name = "disagg-headers-handler",
    .level = stability::deprecated,
    .summary = "tells the decoder who prefilled and encoded",
    .docs = docs,
    .aliases = older,
    .make = make,
};

}  // namespace weir::scheduling::plugins
