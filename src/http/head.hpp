#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

/// One field of a head. Both views point into the connection's buffer.
struct field {
    std::string_view name;   ///< as the peer spelled it; compare with `iequals`
    std::string_view value;  ///< without surrounding white space
};

/// The fields of one head, in the order of the wire.
class field_list {
  public:
    void clear() {
        fields_.clear();
        lengths_ = 0;
        bytes_ = 0;
    }
    void add(std::string_view name, std::string_view value) {
        fields_.push_back({name, value});
        lengths_ |= length_bit(name);
        bytes_ += name.size() + value.size();
    }

    /// Gives every field of that name (any case) this value.
    void replace(std::string_view name, std::string_view value);

    /// The first field of that name (any case), or an empty view. Absent and empty are told apart
    /// by `has`.
    std::string_view get(std::string_view name) const {
        const auto* found = first(name);
        return found != nullptr ? found->value : std::string_view();
    }
    bool has(std::string_view name) const { return first(name) != nullptr; }
    /// Null when there is none of that name.
    const field* first(std::string_view name) const;
    const field* last(std::string_view name) const;
    /// All values of that name joined by ", ".
    std::string joined(std::string_view name) const;
    /// The same into `out`, whose memory is used again.
    void join(std::string_view name, std::string& out) const;

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }
    std::size_t size() const { return fields_.size(); }
    /// Of all names and values.
    std::size_t bytes() const { return bytes_; }

  private:
    static std::uint64_t length_bit(std::string_view name) {
        return std::uint64_t{1} << std::min(name.size(), std::size_t{63});
    }

    std::vector<field> fields_;
    std::uint64_t lengths_ = 0;  ///< of the names: most that are asked for are as long as none
    std::size_t bytes_ = 0;
};

/// How the bytes after a head are delimited.
enum class framing : std::uint8_t { none, length, chunked, until_close };

struct request_head {
    std::string_view method;
    std::string_view target;  ///< origin-form, path and query; absolute-form is split into host and
                              ///< target, and may have had no path, only a query
    std::string_view host;    ///< Host, or the authority of an absolute-form target
    int version_minor = 1;    ///< HTTP/1.x
    framing body = framing::none;
    std::uint64_t content_length = 0;
    bool keep_alive = true;
    bool expect_continue = false;
    bool upgrade = false;  ///< Connection: upgrade with an Upgrade field
    field_list fields;
};

struct response_head {
    int status = 200;
    std::string_view reason;
    int version_minor = 1;
    framing body = framing::length;
    std::uint64_t content_length = 0;
    bool keep_alive = true;
    field_list fields;
};

/// Why a head was refused: what to answer, and a sentence.
struct head_error {
    int status = 400;         ///< 400, 414, 417, 431, 501 or 505; responses use 502
    std::string_view reason;  ///< word of x-weir-reason
    std::string message;
};

struct head_limits {
    std::size_t target = 32 * 1024;
    std::size_t head = 64 * 1024;
    std::size_t fields = 100;
};

/// What `parse_request` and `parse_response` make of the bytes so far.
struct head_outcome {
    enum class kind : std::uint8_t { incomplete, complete, refused } what = kind::incomplete;
    std::size_t consumed = 0;  ///< bytes of the head, the empty line included
    head_error why;            ///< when refused
};

/// Parses one request head at the front of `bytes`; `scanned` remembers how far an incomplete head
/// has been looked at, start with 0. RFC 9112 read strictly: what a proxy and its upstream could
/// understand differently is refused
/// (`faults.md` 2.3, 2.4). Views in `out` point into `bytes`.
head_outcome parse_request(std::string_view bytes, std::size_t& scanned, const head_limits& limits,
                           request_head& out);

/// What shapes the answer to a head that is refused before its fields were split: `accept` and
/// `x-request-id` of the whole lines that are there. Stops at the first byte no line may hold.
void salvage_fields(std::string_view bytes, request_head& out);

/// `parse_request` for a response to a request of `method`. Interim heads (1xx) are returned like
/// others, with no body.
head_outcome parse_response(std::string_view bytes, std::size_t& scanned, std::string_view method,
                            response_head& out);

/// The standard reason phrase, or "Unknown".
std::string_view reason_phrase(int status);

/// True for a token of RFC 9110 5.6.2.
bool is_token(std::string_view s);

}  // namespace weir::http
