#include "scheduling/cel_syntax.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace weir::scheduling {
namespace {

constexpr std::string_view variable = "usage";
constexpr std::size_t max_depth = 128;
constexpr std::array<std::string_view, 5> macros = {"all", "exists", "exists_one", "filter", "map"};
constexpr std::array<std::string_view, 17> reserved = {
    "as", "break", "const", "continue", "else", "for",  "function", "if",   "import",
    "in", "let",   "loop",  "package",  "var",  "void", "return",   "while"};
// Longer ones first.
constexpr std::array<std::string_view, 13> operators = {"||", "&&", "<=", ">=", "==", "!=", "<",
                                                        ">",  "+",  "-",  "*",  "/",  "%"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
bool begins_name(char c) { return c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
bool continues_name(char c) { return begins_name(c) || is_digit(c); }

template <class List>
bool contains(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// Precedence decides what an expression means, not whether it is one: operands and operators in
/// turn are enough here.
class cel_parser {
  public:
    explicit cel_parser(std::string_view text) : text_(text) {}

    std::string run() {
        if (expression()) {
            peek();
            if (at_ < text_.size()) fail("an operator is missing");
        }
        return std::move(problem_);
    }

  private:
    bool fail(std::string_view what) {
        if (problem_.empty())
            problem_ = std::string(what) + " at character " + std::to_string(at_ + 1);
        return false;
    }

    char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

    /// The next byte that counts; 0 at the end.
    char peek() {
        while (at_ < text_.size()) {
            if (text_.substr(at_, 2) == "//") {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (std::string_view(" \t\r\n\f").find(text_[at_]) != std::string_view::npos) {
                ++at_;
            } else {
                break;
            }
        }
        return at(at_);
    }

    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }

    bool expect(char c) { return take(c) || fail(std::string("'") + c + "' is missing"); }

    std::string_view take_name() {
        const auto begin = at_;
        if (!begins_name(peek())) return {};
        const auto first = at_;
        while (continues_name(at(at_))) ++at_;
        const auto name = text_.substr(first, at_ - first);
        if (contains(reserved, name)) {
            at_ = begin;
            return {};
        }
        return name;
    }

    bool take_operator() {
        peek();
        if (text_.substr(at_, 2) == "in" && !continues_name(at(at_ + 2))) {
            at_ += 2;
            return true;
        }
        const auto found = std::find_if(operators.begin(), operators.end(), [&](auto op) {
            return text_.substr(at_, op.size()) == op;
        });
        if (found == operators.end()) return false;
        at_ += found->size();
        return true;
    }

    bool expression() {
        if (++depth_ > max_depth) return fail("it is nested too deeply");
        bool good = chain();
        if (good && take('?')) good = chain() && expect(':') && expression();
        --depth_;
        return good;
    }

    bool chain() {
        do {
            if (!operand()) return false;
        } while (take_operator());
        return true;
    }

    bool operand() {
        if (const char sign = peek(); sign == '!' || sign == '-') {
            while (take(sign)) {
            }
        }
        return primary() && members();
    }

    bool primary() {
        const char c = peek();
        if (c == '(') return take('(') && expression() && expect(')');
        if (c == '[') return take('[') && list(']', false);
        if (c == '{') return take('{') && list('}', true);
        if (is_digit(c) || (c == '.' && is_digit(at(at_ + 1)))) return number();
        if (begins_string()) return string();
        take('.');
        const auto before = at_;
        const auto name = take_name();
        if (name.empty()) return fail("a value is missing");
        if (take('(')) return list(')', false);
        if (name == variable || name == "true" || name == "false" || name == "null") return true;
        if (contains(bound_, name)) return true;
        at_ = before;
        return fail("undeclared reference to '" + std::string(name) + "'");
    }

    bool members() {
        for (;;) {
            if (take('[')) {
                if (!expression() || !expect(']')) return false;
            } else if (take('.')) {
                const auto name = take_name();
                if (name.empty()) return fail("a name is missing");
                if (take('(') && !(contains(macros, name) ? macro() : list(')', false)))
                    return false;
            } else {
                return true;
            }
        }
    }

    /// `.filter(name, …)`: the name stands for an element inside.
    bool macro() {
        const auto name = take_name();
        if (name.empty() || !expect(',')) return fail("the name of an element is missing");
        bound_.push_back(name);
        const bool good = list(')', false);
        bound_.pop_back();
        return good;
    }

    /// Expressions (`key: value` in a map) up to `end`; a comma may stand behind the last.
    bool list(char end, bool map) {
        while (!take(end)) {
            if (!expression()) return false;
            if (map && !(expect(':') && expression())) return false;
            if (!take(',') && peek() != end) return expect(end);
        }
        return true;
    }

    bool number() {
        if (at(at_) == '0' && (at(at_ + 1) | 0x20) == 'x') {
            at_ += 2;
            if (!is_hex(at(at_))) return fail("a digit is missing");
            while (is_hex(at(at_))) ++at_;
        } else {
            while (is_digit(at(at_))) ++at_;
            if (at(at_) == '.' && is_digit(at(at_ + 1))) {
                ++at_;
                while (is_digit(at(at_))) ++at_;
            }
            if ((at(at_) | 0x20) == 'e') {
                ++at_;
                if (at(at_) == '+' || at(at_) == '-') ++at_;
                if (!is_digit(at(at_))) return fail("a digit is missing");
                while (is_digit(at(at_))) ++at_;
            }
        }
        if ((at(at_) | 0x20) == 'u') ++at_;
        return !continues_name(at(at_)) || fail("this is no number");
    }

    /// At a quote, or at one behind `r`, `b` or both.
    bool begins_string() {
        auto i = at_;
        while (i < at_ + 2 && ((at(i) | 0x20) == 'r' || (at(i) | 0x20) == 'b')) ++i;
        return at(i) == '"' || at(i) == '\'';
    }

    bool string() {
        bool raw = false;
        for (; at(at_) != '"' && at(at_) != '\''; ++at_) raw = raw || (at(at_) | 0x20) == 'r';
        const auto begin = at_;
        const char quote = at(at_);
        const std::string_view triple = quote == '"' ? R"(""")" : "'''";
        const auto end = text_.substr(at_, 3) == triple ? triple : triple.substr(0, 1);
        at_ += end.size();
        for (; at_ < text_.size(); ++at_) {
            if (text_.substr(at_, end.size()) == end) {
                at_ += end.size();
                return true;
            }
            if (end.size() == 1 && at(at_) == '\n') break;
            if (!raw && at(at_) == '\\') ++at_;
        }
        at_ = begin;
        return fail("a text has no end");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::vector<std::string_view> bound_;
    std::string problem_;
};

}  // namespace

std::string cel_problem(std::string_view text) { return cel_parser(text).run(); }

}  // namespace weir::scheduling
