#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/endpoint.hpp"
#include "weir/signals.hpp"

namespace weir::scheduling::testing {

/// A pool of endpoints `ns/e0`, `ns/e1`, … at 10.0.0.1, 10.0.0.2, … with idle, fresh signals.
struct test_pool {
    std::vector<endpoint> endpoints;
    signal_columns signals;
    std::vector<std::uint32_t> ready;

    explicit test_pool(std::size_t n) {
        signals.reset(n);
        for (std::uint32_t i = 0; i < n; ++i) {
            endpoint e;
            e.name_space = "ns";
            e.name = "e" + std::to_string(i);
            e.address = "10.0.0." + std::to_string(i + 1);
            e.port = 8000;
            e.serial = i + 1;
            endpoints.push_back(std::move(e));
            signals.age_seconds[i] = 0.01;
            ready.push_back(i);
        }
    }

    /// Sorted, as the contract promises.
    void label(std::size_t i, std::string key, std::string value) {
        auto& labels = endpoints[i].labels;
        labels.emplace_back(std::move(key), std::move(value));
        std::sort(labels.begin(), labels.end());
    }
};

}  // namespace weir::scheduling::testing
