#include "http/chunked.hpp"

#include <algorithm>
#include <cstring>

namespace weir::http {
namespace {

constexpr std::uint32_t max_digits = 16;
constexpr std::uint32_t max_extension = 4 * 1024;
constexpr std::uint32_t max_trailers = 8 * 1024;
constexpr std::int64_t max_excess = 16 * 1024;
constexpr std::int64_t paid_per_chunk = 16;  // an honest size line

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_text(char c) {
    const auto u = static_cast<unsigned char>(c);
    return c == '\t' || (u >= 0x20 && u != 0x7F);
}

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
}

}  // namespace

chunk_decoder::portion chunk_decoder::decode(char* data, std::size_t size, std::string* trailers) {
    portion out;
    std::size_t at = 0;
    while (at < size && state_ != state::done) {
        if (state_ == state::data) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - at));
            if (out.body != at) std::memmove(data + out.body, data + at, n);
            out.body += n;
            at += n;
            left_ -= n;
            if (left_ == 0) state_ = state::data_cr;
            continue;
        }
        if (const auto skipped = plain_line(data + at, size - at); skipped != 0) {
            at += skipped;
            continue;
        }
        const bool in_line = in_trailers();
        out.error = step(data[at]);
        if (out.error != nullptr) break;
        if (trailers != nullptr && (in_line || state_ == state::trailer_name))
            *trailers += data[at];
        ++at;
    }
    out.consumed = at;
    out.done = state_ == state::done;
    return out;
}

/// What nearly every chunk begins with, in one piece: the end of the data before it and a size line
/// without extension. The bytes of it; 0 where it is anything else, which `step` judges.
std::size_t chunk_decoder::plain_line(const char* line, std::size_t size) {
    constexpr std::size_t most = 8;
    std::size_t at = 0;
    if (state_ == state::data_cr) {
        if (size < 2 || line[0] != '\r' || line[1] != '\n') return 0;
        at = 2;
    } else if (state_ != state::size_first) {
        return 0;
    }
    const auto first = at;
    std::uint64_t length = 0;
    while (at < size && at - first < most) {
        const int d = hex_digit(line[at]);
        if (d < 0) break;
        length = length * 16 + static_cast<std::uint64_t>(d);
        ++at;
    }
    if (at == first || length == 0 || at + 2 > size || line[at] != '\r' || line[at + 1] != '\n')
        return 0;
    digits_ = static_cast<std::uint32_t>(at - first);
    left_ = length;
    overhead_ = 0;
    begin_data();
    return at + 2;
}

/// Within a trailer field, its line end included.
bool chunk_decoder::in_trailers() const {
    return state_ == state::trailer_name || state_ == state::trailer_value ||
           state_ == state::trailer_lf;
}

/// A size line has ended. False: too much was spent on such lines.
bool chunk_decoder::begin_data() {
    excess_ += static_cast<std::int64_t>(digits_) + overhead_ - paid_per_chunk;
    excess_ -= static_cast<std::int64_t>(std::min<std::uint64_t>(left_, max_excess));
    excess_ = std::max<std::int64_t>(excess_, 0);
    if (excess_ > max_excess) return false;
    digits_ = 0;
    overhead_ = 0;
    state_ = left_ == 0 ? state::trailer_start : state::data;
    return true;
}

const char* chunk_decoder::step(char c) {
    switch (state_) {
        case state::size_first:
        case state::size:
            if (const int d = hex_digit(c); d >= 0) {
                if (++digits_ > max_digits || (left_ >> 59) != 0) return "chunk size too large";
                left_ = left_ * 16 + static_cast<std::uint64_t>(d);
                state_ = state::size;
                return nullptr;
            }
            if (state_ == state::size_first) return "chunk size missing";
            overhead_ = 0;
            if (c == '\r') {
                state_ = state::size_lf;
            } else if (c == ';') {
                state_ = state::extension;
            } else {
                return "bad byte in chunk size";
            }
            return nullptr;
        case state::extension:
            if (c == '\r') {
                state_ = state::size_lf;
                return nullptr;
            }
            if (!is_text(c)) return "bad byte in chunk extension";
            return ++overhead_ > max_extension ? "chunk extension too long" : nullptr;
        case state::size_lf:
            if (c != '\n') return "chunk size line not ended by CRLF";
            return begin_data() ? nullptr : "more chunk extension than data";
        case state::data_cr:
            if (c != '\r') return "chunk data not followed by CRLF";
            state_ = state::data_lf;
            return nullptr;
        case state::data_lf:
            if (c != '\n') return "chunk data not followed by CRLF";
            state_ = state::size_first;
            return nullptr;
        case state::trailer_start:
            if (c == '\r') {
                state_ = state::final_lf;
                return nullptr;
            }
            if (!is_name(c)) return "bad trailer field";
            state_ = state::trailer_name;
            return ++overhead_ > max_trailers ? "trailers too long" : nullptr;
        case state::trailer_name:
            if (c == ':') {
                state_ = state::trailer_value;
            } else if (!is_name(c)) {
                return "bad trailer field";
            }
            return ++overhead_ > max_trailers ? "trailers too long" : nullptr;
        case state::trailer_value:
            if (c == '\r') {
                state_ = state::trailer_lf;
                return nullptr;
            }
            if (!is_text(c)) return "bad byte in trailer field";
            return ++overhead_ > max_trailers ? "trailers too long" : nullptr;
        case state::trailer_lf:
            if (c != '\n') return "trailer not ended by CRLF";
            state_ = state::trailer_start;
            return nullptr;
        case state::final_lf:
            if (c != '\n') return "last chunk not ended by CRLF";
            state_ = state::done;
            return nullptr;
        case state::data:
        case state::done:
            break;
    }
    return nullptr;
}

}  // namespace weir::http
