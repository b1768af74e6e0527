#pragma once

#include <cstdint>
#include <string>

#include "fleet.hpp"
#include "trace.hpp"

namespace weir::quality {

/// Something to replay: a trace from a file, or a workload made anew for every rate. The seed
/// decides what is made, or at which of its requests the file begins: seed 1 at the first.
class load {
  public:
    /// `limit` requests of the file at a time; 0: all.
    load(trace all, std::size_t limit);
    load(std::string workload, double seconds)
        : workload_(std::move(workload)), seconds_(seconds) {}

    const std::string& name() const { return workload_.empty() ? file_.name : workload_; }
    std::string title() const;

    /// With the seed of `options`.
    run_result replay_at(double rate, const policy& p, const fleet_options& options) const;

  private:
    trace part(std::uint64_t seed) const;

    trace file_;
    std::size_t limit_ = 0;
    std::string workload_;
    double seconds_ = 0;
};

}  // namespace weir::quality
