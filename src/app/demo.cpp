#include <cstdio>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "app/options.hpp"
#include "app/process.hpp"
#include "sim/server.hpp"

namespace weir::app {
namespace {

/// Simulated model servers on a thread of their own, on ports the kernel chooses.
class demo_servers {
  public:
    explicit demo_servers(int count) {
        for (int i = 0; i < count; ++i) {
            sim::sim_options o;
            o.models = {"demo"};
            o.name = "sim-" + std::to_string(i);
            o.seed = static_cast<std::uint64_t>(i);
            o.inter_token_time = std::chrono::milliseconds(20);
            servers_.push_back(std::make_unique<sim::simulator>(loop_, o));
        }
    }
    ~demo_servers() {
        if (!thread_.joinable()) return;
        loop_.stop();
        thread_.join();
    }

    bool listen() {
        for (auto& s : servers_) {
            if (!s->listen(*http::address::parse("127.0.0.1", 0))) return false;
        }
        return true;
    }
    std::vector<std::string> urls() const {
        std::vector<std::string> out;
        for (const auto& s : servers_) out.push_back("http://" + s->local().authority());
        return out;
    }
    void start() {
        thread_ = std::thread([this] { loop_.run(); });
    }

  private:
    http::event_loop loop_;
    std::vector<std::unique_ptr<sim::simulator>> servers_;
    std::thread thread_;
};

/// The simulated servers stand in for the endpoints of the only pool; manifests with several pools
/// keep their own.
void use_simulated(serve_options& options, std::vector<std::string> urls) {
    auto load = options.load;
    load.endpoints = std::move(urls);
    if (!load.filenames.empty() && !config::load(load).usage_error.empty()) return;
    options.load.endpoints = std::move(load.endpoints);
    options.simulated = true;
}

}  // namespace

int run_demo(serve_options options) {
    if (!load_plugins(options.plugins)) return exit_invalid;
    demo_servers servers(options.demo_endpoints);
    if (!servers.listen()) {
        std::fprintf(stderr, "weir: cannot bind the simulated model servers on 127.0.0.1\n");
        return exit_cannot_bind;
    }
    if (options.load.endpoints.empty() && options.load.endpoints_files.empty())
        use_simulated(options, servers.urls());
    process gateway(options);
    gateway.on_ready_to_run = [&servers] { servers.start(); };
    gateway.hint = [](const std::string& address) {
        return "curl http://" + address +
               "/v1/chat/completions -H 'content-type: application/json' -d "
               R"('{"model":"demo","messages":[{"role":"user","content":"Hello"}]}')";
    };
    return gateway.run();
}

}  // namespace weir::app
