#pragma once

#include <string>
#include <string_view>

#include "sim/options.hpp"
#include "sim/telemetry.hpp"

namespace weir::sim {

/// A number as the Python client prints it: `37.0`, `8.123904e+06`, `+Inf`, `NaN`.
std::string format_sample(double v);

/// Puts a page in the Prometheus text format together, family by family.
class page_writer {
  public:
    /// `created`: a `_created` gauge beside counters and histograms, with this time; negative:
    /// none.
    page_writer(std::string labels, double created)
        : labels_(std::move(labels)), created_(created) {}

    void gauge(std::string_view name, std::string_view help, double v,
               std::string_view more_labels = {});
    /// `name` without `_total`.
    void counter(std::string_view name, std::string_view help, double v,
                 std::string_view more_labels = {});
    void histogram(std::string_view name, std::string_view help, const distribution& d);
    void family(std::string_view name, std::string_view help, std::string_view type);
    /// One sample with the common labels and `more_labels` (`k="v",…`).
    void sample(std::string_view name, double v, std::string_view more_labels = {});
    /// One sample with exactly these labels.
    void bare(std::string_view name, std::string_view labels, double v);

    std::string take() { return std::move(out_); }

  private:
    void created(std::string_view name, std::string_view more_labels);

    std::string labels_;
    double created_;
    std::string out_;
};

/// The pages by engine. `full` false gives the lines a router reads and nothing else.
std::string vllm_page(const metrics_view& v, metrics_generation generation, bool full);
std::string sglang_page(const metrics_view& v, bool full);
std::string llamacpp_page(const metrics_view& v);
std::string trtllm_page(const metrics_view& v, bool full);
std::string trtllm_json(const metrics_view& v);
std::string tgi_page(const metrics_view& v, bool full);

}  // namespace weir::sim
