#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir::http {

/// Writes behind a text through a pointer: room for a whole head is made once, where `append` looks
/// after the length and the end of the string piece by piece. The text has its length again when
/// the writer is gone.
class head_writer {
  public:
    /// `expected` bytes are written without asking for memory again; more may be.
    head_writer(std::string& out, std::size_t expected) : out_(out), used_(out.size()) {
        out_.resize(used_ + expected);
    }
    ~head_writer() { out_.resize(used_); }
    head_writer(const head_writer&) = delete;
    head_writer& operator=(const head_writer&) = delete;

    head_writer& text(std::string_view s) {
        char* const to = room(s.size());
        if (!s.empty()) std::memcpy(to, s.data(), s.size());
        return *this;
    }

    head_writer& number(std::uint64_t n) {
        constexpr std::size_t longest = 20;
        char* const to = room(longest);
        used_ -= longest - static_cast<std::size_t>(std::to_chars(to, to + longest, n).ptr - to);
        return *this;
    }

    /// `name: value` and the line's end.
    head_writer& field(std::string_view name, std::string_view value) {
        char* to = room(name.size() + value.size() + 4);
        if (!name.empty()) std::memcpy(to, name.data(), name.size());
        to += name.size();
        *to++ = ':';
        *to++ = ' ';
        if (!value.empty()) std::memcpy(to, value.data(), value.size());
        to += value.size();
        *to++ = '\r';
        *to = '\n';
        return *this;
    }

  private:
    char* room(std::size_t bytes) {
        const auto at = used_;
        used_ += bytes;
        if (used_ > out_.size()) out_.resize(std::max(used_, 2 * out_.size()));
        return out_.data() + at;
    }

    std::string& out_;
    std::size_t used_;
};

}  // namespace weir::http
