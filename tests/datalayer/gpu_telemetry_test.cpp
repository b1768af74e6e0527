#include "datalayer/gpu_telemetry.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace weir::datalayer;

TEST_SUITE("datalayer/gpu_telemetry") {
    TEST_CASE("the busiest GPU counts, of those that are the endpoint's") {
        const struct {
            const char* page;
            const char* name;
            double use;
        } cases[] = {
            {"DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} 40\nDCGM_FI_DEV_GPU_UTIL{gpu=\"1\"} 85\n", "a", 0.85},
            {"DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",pod=\"a\"} 40\n"
             "DCGM_FI_DEV_GPU_UTIL{gpu=\"1\",pod=\"b\"} 85\n",
             "a", 0.4},
            {"DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",pod=\"a\"} 40\n", "a-rank-1", 0.4},
            {"DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",pod=\"\"} 40\n", "a", 0.4},
            {"DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} NaN\nDCGM_FI_DEV_GPU_UTIL{gpu=\"1\"} 0\n", "a", 0},
            {"DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} 130\n", "a", 1},
        };
        for (const auto& c : cases) {
            CAPTURE(c.page);
            CHECK(busiest_gpu(c.page, c.name) == doctest::Approx(c.use));
        }
    }

    TEST_CASE("a page that does not tell says so") {
        for (const char* page :
             {"", "<html>", "DCGM_FI_DEV_GPU_TEMP{gpu=\"0\"} 40\n",
              "DCGM_FI_DEV_GPU_UTIL{pod=\"other\"} 40\n", "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} -1\n"}) {
            CAPTURE(page);
            CHECK(std::isnan(busiest_gpu(page, "a")));
        }
    }
}
