#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "weir/endpoint.hpp"

namespace weir::proxy {

/// Folds label values that come from requests: the first 1000 distinct ones of a kind keep their
/// name, later ones become `other`; names from the configuration never fold. For the process's
/// life. Values are cut at 256 bytes and made valid UTF-8. Any thread.
class label_cap {
  public:
    static constexpr std::size_t limit = 1000;

    std::string fold(std::string_view value);
    /// The same for a value that is in one combination too many: `other`, or a kept name.
    std::string fold_all(std::string_view value);
    /// A name from the configuration.
    void keep(std::string_view name);

  private:
    std::mutex mutex_;
    std::set<std::string, std::less<>> seen_;
    std::set<std::string, std::less<>> kept_;
};

/// Which combinations of label values have series of their own: the first of them, for the
/// process's life. A thousand models of a thousand flows each would be a million. Any thread.
class label_sets {
  public:
    static constexpr std::size_t limit = 4000;

    /// Whether `key`, a combination, is one of them.
    bool admit(const std::string& key);

  private:
    std::mutex mutex_;
    std::unordered_set<std::string> admitted_;
};

/// The flow of a request that names none.
inline constexpr std::string_view default_fairness_id = "default-flow";

/// The caps that all workers share.
struct label_caps {
    label_caps() { fairness.keep(default_fairness_id); }

    label_cap models;
    label_cap fairness;
    label_sets sets;
};

/// Requests and tokens under way at one endpoint; null: not shown.
struct inflight_gauges {
    metrics::cell* requests = nullptr;
    metrics::cell* tokens = nullptr;
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

    /// What is counted by endpoint, by its position in one pool view: found once each; the worker's
    /// alone.
    struct endpoint_cells {
        metrics::cell* picks = nullptr;
        inflight_gauges inflight;
    };
    std::vector<endpoint_cells> endpoints;
    std::uint64_t endpoints_pool = 0;
    std::uint64_t endpoints_view = 0;
};

/// A pick as its counter knows it.
struct counted_pick {
    std::uint64_t pool = 0;  ///< serial
    std::uint64_t view = 0;  ///< version of the pool's view
    std::uint32_t position = 0;
    const endpoint& picked;
};

/// What all series of all workers come to, for a reader that wants no labels. Since the start.
struct traffic_sums {
    struct spread {
        std::vector<double> bounds;
        std::vector<std::uint64_t> counts;  ///< by bucket, not cumulative; the last one is +Inf
        void add(const metrics::histogram& of);
    };
    double requests = 0;  ///< that were given an endpoint
    double input_tokens = 0;
    double output_tokens = 0;
    spread ttft_plain;
    spread ttft_stream;
    std::map<std::pair<std::string, std::string>, double> answers;  ///< by code and reason
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
    /// A decision that found an endpoint; `target` is the model name of `of`.
    void count_pick(request_series& of, std::string_view target, const counted_pick& pick);
    /// Where the load of such a request at that endpoint is shown.
    inflight_gauges inflight(request_series& of, const counted_pick& at, std::string_view producer);
    void count_failed_pick(std::string_view target);
    /// Every answer, weir's own and endpoints' alike.
    void count_answer(int status, std::string_view reason);
    void count_rewrite(std::string_view resource, std::string_view model, std::string_view target);

    metrics::histogram decision_seconds;    ///< of pipeline::decide
    metrics::histogram processing_seconds;  ///< from a complete request to its dispatch
    metrics::histogram response_seconds;    ///< from an answer's head to its hand-over
    metrics::cell upstream_replays;
    metrics::cell upstream_retries;
    metrics::cell client_aborts;
    metrics::cell mirrors_answered;
    metrics::cell mirrors_failed;
    metrics::cell mirrors_dropped;
    metrics::cell truncated_answers;

    void collect(metrics::exposition& out) const override;
    /// Any thread, as `collect`.
    void add_to(traffic_sums& out) const;

  private:
    void collect_series(metrics::exposition& out) const;
    void collect_counters(metrics::exposition& out) const;
    static request_series::endpoint_cells& cells_of(request_series& of, const counted_pick& at);
    metrics::cell& counter(std::string_view family, const metrics::labels& labels);
    request_series& folded_series(std::string_view model, std::string_view target,
                                  std::string_view fairness, std::string_view priority);

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
    std::array<metrics::cell*, 600> relayed_{};  ///< answers without a reason, by status
};

}  // namespace weir::proxy
