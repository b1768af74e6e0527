#include "base/log.hpp"

#include <unistd.h>

#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>

#include "base/json.hpp"
#include "base/patient_writer.hpp"

namespace weir::log {
namespace {

// Lines a stuck stderr may hold back before the oldest go.
constexpr std::size_t queue_lines = 8192;

/// A line is one write; who reads them may stand still. Used by the pool's one thread alone.
class stderr_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    void leave() { out_.leave(); }

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        out_.write({line.data(), line.size()});
    }
    void flush_() override {}

    patient_writer out_{STDERR_FILENO};
};

struct sink_state {
    std::mutex mutex;  // start and stop only
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<stderr_sink> sink;
    std::shared_ptr<spdlog::logger> logger;
    format form = format::text;
};

sink_state& state() {
    static sink_state s;
    return s;
}

std::string render(std::string_view message, std::initializer_list<field> fields, format form) {
    std::string line;
    if (form == format::json) {
        line += "\"msg\":\"";
        append_json_escaped(line, message);
        line += '"';
        for (const auto& f : fields) {
            line += ",\"";
            append_json_escaped(line, f.key);
            line += f.is_number ? "\":" : "\":\"";
            append_json_escaped(line, f.value);
            if (!f.is_number) line += '"';
        }
        return line;
    }
    append_json_escaped(line, message);
    for (const auto& f : fields) {
        if (f.value.empty()) continue;  // a person sees what there is
        const bool quoted = f.value.find(' ') != std::string::npos;
        line += "  ";
        line += f.key;
        line += quoted ? "=\"" : "=";
        append_json_escaped(line, f.value);
        if (quoted) line += '"';
    }
    return line;
}

void write(spdlog::level::level_enum severity, std::string_view message,
           std::initializer_list<field> fields) {
    auto& s = state();
    if (!s.logger) return;
    const auto line = render(message, fields, s.form);
    s.logger->log(severity, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void start(level verbosity, format form) {
    set_verbosity(verbosity);
    auto& s = state();
    const std::lock_guard lock(s.mutex);
    s.form = form;
    s.pool = std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
    s.sink = std::make_shared<stderr_sink>();
    s.logger = std::make_shared<spdlog::async_logger>(
        "weir", s.sink, s.pool, spdlog::async_overflow_policy::overrun_oldest);
    s.logger->set_level(spdlog::level::trace);
    s.logger->flush_on(spdlog::level::trace);
    s.logger->set_pattern(form == format::json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
                                               : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
                          spdlog::pattern_time_type::utc);
}

void stop() {
    auto& s = state();
    const std::lock_guard lock(s.mutex);
    if (s.sink) s.sink->leave();
    s.logger.reset();
    s.pool.reset();
}

void set_verbosity(level verbosity) {
    current_verbosity.store(static_cast<int>(verbosity), std::memory_order_relaxed);
}

level verbosity() { return static_cast<level>(current_verbosity.load(std::memory_order_relaxed)); }

void error(std::string_view message, std::initializer_list<field> fields) {
    write(spdlog::level::err, message, fields);
}

void warning(std::string_view message, std::initializer_list<field> fields) {
    if (enabled(level::info)) write(spdlog::level::warn, message, fields);
}

void info(std::string_view message, std::initializer_list<field> fields) {
    at(level::info, message, fields);
}

void at(level l, std::string_view message, std::initializer_list<field> fields) {
    if (!enabled(l)) return;
    write(l == level::trace   ? spdlog::level::trace
          : l == level::debug ? spdlog::level::debug
                              : spdlog::level::info,
          message, fields);
}

}  // namespace weir::log
