#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Appends `text` to `out` as the inside of a JSON string: quotes, backslashes and control bytes
/// escaped, invalid UTF-8 replaced by U+FFFD, so that the result is always valid JSON.
void append_json_escaped(std::string& out, std::string_view text);

/// Writes one JSON document front to back; commas are placed by the writer. Nesting is the caller's
/// duty.
class json_writer {
  public:
    json_writer& begin_object();
    json_writer& end_object();
    json_writer& begin_array();
    json_writer& end_array();
    json_writer& key(std::string_view name);
    json_writer& value(std::string_view text);
    json_writer& value(const char* text) { return value(std::string_view(text)); }
    json_writer& value(const std::string& text) { return value(std::string_view(text)); }
    json_writer& value(double number);  ///< NaN and infinities become null
    json_writer& value(std::int64_t number);
    json_writer& value(std::uint64_t number);
    json_writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
    json_writer& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
    json_writer& value(bool yes);
    json_writer& null();
    /// Text that already is a JSON value.
    json_writer& raw(std::string_view json);

    template <class T>
    json_writer& field(std::string_view name, const T& v) {
        return key(name).value(v);
    }

    const std::string& str() const { return out_; }
    std::string take() { return std::move(out_); }

  private:
    void separate();

    std::string out_;
    bool comma_ = false;
};

}  // namespace weir
