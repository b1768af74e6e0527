#include "app/banner.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "app/version.hpp"

namespace weir::app {
namespace {

/// The one thing that is wrong, if any.
std::string trouble_of(const start_facts& facts) {
    if (!facts.runtime->model->missing_pool.empty()) {
        return "no file defines the pool " + facts.runtime->model->missing_pool + " (--pool-name)";
    }
    for (const auto& f : facts.findings->list()) {
        if (f.level == config::severity::warning)
            return f.message + " (" + f.code + ", see weir check)";
    }
    for (const auto& p : facts.pools) {
        if (p.total == 0)
            return "pool " + p.id + " has no endpoints: its requests get 503 no healthy upstream";
    }
    for (const auto& p : facts.pools) {
        if (p.silent.empty()) continue;
        const auto more = p.silent.size() - 1;
        return "the metrics of " + p.silent.front() + " cannot be read" +
               (more == 0 ? std::string() : ", nor those of " + std::to_string(more) + " more") +
               (facts.admin.empty() ? "" : "; see /v1/endpoints");
    }
    return {};
}

/// `file:line:column`, or the path alone where there is no line.
std::string place_of(const config::span& at) {
    if (at.file == nullptr) return {};
    if (at.start.line == 0) return at.file->path;
    return at.file->path + ":" + std::to_string(at.start.line) + ":" +
           std::to_string(at.start.column);
}

}  // namespace

std::string describe_source(const serve_options& options) {
    const auto& load = options.load;
    std::string out;
    for (const auto& f : load.filenames)
        out += (out.empty() ? "" : ", ") + (f == "-" ? std::string("stdin") : f);
    if (!load.endpoints.empty()) {
        const auto count = load.endpoints.size();
        out += (out.empty() ? "" : ", ") + std::to_string(count);
        out += options.simulated ? " simulated model server" : " --endpoint";
        if (options.simulated && count != 1) out += "s";
    }
    for (const auto& f : load.endpoints_files) out += (out.empty() ? "" : ", ") + f;
    if (out.empty()) out = load.config_file;
    return out.empty() ? "command line" : out;
}

std::string version_text() { return std::string("weir ") + version; }

log::format log_format_of(log_form form) {
    if (form == log_form::text) return log::format::text;
    if (form == log_form::json) return log::format::json;
    return ::isatty(STDERR_FILENO) != 0 ? log::format::text : log::format::json;
}

void print_start(const start_facts& facts) {
    std::string data;
    for (const auto& url : facts.urls) data += (data.empty() ? "" : ", ") + url;
    std::string pools;
    for (const auto& p : facts.pools) {
        pools += (pools.empty() ? "" : ", ") + p.id + " " + std::to_string(p.ready) + "/" +
                 std::to_string(p.total);
    }
    const auto& o = *facts.options;
    const auto trouble = trouble_of(facts);
    const std::string admin = facts.admin.empty() ? "off" : "http://" + facts.admin + "/";
    const bool terminal = ::isatty(STDERR_FILENO) != 0 && o.log != log_form::json;
    if (terminal && o.verbosity >= 1) {
        std::fprintf(stderr, "%s\n", version_text().c_str());
        std::fprintf(stderr, "  configuration  %s\n", describe_source(o).c_str());
        std::fprintf(stderr, "  data           %s\n", data.empty() ? "no listener" : data.c_str());
        std::fprintf(stderr, "  admin          %s\n", admin.c_str());
        if (!pools.empty()) std::fprintf(stderr, "  pools          %s ready\n", pools.c_str());
        if (!trouble.empty()) std::fprintf(stderr, "  attention      %s\n", trouble.c_str());
        if (!facts.hint.empty()) std::fprintf(stderr, "\n%s\n", facts.hint.c_str());
    } else {
        log::info("started", {{"version", version},
                              {"configuration", describe_source(o)},
                              {"data", data},
                              {"admin", admin},
                              {"pools", pools}});
        log_findings(*facts.findings);
        const bool said = facts.findings->count(config::severity::warning) != 0;
        if (!trouble.empty() && !said) log::warning(trouble);
    }
    if (!terminal && !facts.hint.empty()) std::fprintf(stderr, "%s\n", facts.hint.c_str());
    if (!facts.skipped.empty()) {
        std::string list;
        for (const auto& s : facts.skipped) list += (list.empty() ? "" : ", ") + s;
        log::info("kinds that weir does not read were skipped", {{"resources", list}});
    }
}

bool takes_colour(int fd) {
    const char* refused = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
    return ::isatty(fd) != 0 && !dumb && (refused == nullptr || *refused == '\0');
}

void print_findings(const config::findings& found) {
    const auto text = config::render_text(found, takes_colour(STDERR_FILENO));
    std::fputs(text.c_str(), stderr);
}

void log_findings(const config::findings& found) {
    for (const auto& f : found.list()) {
        const auto place = place_of(f.at);
        if (f.level == config::severity::error) {
            log::error(f.message, {{"code", f.code}, {"at", place}, {"help", f.help}});
        } else if (f.level == config::severity::warning) {
            log::warning(f.message, {{"code", f.code}, {"at", place}, {"help", f.help}});
        }
    }
}

std::vector<std::string> watched_paths(const config::load_options& load) {
    std::vector<std::string> out;
    for (const auto& f : load.filenames) {
        if (f != "-") out.push_back(f);
    }
    if (!load.config_file.empty()) out.push_back(load.config_file);
    return out;
}

std::vector<std::string> watched_endpoints_files(const std::vector<config::pool>& pools) {
    std::vector<std::string> out;
    for (const auto& p : pools) {
        if (!p.endpoints_file.empty() && p.watch_endpoints_file) out.push_back(p.endpoints_file);
    }
    return out;
}

}  // namespace weir::app
