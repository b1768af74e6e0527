#include "config/yaml.hpp"

#include <yaml.h>

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "config/position.hpp"
#include "config/tree_builder.hpp"
#include "config/yaml_problems.hpp"

namespace weir::config {

namespace {

std::string_view view(const yaml_char_t* text) {
    return text == nullptr ? std::string_view{}
                           : std::string_view(reinterpret_cast<const char*>(text));
}

std::string_view view(const yaml_char_t* text, std::size_t length) {
    return {reinterpret_cast<const char*>(text), length};
}

bool is_null_text(std::string_view s) {
    return s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL";
}

/// The rest of the line from `from`, without the break; a tab in front is what a finding is about.
std::string_view line_from(std::string_view text, std::size_t from) {
    auto rest = text.substr(std::min(from, text.size()));
    rest = rest.substr(0, rest.find('\n'));
    const auto last = rest.find_last_not_of(" \t\r");
    if (last == std::string_view::npos) return rest.starts_with('\t') ? rest.substr(0, 1) : "";
    return rest.substr(0, last + 1);
}

std::string_view line_around(std::string_view text, std::size_t at) {
    at = std::min(at, text.size());
    const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    return text.substr(start, text.find('\n', start) - start);
}

/// One libyaml parser over one window.
class stream_reader {
  public:
    stream_reader(const text_window& window, findings& found, const document_sink& sink)
        : window_(window),
          found_(found),
          sink_(sink),
          map_(window.text, window.first_line, window.first_byte),
          builder_(found) {
        yaml_parser_initialize(&parser_);
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_,
                                     reinterpret_cast<const unsigned char*>(window.text.data()),
                                     window.text.size());
    }
    ~stream_reader() { yaml_parser_delete(&parser_); }
    stream_reader(const stream_reader&) = delete;
    stream_reader& operator=(const stream_reader&) = delete;

    /// True when the whole window was read.
    bool run() {
        for (;;) {
            yaml_event_t event;
            if (yaml_parser_parse(&parser_, &event) == 0) {
                report_problem();
                return false;
            }
            const auto type = event.type;
            const bool good = take(event);
            yaml_event_delete(&event);
            if (type == YAML_STREAM_END_EVENT) return true;
            if (!good) return false;
        }
    }

    /// Where the document began that could not be read, as a byte of the window. The next `---`
    /// from here on starts another one, even where the parser took it for a part of something
    /// unclosed.
    std::size_t document_start() const { return document_start_; }

  private:
    mark place(const yaml_mark_t& m) const {
        return map_.from_character(m.index, m.line, m.column);
    }

    span between(const yaml_mark_t& start, const yaml_mark_t& end) const {
        if (window_.collapse != nullptr) return *window_.collapse;
        return {window_.file, place(start), place(end)};
    }

    bool take(const yaml_event_t& event) {
        switch (event.type) {
            case YAML_DOCUMENT_START_EVENT:
                return begin_document(event);
            case YAML_DOCUMENT_END_EVENT:
                return end_document();
            case YAML_SCALAR_EVENT:
                return take_scalar(event);
            case YAML_ALIAS_EVENT:
                return take_alias(event);
            case YAML_SEQUENCE_START_EVENT:
                return take_start(event, node_kind::sequence, event.data.sequence_start.anchor);
            case YAML_MAPPING_START_EVENT:
                return take_start(event, node_kind::mapping, event.data.mapping_start.anchor);
            case YAML_SEQUENCE_END_EVENT:
            case YAML_MAPPING_END_EVENT:
                return take_end(event);
            default:
                return true;
        }
    }

    bool begin_document(const yaml_event_t& event) {
        document_start_ = place(event.start_mark).offset - window_.first_byte;
        builder_.begin_document();
        return true;
    }

    bool end_document() {
        if (!builder_.done()) return true;
        node root = builder_.take();
        if (!root.is_null()) sink_(std::move(root));
        return !found_.is_hopeless(window_.file);
    }

    /// Whether a scalar is a text whatever it looks like: quotes say so, and tags over quotes.
    template <class Scalar>
    static bool is_text(const Scalar& s) {
        const auto tag = view(s.tag);
        for (const std::string_view other :
             {YAML_INT_TAG, YAML_FLOAT_TAG, YAML_BOOL_TAG, YAML_NULL_TAG}) {
            if (tag == other) return false;
        }
        return s.style != YAML_PLAIN_SCALAR_STYLE || tag == YAML_STR_TAG;
    }

    bool take_scalar(const yaml_event_t& event) {
        const auto& s = event.data.scalar;
        const auto value = view(s.value, s.length);
        node n;
        n.at = between(event.start_mark, event.end_mark);
        n.quoted = is_text(s);
        const bool block =
            s.style == YAML_LITERAL_SCALAR_STYLE || s.style == YAML_FOLDED_SCALAR_STYLE;
        if (block && window_.collapse == nullptr) n.at.end = trim_end(n.at);
        n.kind = !n.quoted && is_null_text(value) && !builder_.expects_key() ? node_kind::null
                                                                             : node_kind::scalar;
        n.scalar = value;
        return builder_.scalar(std::move(n), view(s.anchor));
    }

    bool take_alias(const yaml_event_t& event) {
        const auto at = between(event.start_mark, event.end_mark);
        return builder_.alias(view(event.data.alias.anchor), at);
    }

    bool take_start(const yaml_event_t& event, node_kind kind, const yaml_char_t* anchor) {
        const auto at = between(event.start_mark, event.end_mark);
        if (!builder_.expects_key()) return builder_.begin_container(kind, view(anchor), at);
        const auto line = line_around(window_.text, at.start.offset - window_.first_byte);
        if (line.find("{{") != std::string_view::npos) {
            found_.error("WEIR0112", "this is a template, not a manifest", at).help =
                "render the chart first, as in `helm template`";
        } else {
            found_.error("WEIR0108", "a key must be a plain text, not a list or a mapping", at);
        }
        return false;
    }

    bool take_end(const yaml_event_t& event) {
        // A block collection ends where the parser noticed it, which is at the next token; only
        // brackets and braces have a width of their own.
        const bool flow = event.end_mark.index > event.start_mark.index;
        if (window_.collapse != nullptr) return builder_.end_container(window_.collapse->end);
        return builder_.end_container(flow ? place(event.end_mark) : mark{});
    }

    /// The end of a block text without the line breaks behind it.
    mark trim_end(const span& at) const {
        const auto base = window_.first_byte;
        const auto body =
            window_.text.substr(at.start.offset - base, at.end.offset - at.start.offset);
        const auto last = body.find_last_not_of(" \t\r\n");
        if (last == std::string_view::npos || last + 1 == body.size()) return at.end;
        const auto kept = body.substr(0, last + 1);
        const auto breaks = static_cast<std::uint32_t>(std::count(kept.begin(), kept.end(), '\n'));
        const auto line_start = kept.rfind('\n');
        const auto in_line =
            line_start == std::string_view::npos ? kept : kept.substr(line_start + 1);
        const auto characters =
            static_cast<std::uint32_t>(std::count_if(in_line.begin(), in_line.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
            }));
        const std::uint32_t column =
            line_start == std::string_view::npos ? at.start.column + characters : 1 + characters;
        return {at.start.line + breaks, column,
                at.start.offset + static_cast<std::uint32_t>(kept.size())};
    }

    void report_problem() {
        if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
        if (parser_.error == YAML_READER_ERROR) return report_bytes();
        const auto problem = view(reinterpret_cast<const yaml_char_t*>(parser_.problem));
        const auto context = view(reinterpret_cast<const yaml_char_t*>(parser_.context));
        const mark given_up = place(parser_.problem_mark);
        const bool has_context = parser_.context != nullptr;
        const mark began = has_context ? place(parser_.context_mark) : given_up;
        stopped_at_ = given_up.offset - window_.first_byte;
        if (problem == "did not find expected node content" && report_unclosed(given_up)) return;
        auto said = explain(problem, context, given_up);
        bool at_context =
            has_context && (said.at_context || (said.opens && began.line != given_up.line));
        if (at_context && began.line != given_up.line) {
            said = explain(problem, context, began);
        } else if (const auto forgotten = line_without_colon(problem);
                   forgotten && window_.collapse == nullptr) {
            said = explain("could not find expected ':'", {}, *forgotten);
            add_problem(said, *forgotten);
            return;
        }
        auto& f = add_problem(said, at_context ? began : given_up);
        if (!has_context || began.line == given_up.line || window_.collapse != nullptr) return;
        const auto& other = at_context ? given_up : began;
        f.note = (at_context ? "reading stopped at line " : "it belongs to what starts at line ") +
                 std::to_string(other.line) + ", column " + std::to_string(other.column);
    }

    /// A bracket or brace that is open where the next document starts: that is the mistake, not the
    /// missing value behind it.
    bool report_unclosed(const mark& given_up) {
        const auto here = line_from(window_.text, stopped_at_);
        const bool next = here.empty() || here.starts_with("---") || here.starts_with("...");
        const auto* open = builder_.open_at();
        if (!next || open == nullptr || window_.collapse != nullptr) return false;
        const char bracket = window_.text[open->start.offset - window_.first_byte];
        if (bracket != '[' && bracket != '{') return false;
        const auto said = explain(bracket == '[' ? "did not find expected ',' or ']'"
                                                 : "did not find expected ',' or '}'",
                                  {}, open->start);
        add_problem(said, open->start).note =
            "reading stopped at line " + std::to_string(given_up.line);
        return true;
    }

    yaml_problem explain(std::string_view problem, std::string_view context, const mark& at) const {
        const std::size_t byte = at.offset - window_.first_byte;
        return explain_yaml_problem(problem, context, line_from(window_.text, byte),
                                    line_around(window_.text, byte));
    }

    finding& add_problem(const yaml_problem& said, const mark& at) {
        auto& f = found_.error(said.code, said.message, token_at(at));
        f.help = said.help;
        return f;
    }

    /// A `key value` line without its colon makes YAML join it with the next line and complain
    /// about that one's. The place of the former, if the line above the problem starts in the same
    /// column and has no colon.
    std::optional<mark> line_without_colon(std::string_view problem) const {
        if (problem != "mapping values are not allowed in this context") return std::nullopt;
        const auto line = line_around(window_.text, stopped_at_);
        const auto start = static_cast<std::size_t>(line.data() - window_.text.data());
        if (start == 0) return std::nullopt;
        const auto above = line_around(window_.text, start - 1);
        const auto column = line.find_first_not_of(' ');
        const bool aligned =
            column != std::string_view::npos && above.find_first_not_of(" \r") == column;
        if (!aligned || above.find(':') != std::string_view::npos) return std::nullopt;
        if (above[column] == '-' || above[column] == '#') return std::nullopt;
        return map_.from_byte(static_cast<std::size_t>(above.data() - window_.text.data()) +
                              column);
    }

    void report_bytes() {
        stopped_at_ = std::min(parser_.problem_offset, window_.text.size());
        const auto problem = view(reinterpret_cast<const yaml_char_t*>(parser_.problem));
        const auto said = explain_yaml_problem(problem, {}, {}, {});
        add_problem(said, map_.from_byte(stopped_at_));
    }

    /// From a place to the end of the word there.
    span token_at(const mark& start) const {
        if (window_.collapse != nullptr) return *window_.collapse;
        const auto rest = line_from(window_.text, start.offset - window_.first_byte);
        const auto word = rest.substr(0, rest.find_first_of(" \t"));
        mark end = start;
        end.offset += static_cast<std::uint32_t>(word.size());
        end.column +=
            static_cast<std::uint32_t>(std::count_if(word.begin(), word.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
            }));
        return {window_.file, start, end};
    }

    const text_window& window_;
    findings& found_;
    const document_sink& sink_;
    position_map map_;
    tree_builder builder_;
    yaml_parser_t parser_{};
    std::size_t document_start_ = 0;
    std::size_t stopped_at_ = 0;  ///< where the parser gave up, a byte of the window
};

/// The start of the next line `---` behind `from`, or npos.
std::size_t next_document(std::string_view text, std::size_t from) {
    for (auto at = text.find("\n---", from); at != std::string_view::npos;
         at = text.find("\n---", at + 1)) {
        const std::size_t behind = at + 4;
        if (behind >= text.size() ||
            std::string_view(" \t\r\n").find(text[behind]) != std::string_view::npos) {
            return at + 1;
        }
    }
    return std::string_view::npos;
}

bool is_marker_line(std::string_view line) {
    const bool marker = line.starts_with("---") || line.starts_with("...");
    return marker && (line.size() == 3 || std::string_view(" \t\r\n").find(line[3]) != line.npos);
}

/// The next byte order mark in front of a document, or npos: files that begin with one were put
/// together. YAML has it before the `---` (1.2.2, production 211); a tool that writes the `---`
/// between the files puts it on the line behind.
std::size_t next_byte_order_mark(std::string_view text) {
    for (auto at = text.find(byte_order_mark, 1); at != std::string_view::npos;
         at = text.find(byte_order_mark, at + 1)) {
        if (text[at - 1] != '\n') continue;
        const bool before_marker = is_marker_line(text.substr(at + byte_order_mark.size()));
        if (before_marker || is_marker_line(line_around(text, at - 1))) return at;
    }
    return std::string_view::npos;
}

/// Drops the first `bytes` of a window.
void skip(text_window& window, std::size_t bytes) {
    const auto passed = window.text.substr(0, bytes);
    window.first_line += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
    window.first_byte += static_cast<std::uint32_t>(bytes);
    window.text.remove_prefix(bytes);
}

constexpr std::size_t max_restarts = 20;

bool starts_with_brace(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

bool check_encoding(const text_window& window, findings& found) {
    const span top{window.file, {1, 1, 0}, {1, 1, 0}};
    const auto& text = window.text;
    if (text.size() > max_text) {
        found.error("WEIR0109", "this text is larger than 64 MiB", top).help =
            "split it into several files";
        return false;
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        found.error("WEIR0103", "the text is UTF-16, not UTF-8", top).help =
            "save the file as UTF-8";
        return false;
    }
    return true;
}

/// Collects the documents of a JSON text, so that a text that turns out to be YAML leaves nothing
/// behind.
bool try_json(const text_window& window, findings& found, const document_sink& sink) {
    std::vector<node> documents;
    findings own;
    if (!read_json(window, own, [&](node&& root) { documents.push_back(std::move(root)); }))
        return false;
    found.append(std::move(own));
    for (auto& root : documents) sink(std::move(root));
    return true;
}

}  // namespace

namespace {

/// Reads a window without a byte order mark; after a syntax error from the next `---` on.
bool read_marked_documents(text_window rest, findings& found, const document_sink& sink) {
    for (std::size_t restarts = 0;; ++restarts) {
        std::size_t stopped = 0;
        {
            stream_reader reader(rest, found, sink);
            if (reader.run()) return restarts == 0;
            stopped = reader.document_start();
        }
        const std::size_t next = next_document(rest.text, stopped);
        if (next == std::string_view::npos || restarts == max_restarts ||
            rest.collapse != nullptr || found.is_hopeless(rest.file))
            return false;
        skip(rest, next);
    }
}

}  // namespace

bool read_yaml(const text_window& window, findings& found, const document_sink& sink) {
    text_window rest = window;
    bool good = true;
    for (;;) {
        const auto mark = next_byte_order_mark(rest.text);
        auto part = rest;
        part.text = rest.text.substr(0, mark);
        good = read_marked_documents(part, found, sink) && good;
        if (mark == std::string_view::npos || found.is_hopeless(window.file)) return good;
        skip(rest, mark + byte_order_mark.size());
    }
}

void read_documents(const source_ptr& source, findings& found, const document_sink& sink) {
    text_window window{source.get(), source->text, 1, 0, nullptr};
    if (!check_encoding(window, found)) return;
    if (window.text.starts_with(byte_order_mark)) skip(window, byte_order_mark.size());
    if (source->path.ends_with(".json")) {
        read_json(window, found, sink);
        return;
    }
    if (starts_with_brace(window.text) && try_json(window, found, sink)) return;
    read_yaml(window, found, sink);
}

}  // namespace weir::config
