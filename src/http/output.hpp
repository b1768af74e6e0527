#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/stream.hpp"

namespace weir::http {

/// Bytes on their way to a client: our own text and views of others' bytes, sent together in one
/// write. What the socket does not take is copied, so views need to live only until `send` returns.
class output {
  public:
    /// Own bytes (heads, chunk framing); copied.
    std::string& text();
    /// Foreign bytes; not copied unless the socket is full.
    void view(std::string_view bytes);

    enum class progress : std::uint8_t { done, blocked, broken };
    progress send(stream& to);

    bool empty() const {
        return pieces_.empty() && text_.size() == text_open_ && rest_.size() == rest_sent_;
    }
    /// Nothing in it is another's: it can be sent later.
    bool owns_all() const { return pieces_.empty() && rest_sent_ == rest_.size(); }
    /// Bytes the socket has not taken.
    std::size_t pending() const { return rest_.size() - rest_sent_; }
    void clear();

  private:
    struct piece {
        const char* data;  ///< null: `offset` into text_
        std::size_t offset;
        std::size_t size;
    };

    void close_text();
    progress send_rest(stream& to);

    std::string text_;
    std::size_t text_open_ = 0;  ///< text_ before this is in a piece
    std::vector<piece> pieces_;
    std::string rest_;
    std::size_t rest_sent_ = 0;
};

}  // namespace weir::http
