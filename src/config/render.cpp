#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/strings.hpp"
#include "base/utf8.hpp"
#include "config/diagnostics.hpp"
#include "config/position.hpp"

/// The one renderer of findings and its three encodings.
namespace weir::config {

namespace {

constexpr std::size_t shown_per_file = 50;
constexpr std::size_t context_lines = 2;
constexpr std::size_t longest_line = 160;

/// What is left after folding and capping, grouped by file in order of place.
struct selection {
    std::vector<const finding*> shown;
    /// Findings beyond the cap of a file.
    std::vector<std::pair<const source_file*, std::size_t>> hidden;
};

std::string key_of(const finding& f) {
    return f.code + "|" + f.message + "|" + std::to_string(f.at.start.offset) + "|" +
           std::to_string(reinterpret_cast<std::uintptr_t>(f.at.file));
}

selection select(const findings& found) {
    std::unordered_map<const source_file*, std::size_t> order;
    std::unordered_set<std::string> seen;
    std::vector<const finding*> list;
    for (const auto& f : found.list()) {
        order.emplace(f.at.file, order.size());
        if (seen.insert(key_of(f)).second) list.push_back(&f);
    }
    std::stable_sort(list.begin(), list.end(), [&](const finding* a, const finding* b) {
        return std::tuple(order[a->at.file], a->at.start.offset) <
               std::tuple(order[b->at.file], b->at.start.offset);
    });
    selection out;
    std::unordered_map<const source_file*, std::size_t> count;
    for (const auto* f : list) {
        if (++count[f->at.file] <= shown_per_file) {
            out.shown.push_back(f);
        } else if (out.hidden.empty() || out.hidden.back().first != f->at.file) {
            out.hidden.emplace_back(f->at.file, 1);
        } else {
            ++out.hidden.back().second;
        }
    }
    return out;
}

std::string_view name_of(severity level) {
    return level == severity::error ? "error" : level == severity::warning ? "warning" : "note";
}

/// Control bytes would move the cursor of a terminal; they are shown as `?`, a tab as a space. So
/// are those of two bytes (U+0080 to U+009F), and what is no UTF-8 is the replacement character.
std::string printable(std::string_view s) {
    const auto text = valid_utf8(s, std::string_view::npos);
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        const bool two_bytes = c == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (two_bytes) ++i;
        if (c == '\t' || c == '\n') {
            out += ' ';
        } else if (byte < 0x20 || byte == 0x7F || two_bytes) {
            out += '?';
        } else {
            out += c;
        }
    }
    return out;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t width_of(std::string_view s) {
    return static_cast<std::size_t>(
        std::count_if(s.begin(), s.end(), [](char c) { return !is_continuation(c); }));
}

struct source_line {
    std::size_t start = 0;
    std::string_view text;
};

source_line line_at(std::string_view text, std::size_t offset) {
    offset = std::min(offset, text.size());
    const auto before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    source_line out;
    out.start = before == std::string_view::npos ? 0 : before + 1;
    out.text = text.substr(out.start, text.find('\n', out.start) - out.start);
    if (out.text.ends_with('\r')) out.text.remove_suffix(1);
    if (out.text.starts_with(byte_order_mark)) {
        out.text.remove_prefix(byte_order_mark.size());
        out.start += byte_order_mark.size();
    }
    return out;
}

/// The part of a line that is shown: short lines whole, long ones around the value.
struct excerpt {
    std::string before;
    std::string value;
    std::string after;
};

excerpt cut(const source_line& line, const span& at) {
    const std::size_t from = std::min(
        at.start.offset - std::min<std::size_t>(at.start.offset, line.start), line.text.size());
    const bool one_line = at.end.offset <= line.start + line.text.size();
    std::size_t to = one_line ? std::max<std::size_t>(at.end.offset, line.start + from) - line.start
                              : line.text.size();
    std::size_t first = 0;
    std::size_t last = line.text.size();
    if (last > longest_line) {
        first = from > longest_line / 2 ? from - longest_line / 2 : 0;
        last = std::min(last, first + longest_line);
        to = std::min(to, last);
        while (first < from && is_continuation(line.text[first])) ++first;
        while (last > to && last < line.text.size() && is_continuation(line.text[last])) --last;
        while (to > from && to < line.text.size() && is_continuation(line.text[to])) --to;
    }
    excerpt out;
    out.before = printable(line.text.substr(first, from - first));
    out.value = printable(line.text.substr(from, to - from));
    out.after = printable(line.text.substr(to, last - to));
    if (first > 0) out.before.insert(0, "...");
    if (last < line.text.size()) out.after += "...";
    return out;
}

/// The suggestion as it would be written in place of `value`: a text in quotes keeps them, since
/// without them it could mean something else; a number or boolean never had any.
std::string replacement(std::string_view value, std::string_view suggestion) {
    const char quote = value.empty() ? '\0' : value.front();
    const bool bare = parse_double(suggestion) || suggestion == "true" || suggestion == "false" ||
                      suggestion.find_first_of("\"'{[") != std::string_view::npos;
    if ((quote != '"' && quote != '\'') || bare) return std::string(suggestion);
    return quote + std::string(suggestion) + quote;
}

/// The cure in words: the help, and the suggestion where the help does not make it already.
std::string cure_of(const finding& f) {
    if (f.suggestion.empty() || f.help.find("did you mean") != std::string::npos) return f.help;
    const std::string question = "did you mean `" + f.suggestion + "`?";
    return f.help.empty() ? question : f.help + "; " + question;
}

/// Writes findings as text for people.
class text_writer {
  public:
    explicit text_writer(bool colour) : colour_(colour) {}

    void write(const finding& f) {
        if (!out_.empty()) out_ += '\n';
        const std::string_view tint = f.level == severity::error     ? "\x1b[1;31m"
                                      : f.level == severity::warning ? "\x1b[1;33m"
                                                                     : "\x1b[1;36m";
        paint(tint, std::string(name_of(f.level)) + "[" + f.code + "]");
        paint("\x1b[1m", ": " + printable(f.message));
        out_ += '\n';
        const std::string number = std::to_string(f.at.start.line);
        gutter_.assign(number.size(), ' ');
        if (f.at.file != nullptr) write_place(f, number, tint);
        write_tail(f, number);
    }

    void hidden(const source_file* file, std::size_t n) {
        out_ += "\n" + (file == nullptr ? std::string("elsewhere") : printable(file->path)) + ": " +
                std::to_string(n) + (n == 1 ? " more finding is" : " more findings are") +
                " not shown\n";
    }

    std::string take() { return std::move(out_); }

  private:
    void paint(std::string_view tint, std::string_view s) {
        if (colour_) out_ += tint;
        out_ += s;
        if (colour_) out_ += "\x1b[0m";
    }

    void bar() {
        paint("\x1b[1;34m", gutter_ + " |");
        out_ += '\n';
    }

    void source(std::string_view number, std::string_view line) {
        std::string head(gutter_.size() - std::min(gutter_.size(), number.size()), ' ');
        head += number;
        paint("\x1b[1;34m", head + " |");
        if (!line.empty()) out_ += " ";
        out_ += line;
        out_ += '\n';
    }

    void write_place(const finding& f, const std::string& number, std::string_view tint) {
        paint("\x1b[1;34m", gutter_ + "-->");
        out_ += " " + printable(f.at.file->path);
        if (f.at.start.line == 0) {
            out_ += '\n';
            return;
        }
        out_ += ":" + number + ":" + std::to_string(f.at.start.column) + "\n";
        if (f.at.file->text.empty()) return;
        bar();
        const auto line = line_at(f.at.file->text, f.at.start.offset);
        write_context(f, line);
        const auto parts = cut(line, f.at);
        source(number, parts.before + parts.value + parts.after);
        paint("\x1b[1;34m", gutter_ + " |");
        out_ += " " + std::string(width_of(parts.before), ' ');
        std::string carets(std::max<std::size_t>(width_of(parts.value), 1), '^');
        if (!f.label.empty()) carets += " " + printable(f.label);
        paint(tint, carets);
        out_ += '\n';
        bar();
    }

    /// The lines before the one with the mistake.
    void write_context(const finding& f, const source_line& line) {
        std::vector<source_line> before;
        for (std::size_t start = line.start; before.size() < context_lines && start > 0;) {
            const auto previous = line_at(f.at.file->text, start - 1);
            if (previous.start >= start) break;
            before.push_back(previous);
            start = previous.start;
        }
        for (std::size_t i = before.size(); i > 0; --i) {
            auto shown = printable(before[i - 1].text.substr(0, longest_line));
            source(std::to_string(f.at.start.line - i), shown);
        }
    }

    void tail(std::string_view word, std::string_view s) {
        paint("\x1b[1;36m", " " + std::string(word) + ":");
        out_ += " " + printable(s) + "\n";
    }

    void write_tail(const finding& f, const std::string& number) {
        if (const auto cure = cure_of(f); !cure.empty()) tail("help", cure);
        if (!f.suggestion.empty()) write_edit(f, number);
        if (!f.allowed.empty()) {
            std::string list;
            for (const auto& a : f.allowed) list += (list.empty() ? "" : ", ") + a;
            tail("note", "allowed here: " + list);
        }
        if (!f.note.empty()) tail("note", f.note);
        tail("docs", "weir check --explain " + f.code);
    }

    /// The line as it would be with the suggestion.
    void write_edit(const finding& f, const std::string& number) {
        const bool one_line =
            f.at.start.line == f.at.end.line && f.at.end.offset > f.at.start.offset;
        if (f.at.file == nullptr || f.at.start.line == 0 || !one_line || f.at.file->text.empty())
            return;
        const auto parts = cut(line_at(f.at.file->text, f.at.start.offset), f.at);
        bar();
        source(number,
               parts.before + printable(replacement(parts.value, f.suggestion)) + parts.after);
        bar();
    }

    bool colour_;
    std::string gutter_;
    std::string out_;
};

void write_json(json_writer& w, const finding& f) {
    w.begin_object()
        .field("code", f.code)
        .field("severity", name_of(f.level))
        .field("message", f.message);
    w.field("file", f.at.file == nullptr ? std::string() : f.at.file->path);
    w.field("line", f.at.start.line).field("column", f.at.start.column);
    w.field("endLine", f.at.end.line).field("endColumn", f.at.end.column);
    w.field("offset", f.at.start.offset).field("endOffset", f.at.end.offset);
    w.field("label", f.label)
        .field("help", f.help)
        .field("suggestion", f.suggestion)
        .field("note", f.note);
    w.key("allowed").begin_array();
    for (const auto& a : f.allowed) w.value(a);
    w.end_array().end_object();
}

std::string escape_github(std::string_view s, bool property) {
    std::string out;
    for (const char c : s) {
        switch (c) {
            case '%':
                out += "%25";
                break;
            case '\r':
                out += "%0D";
                break;
            case '\n':
                out += "%0A";
                break;
            case ':':
                out += property ? "%3A" : ":";
                break;
            case ',':
                out += property ? "%2C" : ",";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string github_line(const finding& f) {
    std::string out = f.level == severity::note ? "::notice" : "::" + std::string(name_of(f.level));
    if (f.at.file != nullptr) {
        out += " file=" + escape_github(f.at.file->path, true) +
               ",line=" + std::to_string(std::max(f.at.start.line, 1U)) +
               ",col=" + std::to_string(std::max(f.at.start.column, 1U));
    }
    std::string message = f.code + ": " + f.message;
    if (const auto cure = cure_of(f); !cure.empty()) message += "\nhelp: " + cure;
    if (!f.note.empty()) message += "\nnote: " + f.note;
    return out + "::" + escape_github(message, false) + "\n";
}

}  // namespace

std::string render_text(const findings& found, bool colour) {
    const auto chosen = select(found);
    text_writer writer(colour);
    for (const auto* f : chosen.shown) writer.write(*f);
    for (const auto& [file, n] : chosen.hidden) writer.hidden(file, n);
    return writer.take();
}

void write_findings(json_writer& json, const findings& found) {
    const auto chosen = select(found);
    json.key("findings").begin_array();
    for (const auto* f : chosen.shown) write_json(json, *f);
    json.end_array();
    if (chosen.hidden.empty()) return;
    json.key("notShown").begin_array();
    for (const auto& [file, n] : chosen.hidden) {
        json.begin_object().field("file", file == nullptr ? std::string() : file->path);
        json.field("count", static_cast<std::uint64_t>(n)).end_object();
    }
    json.end_array();
}

std::string render_github(const findings& found) {
    const auto chosen = select(found);
    std::string out;
    for (const auto* f : chosen.shown) out += github_line(*f);
    for (const auto& [file, n] : chosen.hidden) {
        const std::string place =
            file == nullptr ? std::string() : " file=" + escape_github(file->path, true);
        out += "::notice" + place + "::" + std::to_string(n) + " more findings are not shown\n";
    }
    return out;
}

}  // namespace weir::config
