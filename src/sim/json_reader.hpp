#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

class json_document;

/// One value of a parsed document; cheap to copy, lives as long as document and text. An absent
/// value is falsy and answers every question with "nothing".
class json_value {
  public:
    enum class kind : std::uint8_t { absent, null, boolean, number, string, array, object };

    json_value() = default;

    kind what() const;
    explicit operator bool() const { return what() != kind::absent; }
    bool is(kind k) const { return what() == k; }
    /// Absent or null.
    bool empty() const { return what() <= kind::null; }

    /// The member of that name, the last one where a name repeats, as model servers read it.
    json_value get(std::string_view name) const;
    json_value first() const;  ///< first element or member value
    json_value next() const;   ///< the one behind this
    std::string name() const;  ///< of a member; unescaped

    std::optional<bool> boolean() const;
    std::optional<double> number() const;
    std::optional<std::int64_t> integer() const;  ///< a number without fraction
    std::optional<std::string> string() const;    ///< unescaped
    /// The text as it stands in the document.
    std::string_view raw() const;

  private:
    friend class json_document;
    json_value(const json_document* document, std::uint32_t index)
        : document_(document), index_(index) {}

    const json_document* document_ = nullptr;
    std::uint32_t index_ = 0;
};

/// A whole JSON text, parsed by this folder's own reader: the simulator must not share a parser
/// (and its mistakes) with the gateway it tests. Keeps its memory from one text to the next.
class json_document {
  public:
    /// Parses `text`, which must outlive the values. False when it is not one JSON value; `error()`
    /// and `error_offset()` tell.
    bool parse(std::string_view text);
    bool parse(const char* text) { return parse(std::string_view(text)); }
    bool parse(std::string&&) = delete;
    json_value root() const { return nodes_.empty() ? json_value() : json_value(this, 0); }
    std::string_view error() const { return error_; }
    std::size_t error_offset() const { return at_; }

  private:
    friend class json_value;
    static constexpr std::uint32_t none = 0xFFFFFFFF;
    static constexpr int max_depth = 128;

    struct node {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        std::uint32_t name_begin = 0;  ///< quotes included; empty outside objects
        std::uint32_t name_end = 0;
        std::uint32_t child = none;
        std::uint32_t next = none;
        json_value::kind what = json_value::kind::null;
    };

    bool value(int depth, std::uint32_t& index);
    bool container(int depth, std::uint32_t index, bool object);
    bool string();
    bool number();
    bool literal(std::string_view word);
    bool fail(std::string_view why);
    void space();
    bool eat(char c);

    std::string_view text_;
    std::size_t at_ = 0;
    std::string_view error_;
    std::vector<node> nodes_;
};

}  // namespace weir::sim
