#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "payload/byte_buffer.hpp"
#include "payload/json_reader.hpp"

namespace weir::payload {

/// Writes JSON values the way Go's encoding/json prints them after decoding into untyped values:
/// keys sorted by bytes (of equal ones the last), no space, numbers as shortest float64, `<`, `>`,
/// `&`, U+2028 and U+2029 escaped. The endpoint picker hashes tools and inputs in this form
/// (llm-d-router head, token-producer estimate). Keeps its memory between uses.
class go_json {
  public:
    /// Appends the value at `token`; false leaves the reason in the reader.
    bool append(json_reader& reader, std::size_t token, byte_buffer& out);

    /// Appends `text` (valid UTF-8) as a string with its quotes.
    static void append_string(std::string_view text, byte_buffer& out);

    /// Gives back memory beyond `limit` bytes.
    void trim(std::size_t limit);

  private:
    struct member {
        const char* data;      ///< the key in the document; null: unescaped into `keys_`
        std::uint32_t offset;  ///< there
        std::uint32_t size;
        std::uint32_t token;  ///< of the value
    };

    bool value(json_reader& reader, std::size_t token, byte_buffer& out);
    bool object(json_reader& reader, std::size_t token, byte_buffer& out);
    bool collect(json_reader& reader, std::size_t token);
    bool string(json_reader& reader, std::size_t token, byte_buffer& out);
    static void number(std::string_view raw, byte_buffer& out);
    std::string_view name(const member& m) const;

    std::vector<member> members_;  ///< of the objects being written, innermost last
    byte_buffer keys_;
    byte_buffer spare_;
};

}  // namespace weir::payload
