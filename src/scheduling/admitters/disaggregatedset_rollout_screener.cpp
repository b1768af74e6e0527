#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/metrics.hpp"
#include "base/strings.hpp"
#include "scheduling/label_selector.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

struct header_selector {
    std::string name;
    std::string header;
    std::string label;
    bool strict = true;
};

enum class gating : std::uint8_t { sum, max_role, disabled };

struct settings {
    label_selector scope;
    std::vector<header_selector> headers;
    gating mode = gating::disabled;
    std::string revision_label;
    std::string role_label;
    std::vector<std::string> roles;
};

/// Whether the endpoint was made from a Pod: what a file lists is no ready Pod, so that the picker
/// counts none there.
bool is_pod(const endpoint& e) { return e.name.ends_with("-rank-" + std::to_string(e.rank)); }

/// Keeps the endpoints of one revision of a rollout, chosen at random in proportion to its ready
/// Pods.
class one_revision final : public plugin_of<screener, response_hook>, public metrics::source {
  public:
    one_revision(settings s, std::string name, std::string type)
        : s_(std::move(s)), name_(std::move(name)), type_(std::move(type)) {}

    void collect(metrics::exposition& out) const override {
        const metrics::labels own = {{"plugin_type", type_}, {"plugin_name", name_}};
        const std::string prefix = "llm_d_epp_disaggregatedset_";
        out.counter(prefix + "strict_header_no_match_total",
                    "[ALPHA] Requests whose strict header no endpoint matched.", own,
                    static_cast<double>(no_match_.load(std::memory_order_relaxed)));
        const auto* help = "[ALPHA] Share of the requests that each revision gets.";
        out.declare(prefix + "revision_gating_share", help, "gauge");
        const std::lock_guard guard(lock_);
        for (const auto& [revision, share] : shares_) {
            auto labels = own;
            labels.emplace_back("mode", s_.mode == gating::sum ? "sum" : "max-role");
            labels.emplace_back("revision", revision);
            out.gauge(prefix + "revision_gating_share", help, labels, share);
        }
    }

    void screen(const decision_context& context, const candidate_view& candidates,
                std::span<std::uint8_t> keep) override {
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            keep[i] = !s_.scope.matches(candidates.at(i)) ||
                              fits_headers(context.request, candidates.at(i))
                          ? 1
                          : 0;
        }
        if (!context.dry && !keep.empty() &&
            std::all_of(keep.begin(), keep.end(), [](auto k) { return k == 0; })) {
            no_match_.fetch_add(1, std::memory_order_relaxed);
        }
        for (const auto& h : s_.headers) prefer(h, context.request, candidates, keep);
        if (s_.mode != gating::disabled) gate(context.random, candidates, keep);
    }

    void response_header(const response_facts& facts,
                         std::vector<header_change>& changes) override {
        const auto targets = facts.chosen.primary_targets();
        if (targets.empty()) return;
        for (const auto& h : s_.headers) {
            if (const auto* value = facts.endpoints[targets[0]].label(h.label)) {
                changes.push_back({h.header, *value, false});
            }
        }
    }

  private:
    bool fits_headers(const inference_request& request, const endpoint& e) const {
        return std::all_of(s_.headers.begin(), s_.headers.end(), [&](const header_selector& h) {
            const auto wanted = request.header(h.header);
            if (!h.strict || wanted.empty()) return true;
            const auto* value = e.label(h.label);
            return value != nullptr && *value == wanted;
        });
    }

    /// Narrows to matching endpoints when there is at least one.
    void prefer(const header_selector& h, const inference_request& request,
                const candidate_view& candidates, std::span<std::uint8_t> keep) const {
        const auto wanted = request.header(h.header);
        if (h.strict || wanted.empty()) return;
        const auto matches = [&](std::size_t i) {
            const auto* value = candidates.at(i).label(h.label);
            return value != nullptr && *value == wanted;
        };
        bool any = false;
        for (std::size_t i = 0; i < keep.size(); ++i) any = any || (keep[i] != 0 && matches(i));
        for (std::size_t i = 0; any && i < keep.size(); ++i)
            keep[i] = keep[i] != 0 && matches(i) ? 1 : 0;
    }

    void gate(random_source& random, const candidate_view& candidates,
              std::span<std::uint8_t> keep) const {
        std::map<std::string, std::map<std::string, double>>
            counts;  // revision → role → ready endpoints
        std::map<std::string, double> by_role;
        for (std::size_t i = 0; i < keep.size(); ++i) {
            const auto* revision = candidates.at(i).label(s_.revision_label);
            if (keep[i] == 0 || revision == nullptr || !is_pod(candidates.at(i))) continue;
            const auto* role = candidates.at(i).label(s_.role_label);
            const auto name = role != nullptr ? *role : std::string();
            ++counts[*revision][name];
            if (wanted(name)) ++by_role[name];
        }
        std::erase_if(counts, [&](const auto& r) {
            return std::any_of(s_.roles.begin(), s_.roles.end(),
                               [&](const auto& role) { return !r.second.contains(role); });
        });
        const auto chosen = draw(random, counts, most_numerous(by_role));
        for (std::size_t i = 0; i < keep.size(); ++i) {
            const auto* revision = candidates.at(i).label(s_.revision_label);
            if (!s_.scope.matches(candidates.at(i))) continue;
            if (revision == nullptr || *revision != chosen) keep[i] = 0;
        }
    }

    bool wanted(const std::string& role) const {
        return s_.roles.empty() ||
               std::find(s_.roles.begin(), s_.roles.end(), role) != s_.roles.end();
    }

    static std::string most_numerous(const std::map<std::string, double>& by_role) {
        const auto it =
            std::max_element(by_role.begin(), by_role.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        return it == by_role.end() ? std::string() : it->first;
    }

    std::string draw(random_source& random,
                     const std::map<std::string, std::map<std::string, double>>& counts,
                     const std::string& role) const {
        std::map<std::string, double> weights;
        double sum = 0;
        for (const auto& [revision, roles] : counts) {
            double w = 0;
            for (const auto& [name, n] : roles) {
                if (s_.mode == gating::sum || name == role) w += n;
            }
            weights[revision] = w;
            sum += w;
        }
        show(weights, sum);
        double rest = random.unit() * sum;
        std::string last;
        for (const auto& [revision, w] : weights) {
            if (w <= 0) continue;
            last = revision;
            rest -= w;
            if (rest < 0) break;
        }
        return last;
    }

    void show(const std::map<std::string, double>& weights, double sum) const {
        const std::lock_guard guard(lock_);
        shares_.clear();
        for (const auto& [revision, w] : weights) shares_[revision] = sum > 0 ? w / sum : 0;
    }

    settings s_;
    std::string name_;
    std::string type_;
    std::atomic<std::uint64_t> no_match_{0};
    mutable std::mutex lock_;
    mutable std::map<std::string, double> shares_;  ///< of the last request
};

header_selector read_selector(parameters& p) {
    header_selector h;
    h.name = p.text("name", "");
    h.header = to_lower(trim(p.text("headerName", "")));
    h.label = p.text("labelKey", "");
    h.strict = p.one_of("mode", "strict", {"strict", "prefer"}) == "strict";
    if (h.header.empty()) p.reject("headerName", "headerSelectors: headerName is required");
    if (h.label.empty()) p.reject("labelKey", "headerSelectors: labelKey is required");
    return h;
}

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    settings s;
    auto& scope = p.object("scope");
    if (!scope.has("labelSelector")) scope.reject("", "scope.labelSelector is required");
    s.scope = label_selector::read(scope.object("labelSelector"));
    for (auto* item : p.objects("headerSelectors")) s.headers.push_back(read_selector(*item));
    if (!p.has("revisionGating"))
        p.reject("", "revisionGating is required", "add `revisionGating: {mode: disabled}`");
    auto& g = p.object("revisionGating");
    s.revision_label = g.text("revisionLabelKey", "disaggregatedset.x-k8s.io/revision");
    s.role_label = g.text("roleLabelKey", "disaggregatedset.x-k8s.io/role");
    const auto mode = g.one_of("mode", "sum", {"sum", "max-role", "disabled"});
    s.mode = mode == "disabled"   ? gating::disabled
             : mode == "max-role" ? gating::max_role
                                  : gating::sum;
    s.roles = g.object("requireRoles").texts("values");
    if (s.mode != gating::disabled) {
        p.warn(
            "revisionGating",
            "gating counts ready Pods by their revision label: where no Pod has it, or an "
            "endpoints "
            "file lists the endpoints, every request is a 503 `screeners eliminated all endpoint "
            "candidates`");
    }
    return std::make_unique<one_revision>(std::move(s), std::string(context.name()),
                                          std::string(context.type()));
}

constexpr parameter_doc docs[] = {
    {"scope", "object", "", "{labelSelector}: the endpoints this is about"},
    {"headerSelectors", "list", "[]", "{name, headerName, labelKey, mode: strict|prefer}"},
    {"revisionGating", "object", "",
     "{mode: sum|max-role|disabled, revisionLabelKey, roleLabelKey, requireRoles: {values}}"},
};

}  // namespace

extern const plugin_type disaggregatedset_rollout_screener = {
    .name = "disaggregatedset-rollout-screener",
    .level = stability::alpha,
    .summary = "sends each request to one revision of a rollout",
    .docs = docs,
    .aliases = {},
    .make = make,
};

}  // namespace weir::scheduling::plugins
