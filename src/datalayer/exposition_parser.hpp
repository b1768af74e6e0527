#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::datalayer {

struct sample_label {
    std::string_view name;
    std::string_view value;  ///< unescaped
};

/// One line of a wanted family. The views are valid during the call that hands it over.
struct sample {
    std::size_t family = 0;  ///< index into the wanted names
    std::span<const sample_label> labels;
    double value = 0;  ///< may be NaN, infinite or negative: the reader judges
    bool readable =
        false;  ///< false: the value is empty or no number (hexadecimal notation counts as none)
    std::optional<double> timestamp;
};

/// Hears the samples of a page.
class sample_reader {
  public:
    virtual ~sample_reader() = default;
    virtual void on_sample(const sample& s) = 0;
};

/// The metric names worth a look, made for turning away all other lines at a glance.
class family_set {
  public:
    family_set() = default;
    explicit family_set(std::vector<std::string> names);

    static constexpr std::size_t none = ~std::size_t{0};

    /// False for most lines that do not begin with a wanted name; never false for one that does.
    bool may_match(const char* line, std::size_t size) const {
        if (size < shortest_) return false;
        if (!filtered_) return true;
        const std::size_t bit = hash(line + offset_);
        return (filter_[bit >> 6] >> (bit & 63) & 1) != 0;
    }

    /// The index of that exact name, or `none`.
    std::size_t find(std::string_view name) const;

    const std::vector<std::string>& names() const { return names_; }

  private:
    static std::size_t hash(const char* eight_bytes);

    std::vector<std::string> names_;
    std::size_t shortest_ = 1;
    std::size_t offset_ = 0;
    bool filtered_ = false;
    std::array<std::uint64_t, 16> filter_{};
};

/// How a page ended.
enum class page_verdict : std::uint8_t {
    complete,
    truncated,    ///< the end is known to be missing
    too_large,    ///< beyond `max_page`
    not_metrics,  ///< JSON or HTML
};

/// Pulls the samples of wanted families out of a page in the Prometheus text format (0.0.4) or
/// OpenMetrics, fed in pieces of any size. Nothing but an unfinished line is kept; a warm parser
/// allocates nothing. Tolerant: what it cannot read it skips.
class exposition_parser {
  public:
    static constexpr std::size_t max_page = 8U << 20U;
    static constexpr std::size_t max_line = 64U << 10U;

    /// Both outlive the parser or the next `start`.
    void start(const family_set& wanted, sample_reader& reader);

    /// From here on the names of all families go to `names`, as far as they fit (for finding a
    /// renamed one).
    void collect_names(std::vector<std::string>* names) { names_ = names; }

    /// False when the page is too large; nothing more is read then.
    bool feed(std::string_view bytes);

    /// `end_known`: the framing proved that the page is whole, so a last line without a line feed
    /// counts. `open_metrics`: the server promised OpenMetrics, whose pages end in `# EOF`.
    page_verdict finish(bool end_known, bool open_metrics);

    std::size_t bytes() const { return bytes_; }
    bool starts_a_list() const { return first_ == '['; }  ///< JSON: no metrics
    std::uint64_t skipped_lines() const {
        return skipped_lines_;
    }  ///< of wanted families, unreadable or too long

  private:
    void line(const char* begin, std::size_t size);
    void odd_line(std::string_view text);
    void sample_line(std::string_view text);
    void note_name(std::string_view text);
    bool labels(std::string_view& rest);
    std::string_view unescape(std::string_view raw);
    void keep(std::string_view piece);

    static constexpr std::size_t max_labels = 64;
    static constexpr std::size_t max_names = 2048;

    const family_set* wanted_ = nullptr;
    sample_reader* reader_ = nullptr;
    std::vector<std::string>* names_ = nullptr;
    std::string tail_;
    std::string escapes_;
    std::vector<sample_label> labels_;
    std::size_t bytes_ = 0;
    std::uint64_t skipped_lines_ = 0;
    std::uint64_t samples_ = 0;
    std::optional<char> first_;  ///< first byte of the page that is no white space
    bool skipping_ = false;      ///< inside a line whose beginning was thrown away
    bool eof_ = false;           ///< `# EOF` was seen
    bool over_ = false;          ///< beyond `max_page`
};

}  // namespace weir::datalayer
