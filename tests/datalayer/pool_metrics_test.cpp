#include "datalayer/pool_metrics.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace weir::datalayer;
using weir::time_point;

namespace {

struct fixture {
    weir::http::event_loop loop;
    endpoint_pool pool{"default", "llama"};
    scraper scrape{loop, {}};
    pool_metrics source{loop, scrape, [this] { return std::vector<const endpoint_pool*>{&pool}; }};

    explicit fixture(int n) {
        std::vector<weir::config::endpoint_source> list;
        for (int i = 0; i < n; ++i) {
            list.push_back({"default",
                            "e" + std::to_string(i),
                            "10.0.0." + std::to_string(i + 1),
                            {80},
                            {},
                            true});
        }
        pool.set_sources(endpoint_origin::file, list, loop.now());
    }
    void set(std::size_t i, double waiting, double kv, weir::duration age = 0ms) {
        auto& s = *pool.members()[i]->state;
        s.waiting = waiting;
        s.running = waiting * 2;
        s.kv_usage = kv;
        s.updated_ns = weir::to_ns(loop.now() - age);
    }
    bool shows(const std::string& line) const {
        weir::metrics::exposition out;
        source.collect(out);
        const auto found = ("\n" + out.text()).find("\n" + line + "\n") != std::string::npos;
        if (!found) MESSAGE(out.text());
        return found;
    }
};

}  // namespace

TEST_SUITE("datalayer/pool_metrics") {
    TEST_CASE("mean and sample deviation are rounded to two decimals") {
        CHECK(spread({}).mean == 0);
        CHECK(spread({3}).deviation == 0);
        CHECK(spread({1, 2, 4}).mean == 2.33);
        CHECK(spread({1, 2, 4}).deviation == 1.53);
    }

    TEST_CASE("averages are over fresh and ready endpoints, the ready count over ready ones") {
        fixture f(4);
        f.set(0, 1, 0.25);
        f.set(1, 2, 0.5);
        f.set(2, 100, 1, 3s);
        f.set(3, 100, 1);
        f.pool.admin_drain("default/e3", true, f.loop.now());
        CHECK(f.shows("llm_d_epp_average_queue_size{name=\"llama\"} 1.5"));
        CHECK(f.shows("inference_pool_average_queue_size{name=\"llama\"} 1.5"));
        CHECK(f.shows("llm_d_epp_average_running_requests{name=\"llama\"} 3"));
        CHECK(f.shows("inference_pool_average_running_requests{name=\"llama\"} 3"));
        CHECK(f.shows("llm_d_epp_average_kv_cache_utilization{name=\"llama\"} 0.38"));
        CHECK(f.shows("llm_d_epp_std_dev_queue_size{name=\"llama\"} 0.71"));
        CHECK(f.shows("llm_d_epp_ready_endpoints{name=\"llama\"} 3"));
        CHECK(f.shows("inference_pool_ready_pods{name=\"llama\"} 3"));
        CHECK(f.shows(
            "llm_d_epp_per_endpoint_queue_size{model_server_endpoint=\"e1\",name=\"llama\"} 2"));
        CHECK(
            f.shows("inference_pool_per_pod_queue_size{model_server_pod=\"e1\",name=\"llama\"} 2"));
        CHECK(f.shows("weir_endpoints{name=\"llama\",namespace=\"default\",state=\"draining\"} 1"));
    }

    TEST_CASE("while nothing is fresh the averages keep their last value") {
        fixture f(1);
        f.set(0, 5, 0.5);
        CHECK(f.shows("llm_d_epp_average_queue_size{name=\"llama\"} 5"));
        f.set(0, 9, 0.5, 10s);
        CHECK(f.shows("llm_d_epp_average_queue_size{name=\"llama\"} 5"));
    }

    TEST_CASE("an empty pool shows zero ready endpoints") {
        fixture f(0);
        CHECK(f.shows("llm_d_epp_ready_endpoints{name=\"llama\"} 0"));
    }
}
