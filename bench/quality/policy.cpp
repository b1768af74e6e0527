#include "policy.hpp"

#include <cstdio>

#include "bounds.hpp"
#include "config/parse.hpp"
#include "weir/random.hpp"

namespace weir::quality {
namespace {

// The reference's newest recommendation: stick to the endpoint that holds the prompt, else the
// least token load.
constexpr std::string_view affinity_document = R"(apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: approx-prefix-cache-producer
- type: inflight-load-producer
- type: prefix-cache-affinity-filter
  parameters: {affinityThreshold: 0.8}
- type: token-load-scorer
- type: max-score-picker
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: prefix-cache-affinity-filter
  - pluginRef: token-load-scorer
  - pluginRef: max-score-picker
)";

// One target, charged as the proxy's ledger would where no plugin says otherwise.
void choose_one(const sight& s, std::uint32_t index, decision& out) {
    out.targets.push_back(index);
    out.profiles.push_back({0, profile_status::ran, 0, 1});
    out.input_tokens = static_cast<std::int64_t>(s.request.input_tokens());
}

enum class plain { random, round_robin, least_requests };

class plain_chooser final : public chooser {
  public:
    explicit plain_chooser(plain how) : how_(how) {}

    bool choose(const sight& s, decision& out) override {
        random_source random(s.seed);
        auto at = static_cast<std::size_t>(random.below(s.ready.size()));
        if (how_ == plain::round_robin) at = next_++ % s.ready.size();
        if (how_ == plain::least_requests) {
            // From a random place on, so that ties do not favour the first.
            const auto from = at;
            for (std::size_t i = 1; i < s.ready.size(); ++i) {
                const auto other = (from + i) % s.ready.size();
                if (load(s, other) < load(s, at)) at = other;
            }
        }
        choose_one(s, s.ready[at], out);
        return true;
    }

  private:
    static double load(const sight& s, std::size_t i) {
        return s.signals.inflight_requests[s.ready[i]];
    }

    plain how_;
    std::size_t next_ = 0;
};

class pipeline_chooser final : public chooser {
  public:
    explicit pipeline_chooser(std::shared_ptr<const scheduling::pipeline> made)
        : made_(std::move(made)) {}

    bool choose(const sight& s, decision& out) override {
        const scheduling::decision_input in{s.request, s.endpoints, s.signals,
                                            s.ready,   s.now,       s.seed};
        return made_->decide(in, workspace_, out);
    }
    void first_chunk(const response_facts& facts) override { made_->first_chunk(facts); }
    void complete(const response_facts& facts) override { made_->complete(facts); }

  private:
    std::shared_ptr<const scheduling::pipeline> made_;
    scheduling::workspace workspace_;
};

}  // namespace

std::vector<policy> standard_policies() {
    return {{"random", {}},
            {"round-robin", {}},
            {"least-requests", {}},
            {"reference", {}},
            {"reference-affinity", std::string(affinity_document)},
            {"weir", {}}};
}

std::vector<policy> bound_policies() {
    return {{std::string(clairvoyant), {}},
            {std::string(one_server), {}},
            {std::string(one_server_short_first), {}}};
}

std::unique_ptr<chooser> make_chooser(const policy& p) {
    if (is_bound(p.name)) return make_clairvoyant();
    if (p.name == "random") return std::make_unique<plain_chooser>(plain::random);
    if (p.name == "round-robin") return std::make_unique<plain_chooser>(plain::round_robin);
    if (p.name == "least-requests") return std::make_unique<plain_chooser>(plain::least_requests);
    config::findings found;
    config::picker_document document;
    document.origin = p.name;
    if (!p.document.empty()) {
        auto source = std::make_shared<config::source_file>();
        source->path = p.name;
        source->text = p.document;
        document.root = config::parse_single(source, found);
    }
    const auto preset = p.name == "weir" ? scheduling::preset::weir : scheduling::preset::reference;
    auto made = scheduling::pipeline::make(document, preset, found);
    if (!made) {
        for (const auto& f : found.list()) {
            std::fprintf(stderr, "%s: %s %s\n", p.name.c_str(), f.code.c_str(), f.message.c_str());
        }
        return nullptr;
    }
    return std::make_unique<pipeline_chooser>(std::move(made));
}

}  // namespace weir::quality
