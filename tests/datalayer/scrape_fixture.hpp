#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datalayer/scraper.hpp"
#include "fake_server.hpp"
#include "loop_until.hpp"

/// A page of vLLM with every signal.
inline const std::string vllm_page =
    "vllm:num_requests_running{engine=\"0\"} 3\n"
    "vllm:num_requests_waiting{engine=\"0\"} 7\n"
    "vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\n"
    "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"100\"} 1\n"
    "vllm:lora_requests_info{max_lora=\"2\",running_lora_adapters=\"a\",waiting_lora_adapters=\"\"}"
    " 5\n";

inline weir::config::endpoint_source endpoint_at(std::uint16_t port, std::string name = "a") {
    return {"default", std::move(name), "127.0.0.1", {port}, {}, true};
}

/// A scraper of one pool on a loop that runs as long as a test waits for something.
struct scrape_fixture {
    weir::http::event_loop loop;
    weir::datalayer::endpoint_pool pool{"default", "pool"};
    weir::datalayer::scraper scrape;
    weir::http::timer ticker{loop, &scrape_fixture::tick, this};

    explicit scrape_fixture(std::vector<weir::config::endpoint_source> sources, double cpu = 1.0,
                            weir::duration (*suspended)() = &weir::suspended_time)
        : scrape(loop, {std::chrono::milliseconds(50), cpu, 1, suspended}) {
        pool.set_sources(weir::datalayer::endpoint_origin::file, std::move(sources), loop.now());
        scrape.watch(pool, std::make_shared<weir::datalayer::engine_catalog>());
        ticker.arm(std::chrono::milliseconds(10));
    }
    static void tick(void* self) {
        auto& f = *static_cast<scrape_fixture*>(self);
        f.scrape.tick();
        f.ticker.arm(std::chrono::milliseconds(10));
    }
    weir::datalayer::endpoint_state& state(std::size_t i = 0) { return *pool.members()[i]->state; }
    weir::datalayer::scrape_report report(std::size_t i = 0) {
        return scrape.job(state(i).serial)->report();
    }
    bool until(const std::function<bool()>& condition) { return loop_until(loop, condition); }
    std::uint64_t errors(weir::datalayer::scrape_error e) const {
        return scrape.counters().errors[static_cast<std::size_t>(e)];
    }
    bool until_error(weir::datalayer::scrape_error e, std::uint64_t n = 1) {
        return until([&, e, n] { return errors(e) >= n; });
    }
};
