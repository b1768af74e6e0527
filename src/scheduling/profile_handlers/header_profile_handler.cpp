#include <memory>

#include "base/strings.hpp"
#include "scheduling/header_reader.hpp"
#include "scheduling/profile_handlers/stages.hpp"

namespace weir::scheduling::plugins {

namespace {

/// A request header names the profile.
class by_header final : public plugin_of<profile_handler>, public header_reader {
  public:
    by_header(std::string header, std::string fallback)
        : header_(std::move(header)), fallback_(std::move(fallback)) {}

    std::string bind(std::span<const std::string> profiles) override {
        profiles_.assign(profiles.begin(), profiles.end());
        return {};
    }

    void next_profiles(decision_context& context, const candidate_view&, decision& so_far,
                       std::vector<std::uint32_t>& next) const override {
        if (!so_far.profiles.empty()) return;
        if (profiles_.size() == 1) {
            next.push_back(0);
            return;
        }
        const auto written = trim(context.request.header(header_));
        const auto number =
            profile_number(profiles_, written.empty() ? std::string_view(fallback_) : written);
        if (number) next.push_back(*number);
    }

    std::string conclude(const decision_context&, const candidate_view&,
                         decision& result) const override {
        result.primary = result.profiles.empty() ? 0 : result.profiles[0].profile;
        if (!result.primary_targets().empty()) return {};
        return "failed to run scheduler profile '" + profiles_[result.primary] + "'";
    }

    std::vector<std::string> headers_read() const override { return {header_}; }

  private:
    std::string header_;
    std::string fallback_;
    std::vector<std::string> profiles_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    auto header = to_lower(trim(p.text("headerName", "EPP-Profile")));
    auto fallback = std::string(trim(p.text("defaultProfile", "decode")));
    if (header.empty()) header = "epp-profile";
    if (fallback.empty()) fallback = "decode";
    return std::make_unique<by_header>(std::move(header), std::move(fallback));
}

constexpr parameter_doc docs[] = {
    {"headerName", "string", "EPP-Profile", "the request header that names the profile"},
    {"defaultProfile", "string", "decode", "the profile without that header"},
};

}  // namespace

extern const plugin_type header_profile_handler = {
    .name = "header-profile-handler",
    .level = stability::alpha,
    .summary = "a request header names the scheduling profile",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
