#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metric_help.hpp"
#include "base/metrics.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling {

/// Counts which stages requests went through, by model (llm-d-router head,
/// `disagg_decision_total`). Each worker counts for itself; its lock only meets the control thread.
class decision_counter {
  public:
    /// One worker's counts.
    class cells {
      public:
        void count(std::string_view model, bool encoded, bool prefilled) {
            static constexpr std::array<std::string_view, 4> types = {
                "decode-only", "prefill-decode", "encode-decode", "encode-prefill-decode"};
            const std::lock_guard guard(lock_);
            if (counts_.size() >= max_series) model = "other";
            ++counts_[{std::string(model), types[(encoded ? 2U : 0U) + (prefilled ? 1U : 0U)]}];
        }

      private:
        friend class decision_counter;
        static constexpr std::size_t max_series = 4000;

        std::mutex lock_;
        std::map<std::pair<std::string, std::string_view>, std::uint64_t> counts_;
    };

    /// What a plugin's `make_scratch` returns holds the worker's cells; they stay when it goes.
    struct worker final : plugin_scratch {
        std::shared_ptr<cells> mine;
        explicit worker(std::shared_ptr<cells> c) : mine(std::move(c)) {}
    };
    std::unique_ptr<worker> add_worker() {
        const std::lock_guard guard(lock_);
        for (const auto& c : all_) {
            if (c.use_count() == 1) return std::make_unique<worker>(c);
        }
        return std::make_unique<worker>(all_.emplace_back(std::make_shared<cells>()));
    }

    /// Under the family's name of today and that of before.
    void collect(metrics::exposition& out, std::string_view family, const std::string& name,
                 const std::string& type) const {
        const std::lock_guard guard(lock_);
        const std::string text = "Requests by the stages that were chosen for them.";
        const std::string today = "llm_d_epp_";
        const std::string twin = "llm_d_inference_scheduler_";
        for (const auto& prefix : {today, twin}) {
            const auto full = prefix + std::string(family);
            const auto help = prefix == twin
                                  ? metrics::deprecated(today + std::string(family), text)
                                  : metrics::alpha(text);
            out.declare(full, help, "counter");
            for (const auto& c : all_) {
                const std::lock_guard inner(c->lock_);
                for (const auto& [key, n] : c->counts_) {
                    out.counter(full, help,
                                {{"plugin_name", name},
                                 {"plugin_type", type},
                                 {"model_name", key.first},
                                 {"decision_type", std::string(key.second)}},
                                static_cast<double>(n));
                }
            }
        }
    }

  private:
    mutable std::mutex lock_;
    std::vector<std::shared_ptr<cells>> all_;
};

}  // namespace weir::scheduling
