#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fleet.hpp"
#include "policy.hpp"

namespace weir::quality {

struct settings {
    std::vector<std::string> traces;
    std::vector<std::string> workloads;
    std::vector<policy> policies;
    std::vector<double> shares{0.6, 0.8, 0.95, 1.1};
    std::string knee_of = "reference-affinity";
    double rate = 0;
    bool knees = false;
    std::size_t limit = 4000;
    double seconds = 150;
    std::size_t seeds = 1;
    fleet_options fleet;
};

/// Leaves the process with a message when a flag is wrong.
settings read_flags(const std::vector<std::string>& args);

/// A policy by its name, or `NAME=FILE`; leaves the process when it is unknown.
policy read_policy(const std::string& text);

}  // namespace weir::quality
