#pragma once

#include "plugin_fixture.hpp"

namespace weir::scheduling::testing {

/// What the scorers have in common that rate one signal by its place between the candidates' least
/// and most.
inline void check_lowest_is_best(std::string_view type,
                                 std::vector<double> signal_columns::*column) {
    test_pool pool(4);
    struct row {
        scores values;
        scores want;
    };
    for (const auto& [values, want] : {
             row{{0, 5, 10, 2}, {1, 0.5, 0, 0.8}},  // (10 - v) / 10
             row{{3, 3, 3, 3}, {1, 1, 1, 1}}, row{{0, 0, 0, 0}, {1, 1, 1, 1}},
             row{{7, 8, 8, 8}, {1, 0, 0, 0}},
             row{{100, 104, 101, 103}, {1, 0, 0.75, 0.25}},  // (104 - v) / 4
         }) {
        pool.signals.*column = values;
        CHECK(near(one_plugin(type).scored(pool), want));
    }
    // Endpoints that are no candidates do not count.
    pool.signals.*column = {0, 4, 8, 0};
    pool.ready = {1, 2};
    CHECK(near(one_plugin(type).scored(pool), scores{1, 0}));
    pool.ready = {2};
    CHECK(near(one_plugin(type).scored(pool), scores{1}));
    // Parameters are ignored, even impossible ones.
    CHECK(errors_of(type, "{threshold: x, y: [1]}") == "");
}

}  // namespace weir::scheduling::testing
