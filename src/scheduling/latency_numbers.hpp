#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/metrics.hpp"

namespace weir::scheduling {

/// One answer beside what was predicted for it. Milliseconds; below zero: not known.
struct latency_outcome {
    double ttft = -1;
    double predicted_ttft = -1;
    double ttft_slo = 0;  ///< 0: the client named none
    double tpot = -1;
    double predicted_tpot = -1;
    double tpot_slo = 0;
};

/// What a predicted-latency-producer shows of its predictions, by model. One short lock a request;
/// any thread.
class latency_numbers {
  public:
    /// A prediction for the endpoint that was chosen; `seconds`: what predicting took.
    void predicted(std::string_view model, std::string_view target, const latency_outcome& what,
                   double seconds);
    void observed(std::string_view model, std::string_view target, const latency_outcome& what);

    void collect(metrics::exposition& out, const std::string& name, const std::string& type) const;

  private:
    struct dimension {
        explicit dimension(std::span<const double> bounds);
        void note(double observed, double predicted, double slo);

        metrics::histogram seen;
        metrics::histogram foreseen;
        metrics::histogram took;
        double last_seen = -1;
        double last_foreseen = -1;
        double last_slo = 0;
        double violations = 0;
    };
    struct cells {
        cells();
        dimension ttft;
        dimension tpot;
    };
    using key = std::pair<std::string, std::string>;

    cells& cells_of(std::string_view model, std::string_view target);
    static void collect_dimension(metrics::exposition& out, const std::string& what,
                                  const dimension& of, const metrics::labels& plugin,
                                  const metrics::labels& models);

    mutable std::mutex mutex_;
    std::map<key, cells> all_;
};

}  // namespace weir::scheduling
