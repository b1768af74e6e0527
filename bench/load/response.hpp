#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// The value of a field of a head whose lines end in CRLF, or empty; `name` in any case.
std::string_view head_field(std::string_view head, std::string_view name);

/// Follows one HTTP/1.1 response through the reads it arrives in: status, end of the body,
/// server-sent events. The bytes themselves are not kept.
class response_reader {
  public:
    enum class state { head, sized_body, chunk_size, chunk_data, chunk_end, trailer, done, broken };

    /// Begins the next response.
    void reset() { *this = response_reader{}; }

    /// Takes bytes; returns how many belonged to this response.
    std::size_t consume(std::string_view bytes);

    bool done() const { return state_ == state::done; }
    bool broken() const { return state_ == state::broken; }
    bool head_complete() const { return state_ != state::head && state_ != state::broken; }
    int status() const { return status_; }

    /// Whole events so far (`data: …` up to its empty line), `[DONE]` and error events included.
    std::int64_t events() const { return events_; }
    std::int64_t body_bytes() const { return body_bytes_; }
    bool saw_error_event() const { return saw_error_; }

    /// The last stamp (`"t":NANOSECONDS` at the front of an event) that came whole in one piece, or
    /// 0; taking it clears it.
    std::int64_t take_stamp();

  private:
    std::size_t take_head(std::string_view bytes);
    std::size_t take_size(std::string_view bytes);
    std::size_t take_data(std::string_view bytes);
    std::size_t take_line(std::string_view bytes, state empty, state other);
    void read_head();
    void count_events(std::string_view payload);

    state state_ = state::head;
    int status_ = 0;
    std::string head_;
    std::size_t left_ = 0;
    std::size_t line_length_ = 0;
    std::int64_t events_ = 0;
    std::int64_t body_bytes_ = 0;
    std::int64_t stamp_ = 0;
    bool is_stream_ = false;
    bool saw_error_ = false;
    char last_ = 0;
};

}  // namespace bench
