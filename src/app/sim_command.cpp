#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "app/banner.hpp"
#include "app/options.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"
#include "sim/server.hpp"

namespace weir::app {

int run_sim(const sim_command_options& options) {
    http::event_loop loop;
    // Before any thread starts, so that all of them leave the signals to this one.
    signals stop(loop, [&loop](int number) {
        if (number == SIGINT || number == SIGTERM || number == SIGQUIT) loop.stop();
    });
    const std::vector<std::string> listen =
        options.listen.empty() ? std::vector<std::string>{"127.0.0.1:8000"} : options.listen;
    std::vector<std::unique_ptr<sim::simulator>> servers;
    for (std::size_t i = 0; i < listen.size(); ++i) {
        const auto where = http::address::parse(listen[i]);
        if (!where) {
            std::fprintf(stderr, "weir: --listen %s is not ADDR:PORT with an IP address\n",
                         listen[i].c_str());
            return exit_usage;
        }
        auto o = options.sim;
        o.seed += i;
        if (!o.name.empty() && listen.size() > 1) o.name += "-" + std::to_string(i);
        servers.push_back(std::make_unique<sim::simulator>(loop, o));
        if (const auto bound = servers.back()->listen(*where); !bound) {
            std::fprintf(stderr, "weir: cannot bind %s: %s\n", where->authority().c_str(),
                         bound.error().message().c_str());
            return exit_cannot_bind;
        }
    }
    log::start(static_cast<log::level>(options.verbosity), log_format_of(options.log));
    for (const auto& s : servers) {
        log::info("simulated model server", {{"address", "http://" + s->local().authority()},
                                             {"model", options.sim.models.front()}});
    }
    loop.run();
    servers.clear();
    log::stop();
    return exit_ok;
}

}  // namespace weir::app
