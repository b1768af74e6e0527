#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "payload/json_index.hpp"
#include "payload/model_splicer.hpp"
#include "payload/usage.hpp"

namespace weir::payload {

/// Puts the client's own model name back into an answer after a rewrite: the top-level `model` of a
/// JSON body and of each event of a stream, and the `model` of its `response` (responses API) or
/// `message` (Anthropic). Only the bytes of the name change. What is no JSON, and an event that is
/// too long, passes unread. One thread.
class model_restorer {
  public:
    static constexpr std::size_t max_event = std::size_t{64} << 10;
    static constexpr std::size_t max_json = std::size_t{1} << 20;

    /// `scratch` is one a thread, shared by all readers of it.
    model_restorer(answer_kind kind, std::string_view client_model, json_index& scratch);

    /// Appends to `out` what may go to the client now. A JSON body is held up to `max_json`: when
    /// `feed` has put nothing out, what `finish` puts out is the whole body and its length is
    /// known.
    void feed(std::string_view bytes, std::string& out);

    /// The body has ended: appends the rest.
    void finish(std::string& out);

    /// What was put out of a stream ends where an event ends.
    bool at_boundary() const { return !passing_; }

  private:
    void feed_stream(std::string_view bytes, std::string& out);
    void events(std::string_view text, std::string& out);
    void event(std::string_view text, std::string& out);
    void hold(std::string_view text, std::string& out);
    /// Appends `text` with the names changed that are found in `json`, which lies at `offset` of
    /// it.
    void splice(std::string_view text, std::string_view json, std::size_t offset, std::string& out);

    answer_kind kind_;
    bool passing_ = false;  ///< the event (or body) at hand is too long to be held
    std::string quoted_;    ///< the name as a JSON string
    std::string held_;
    sse_boundary boundary_;
    model_splicer long_json_;
    json_index& scratch_;
};

}  // namespace weir::payload
