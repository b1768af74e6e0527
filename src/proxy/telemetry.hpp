#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"

namespace weir::proxy {

/// Folds label values that come from requests: the first 1000 distinct ones of a kind keep their
/// name, later ones become `other`; names from the configuration never fold. For the process's
/// life. Any thread.
class label_cap {
  public:
    static constexpr std::size_t limit = 1000;

    std::string fold(std::string_view value);

  private:
    std::mutex mutex_;
    std::map<std::string, bool, std::less<>> seen_;
};

/// The caps that all workers share.
struct label_caps {
    label_cap models;
    label_cap fairness;
};

/// The numbers of one combination of model, target model, fairness id and priority, in one worker.
struct request_series {
    explicit request_series(metrics::labels l);

    metrics::labels labels;  ///< model_name, target_model_name, fairness_id, priority
    metrics::cell total;
    metrics::cell running;
    metrics::histogram duration;
    metrics::histogram request_size;
    metrics::histogram response_size;
    metrics::histogram input_tokens;
    metrics::histogram output_tokens;
    metrics::histogram cached_tokens;
    metrics::histogram ntpot;
    metrics::histogram ttft_plain;
    metrics::histogram ttft_stream;
    metrics::histogram tpot;
    metrics::histogram itl;
};

/// One worker's numbers. The worker writes without locks; `collect` may run on any thread
/// meanwhile.
class telemetry final : public metrics::source {
  public:
    explicit telemetry(label_caps& caps);
    ~telemetry() override;

    /// The series of these labels; stable for the process's life. Worker thread.
    request_series& series(std::string_view model, std::string_view target,
                           std::string_view fairness, int priority);
    void count_error(const request_series& of, std::string_view error_code);
    void count_attempt(bool success, std::string_view target, std::string_view endpoint_name,
                       std::string_view name_space, std::uint16_t port);
    /// Every answer, weir's own and endpoints' alike.
    void count_answer(int status, std::string_view reason);
    void count_rewrite(std::string_view resource, std::string_view model, std::string_view target);

    metrics::histogram decision_seconds;    ///< of pipeline::decide
    metrics::histogram processing_seconds;  ///< from a complete request to its dispatch
    metrics::cell upstream_replays;
    metrics::cell upstream_retries;
    metrics::cell client_aborts;
    metrics::cell mirrors_answered;
    metrics::cell mirrors_failed;
    metrics::cell mirrors_dropped;
    metrics::cell truncated_answers;

    void collect(metrics::exposition& out) const override;

  private:
    void collect_series(metrics::exposition& out) const;
    void collect_counters(metrics::exposition& out) const;
    metrics::cell& counter(std::string_view family, const metrics::labels& labels);
    /// The counter of these label values if it is known: nothing is built to find it.
    metrics::cell* known(std::string_view family, std::initializer_list<std::string_view> values);

    label_caps& caps_;
    mutable std::mutex mutex_;  ///< held to add a series and to read them all, never to count
    std::unordered_map<std::string, std::unique_ptr<request_series>> series_;
    std::string key_;
    std::string last_key_;
    request_series* last_ = nullptr;
    struct counted {
        std::string family;
        metrics::labels labels;
        metrics::cell value;
    };
    std::unordered_map<std::string, std::unique_ptr<counted>> counters_;
};

}  // namespace weir::proxy
