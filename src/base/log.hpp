#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace weir::log {

/// The verbosity at which a line appears; `--v N` shows all lines of a level <= N.
enum class level : int { error = 0, info = 1, request = 2, decision = 3, debug = 4, trace = 5 };

enum class format { text, json };

/// One key beside the message.
struct field {
    std::string_view key;
    std::string value;
    bool is_number = false;
    field(std::string_view k, std::string_view v) : key(k), value(v) {}
    field(std::string_view k, const std::string& v) : key(k), value(v) {}
    field(std::string_view k, const char* v) : key(k), value(v) {}
    field(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)), is_number(true) {}
    field(std::string_view k, std::uint64_t v)
        : key(k), value(std::to_string(v)), is_number(true) {}
    field(std::string_view k, int v) : key(k), value(std::to_string(v)), is_number(true) {}
};

/// Before the first line. Lines go to stderr through a bounded queue of their own thread; when it
/// is full the oldest lines are dropped, never the request delayed.
void start(level verbosity, format form);

/// Writes what is queued and ends the thread.
void stop();

void set_verbosity(level verbosity);
level verbosity();

/// Cheap enough for the request path; ask before building the fields of a line.
inline std::atomic<int> current_verbosity{1};
inline bool enabled(level l) {
    return static_cast<int>(l) <= current_verbosity.load(std::memory_order_relaxed);
}

/// One line. `severity` words in the output: error, warning, info.
void error(std::string_view message, std::initializer_list<field> fields = {});
void warning(std::string_view message, std::initializer_list<field> fields = {});
void info(std::string_view message, std::initializer_list<field> fields = {});
void at(level l, std::string_view message, std::initializer_list<field> fields = {});

}  // namespace weir::log
