#include <memory>

#include "scheduling/profile_handlers/stages.hpp"

namespace weir::scheduling::plugins {

namespace {

/// Sends everything to one port and names the chosen rank in a header.
class data_parallel final : public plugin_of<profile_handler> {
  public:
    explicit data_parallel(std::int32_t port) : port_(port) {}

    std::string bind(std::span<const std::string> profiles) override {
        if (profiles.size() == 1) return {};
        return "data-parallel-profile-handler is intended for one scheduling profile, got " +
               std::to_string(profiles.size());
    }

    void next_profiles(decision_context&, const candidate_view&, decision& so_far,
                       std::vector<std::uint32_t>& next) const override {
        if (so_far.profiles.empty()) next.push_back(0);
    }

    std::string conclude(const decision_context&, const candidate_view& candidates,
                         decision& result) const override {
        result.primary = 0;
        const auto targets = result.primary_targets();
        if (targets.empty()) return "failed to run the scheduler profile";
        set_header(result, data_parallel_header, candidates.endpoints[targets[0]].authority());
        // The reference writes port 0 literally, which nobody can connect to; here 0 leaves the
        // port alone.
        if (port_ != 0) result.port_override = port_;
        return {};
    }

  private:
    std::int32_t port_;
};

std::unique_ptr<plugin> make(parameters& p, plugin_context&) {
    return std::make_unique<data_parallel>(
        static_cast<std::int32_t>(p.integer("primaryPort", 8000, between(0, 65535))));
}

constexpr parameter_doc docs[] = {
    {"primaryPort", "int", "8000", "the port all ranks are reached at; 0: the endpoint's own"},
};

}  // namespace

extern const plugin_type data_parallel_profile_handler = {
    .name = "data-parallel-profile-handler",
    .level = stability::beta,
    .summary = "one port for all ranks, the chosen one in x-data-parallel-host-port",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
