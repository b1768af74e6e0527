#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "config/parse.hpp"
#include "config/yaml.hpp"

namespace weir::config {

namespace {

/// The text without `indent` spaces at the start of each line and without trailing line breaks.
std::string dedent(std::string_view text, std::size_t indent) {
    std::string out;
    for (auto line : split(text, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        line.remove_prefix(std::min(indent, line.size()));
        out += line;
        out += '\n';
    }
    return out;
}

std::string_view without_trailing_space(std::string_view s) {
    const auto last = s.find_last_not_of(" \t\r\n");
    return last == std::string_view::npos ? std::string_view() : s.substr(0, last + 1);
}

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Passes over a `---` at the top, behind comments and blank lines.
void skip_marker(text_window& window) {
    std::uint32_t lines = 0;
    for (std::size_t at = 0; at < window.text.size(); ++lines) {
        const auto line_end = window.text.find('\n', at);
        const auto content = trim(window.text.substr(at, line_end - at), true);
        if (!content.empty() && content != "---" && !content.starts_with('#')) return;
        at = line_end == std::string_view::npos ? window.text.size() : line_end + 1;
        if (content != "---") continue;
        window.text.remove_prefix(at);
        window.first_byte += static_cast<std::uint32_t>(at);
        window.first_line += lines + 1;
        return;
    }
}

/// The lines of a literal block in its file, if `value` is one. A document marker inside the block
/// would stand at a column where YAML takes it for text, so one at the top is passed over and
/// others rule this out.
std::optional<text_window> literal_window(const text& value) {
    if (value.at.file == nullptr) return std::nullopt;
    const std::string_view whole = value.at.file->text;
    const auto start = value.at.start.offset;
    const auto end = value.at.end.offset;
    if (start >= whole.size() || end > whole.size() || whole[start] != '|') return std::nullopt;
    const auto header_end = whole.find('\n', start);
    if (header_end == std::string_view::npos || header_end >= end) return std::nullopt;
    text_window window{value.at.file, whole.substr(header_end + 1, end - header_end - 1),
                       value.at.start.line + 1, static_cast<std::uint32_t>(header_end + 1),
                       nullptr};
    std::size_t indent = std::string_view::npos;
    for (const auto line : split(window.text, '\n')) {
        if (is_blank(line)) continue;
        indent = line.find_first_not_of(' ');
        break;
    }
    if (indent == std::string_view::npos) return std::nullopt;
    const auto inner = dedent(window.text, indent);
    if (without_trailing_space(inner) != without_trailing_space(value.value)) return std::nullopt;
    skip_marker(window);
    if (("\n" + dedent(window.text, indent)).find("\n---") != std::string::npos)
        return std::nullopt;
    return window;
}

std::shared_ptr<const node> read_one(const source_ptr& file, const text_window& window,
                                     findings& found) {
    std::vector<node> roots;
    const bool good =
        read_yaml(window, found, [&](node&& root) { roots.push_back(std::move(root)); });
    if (!good || roots.empty()) return nullptr;
    if (roots.size() > 1) {
        found.error("WEIR0201", "only one document is expected here", roots[1].at).help =
            "remove the `---` and what follows";
        return nullptr;
    }
    return share_root(std::make_shared<const document>(document{file, std::move(roots.front())}));
}

}  // namespace

std::shared_ptr<const node> parse_embedded(const source_ptr& file, const text& value,
                                           findings& found) {
    if (auto window = literal_window(value)) return read_one(file, *window, found);
    const text_window window{value.at.file, value.value, 1, 0, &value.at};
    return read_one(file, window, found);
}

std::shared_ptr<const node> parse_single(const source_ptr& source, findings& found) {
    found.keep(source);
    std::vector<node> roots;
    const auto errors = found.count(severity::error);
    read_documents(source, found, [&](node&& root) { roots.push_back(std::move(root)); });
    if (found.count(severity::error) != errors) return nullptr;
    const span top{source.get(), {1, 1, 0}, {1, 1, 0}};
    if (roots.empty()) {
        found.error("WEIR0201", "this text is empty", top);
        return nullptr;
    }
    if (roots.size() > 1) {
        found.error("WEIR0201", "only one document is expected here", roots[1].at).help =
            "remove the `---` and what follows";
        return nullptr;
    }
    return share_root(std::make_shared<const document>(document{source, std::move(roots.front())}));
}

}  // namespace weir::config
