#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::http {

/// Takes the chunked transfer coding off a body, in place, in any portions (RFC 9112 7.1). Strict:
/// CRLF only, at most 16 hexadecimal digits, 4 KiB of extension a line, 8 KiB of trailers, and over
/// all chunks 16 KiB of size lines beyond what the data pays for; extensions are checked and
/// dropped.
class chunk_decoder {
  public:
    struct portion {
        std::size_t body = 0;  ///< body bytes, moved to the front of the input
        std::size_t consumed =
            0;              ///< input bytes used up; less than given only when `done` or `error`
        bool done = false;  ///< the final chunk and the trailers have been read
        const char* error = nullptr;  ///< what is wrong, a sentence
    };

    /// The lines of the trailer fields are appended to `trailers`, each with its CRLF; they are
    /// checked and dropped where it is null.
    portion decode(char* data, std::size_t size, std::string* trailers = nullptr);

  private:
    enum class state : std::uint8_t {
        size_first,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        final_lf,
        done,
    };

    std::size_t plain_line(const char* line, std::size_t size);
    bool begin_data();
    const char* step(char c);
    bool in_trailers() const;

    state state_ = state::size_first;
    std::uint64_t left_ = 0;
    std::uint32_t digits_ = 0;
    std::uint32_t overhead_ = 0;  ///< bytes of extension in this line, or of trailers
    std::int64_t excess_ = 0;     ///< of size lines so far: tiny chunks with long extensions
};

}  // namespace weir::http
