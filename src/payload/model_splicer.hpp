#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::payload {

/// Replaces the model name in a JSON object that arrives in pieces and is too long to be held: the
/// string value of its top-level `model`, and of the `model` of its `response` or `message`. All
/// other bytes pass as they are, at once. What is no JSON object passes unread. One thread.
class model_splicer {
  public:
    /// Appends to `out` what goes to the client. `quoted` is the name as a JSON string.
    void feed(std::string_view bytes, std::string_view quoted, std::string& out);

  private:
    enum class place : std::uint8_t {
        start,      ///< nothing but white space so far
        structure,  ///< between tokens, or in a number or literal
        text,       ///< in a string that is of no interest
        key,        ///< in a key that may be one of the known ones
        name,       ///< in the value that is replaced
        unread,     ///< no object
    };
    enum class member : std::uint8_t { other, model, inner };

    void structure(char c);
    void end_key();
    bool watched() const { return depth_ == 1 || (depth_ == 2 && inner_); }

    place place_ = place::start;
    member member_ = member::other;  ///< of the key read last
    std::uint32_t depth_ = 0;
    bool inner_ = false;     ///< inside `response` or `message`
    bool key_next_ = false;  ///< a string here is a key
    bool escaped_ = false;   ///< the byte behind a backslash comes next
    std::string key_;        ///< raw, at most a little longer than any known key can be
};

}  // namespace weir::payload
