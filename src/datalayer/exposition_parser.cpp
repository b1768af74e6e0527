#include "datalayer/exposition_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

std::string_view skip_blanks(std::string_view s) {
    const auto at = s.find_first_not_of(" \t");
    return at == std::string_view::npos ? std::string_view{} : s.substr(at);
}

/// The part of `s` before a blank; `s` is moved behind it and the blanks.
std::string_view take_word(std::string_view& s) {
    const auto word = s.substr(0, s.find_first_of(" \t"));
    s = skip_blanks(s.substr(word.size()));
    return word;
}

/// Decimal notation, NaN and infinities, as Prometheus prints them.
std::optional<double> parse_value(std::string_view s) {
    const bool negative = !s.empty() && s[0] == '-';
    if (!s.empty() && (s[0] == '+' || s[0] == '-')) s.remove_prefix(1);
    if (s.empty() || s[0] == '+' || s[0] == '-') return std::nullopt;
    double v = 0;
    const auto [end, failed] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (failed == std::errc::result_out_of_range) {
        v = std::numeric_limits<double>::infinity();
    } else if (failed != std::errc{} || end != s.data() + s.size()) {
        return std::nullopt;
    }
    return negative ? -v : v;
}

}  // namespace

// --- family_set
// ------------------------------------------------------------------------------------

family_set::family_set(std::vector<std::string> names) : names_(std::move(names)) {
    if (names_.empty()) {
        shortest_ = std::numeric_limits<std::size_t>::max();
        return;
    }
    std::size_t shortest = names_[0].size();
    for (const auto& n : names_) shortest = std::min(shortest, n.size());
    shortest_ = std::max<std::size_t>(shortest, 1);
    filtered_ = shortest >= 8;
    if (!filtered_) return;
    // Names of one engine share their first bytes; the ones behind the prefix tell more.
    offset_ = std::min<std::size_t>(shortest - 8, 5);
    for (const auto& n : names_) {
        const auto bit = hash(n.data() + offset_);
        filter_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    }
}

std::size_t family_set::hash(const char* eight_bytes) {
    std::uint64_t v = 0;
    std::memcpy(&v, eight_bytes, sizeof v);
    return (v * 0x9e3779b97f4a7c15ULL) >> 54;
}

std::size_t family_set::find(std::string_view name) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i] == name) return i;
    }
    return none;
}

// --- exposition_parser
// -----------------------------------------------------------------------------

void exposition_parser::start(const family_set& wanted, sample_reader& reader) {
    wanted_ = &wanted;
    reader_ = &reader;
    names_ = nullptr;
    tail_.clear();
    bytes_ = 0;
    skipped_lines_ = samples_ = 0;
    first_.reset();
    skipping_ = eof_ = over_ = false;
}

bool exposition_parser::feed(std::string_view bytes) {
    if (over_) return false;
    bytes_ += bytes.size();
    if (bytes_ > max_page) {
        over_ = true;
        return false;
    }
    if (!first_) {
        const auto at = bytes.find_first_not_of(" \t\r\n");
        if (at != std::string_view::npos) first_ = bytes[at];
    }
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    if (!tail_.empty() || skipping_) {
        const auto* nl = static_cast<const char*>(std::memchr(at, '\n', bytes.size()));
        if (nl == nullptr) {
            keep(bytes);
            return true;
        }
        keep({at, static_cast<std::size_t>(nl - at)});
        if (!skipping_) line(tail_.data(), tail_.size());
        skipping_ = false;
        tail_.clear();
        at = nl + 1;
    }
    while (at < end) {
        const auto* nl =
            static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        if (nl == nullptr) break;
        line(at, static_cast<std::size_t>(nl - at));
        at = nl + 1;
    }
    if (at < end) keep({at, static_cast<std::size_t>(end - at)});
    return true;
}

/// Holds the beginning of a line that is not complete yet, unless it can only be skipped.
void exposition_parser::keep(std::string_view piece) {
    if (skipping_) return;
    const bool comment = (tail_.empty() ? piece : std::string_view(tail_)).substr(0, 1) == "#";
    if (tail_.size() + piece.size() > max_line) {
        if (!comment) ++skipped_lines_;
        skipping_ = true;
        tail_.clear();
        return;
    }
    tail_.append(piece);
}

inline void exposition_parser::line(const char* begin, std::size_t size) {
    if (size == 0) return;
    if (static_cast<unsigned char>(*begin) <= '#' || names_ != nullptr) {
        odd_line({begin, size});
        return;
    }
    if (wanted_->may_match(begin, size)) sample_line({begin, size});
}

/// Comments, indented lines, and every line while names are being collected.
void exposition_parser::odd_line(std::string_view text) {
    text = trim(text, true);
    if (text.empty()) return;
    if (text[0] == '#') {
        eof_ = eof_ || text == "# EOF";
        return;
    }
    if (names_ != nullptr) note_name(text);
    if (wanted_->may_match(text.data(), text.size())) sample_line(text);
}

void exposition_parser::note_name(std::string_view text) {
    const auto name = text.substr(0, text.find_first_of("{ \t"));
    if (name.size() > 200 || names_->size() >= max_names) return;
    if (names_->empty() || names_->back() != name) names_->emplace_back(name);
}

void exposition_parser::sample_line(std::string_view text) {
    if (eof_) return;
    if (text.back() == '\r') text.remove_suffix(1);
    const auto name = text.substr(0, text.find_first_of("{ \t"));
    sample s;
    s.family = wanted_->find(name);
    if (s.family == family_set::none) return;
    if (text.size() > max_line) {
        ++skipped_lines_;
        return;
    }
    ++samples_;
    auto rest = skip_blanks(text.substr(name.size()));
    labels_.clear();
    escapes_.clear();
    if (!rest.empty() && rest[0] == '{' && !labels(rest)) {
        ++skipped_lines_;
        return;
    }
    rest = skip_blanks(rest);
    s.labels = labels_;
    if (!rest.empty() && rest[0] != '#') {
        const auto v = parse_value(take_word(rest));
        s.readable = v.has_value();
        s.value = v.value_or(0);
        if (!rest.empty() && rest[0] != '#') s.timestamp = parse_value(take_word(rest));
    }
    if (!s.readable) ++skipped_lines_;
    reader_->on_sample(s);
}

/// Reads `{name="value",…}` at the front of `rest` and moves behind it; false when it is broken.
bool exposition_parser::labels(std::string_view& rest) {
    escapes_.reserve(rest.size());  // so that views into it stay put
    rest = skip_blanks(rest.substr(1));
    while (!rest.empty() && rest[0] != '}') {
        const auto equals = rest.find('=');
        if (equals == std::string_view::npos) return false;
        const auto name = trim(rest.substr(0, equals));
        rest = skip_blanks(rest.substr(equals + 1));
        if (rest.empty() || rest[0] != '"') return false;
        std::size_t end = 1;
        bool escaped = false;
        while (end < rest.size() && rest[end] != '"') {
            escaped = escaped || rest[end] == '\\';
            end += rest[end] == '\\' ? 2U : 1U;
        }
        if (end >= rest.size()) return false;
        const auto raw = rest.substr(1, end - 1);
        if (labels_.size() < max_labels) labels_.push_back({name, escaped ? unescape(raw) : raw});
        rest = skip_blanks(rest.substr(end + 1));
        if (!rest.empty() && rest[0] == ',') rest = skip_blanks(rest.substr(1));
    }
    if (rest.empty()) return false;
    rest.remove_prefix(1);
    return true;
}

std::string_view exposition_parser::unescape(std::string_view raw) {
    const auto start = escapes_.size();
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '\\' && i + 1 < raw.size()) {
            ++i;
            escapes_.push_back(raw[i] == 'n' ? '\n' : raw[i]);
        } else {
            escapes_.push_back(raw[i]);
        }
    }
    return std::string_view(escapes_).substr(start);
}

page_verdict exposition_parser::finish(bool end_known, bool open_metrics) {
    if (over_) return page_verdict::too_large;
    const bool foreign = first_ == '{' || first_ == '[' || first_ == '<';
    if (foreign && samples_ == 0) return page_verdict::not_metrics;
    const bool unfinished = skipping_ || !tail_.empty();
    if (unfinished && !eof_) {
        if (skipping_ || !end_known) return page_verdict::truncated;
        line(tail_.data(), tail_.size());
    }
    tail_.clear();
    if (open_metrics && !eof_) return page_verdict::truncated;
    return page_verdict::complete;
}

}  // namespace weir::datalayer
