#include "payload/usage_counts.hpp"

#include <algorithm>
#include <cstring>

#include "base/strings.hpp"

namespace weir::payload {
namespace {

constexpr std::int64_t largest_exact = std::int64_t{1} << 53;

/// Where the count of that name belongs; null when weir does not read it.
std::optional<std::int64_t>* count_named(std::string_view name, usage_counts& of) {
    switch (name.size()) {
        case 12:
            if (name == "total_tokens") return &of.total;
            return name == "input_tokens" ? &of.input : nullptr;
        case 13:
            if (name == "prompt_tokens") return &of.prompt;
            if (name == "output_tokens") return &of.output;
            return name == "cached_tokens" ? &of.cached : nullptr;
        case 17:
            return name == "completion_tokens" ? &of.completion : nullptr;
        case 23:
            return name == "cache_read_input_tokens" ? &of.cached : nullptr;
        default:
            return nullptr;
    }
}

bool names_details(std::string_view name) {
    return name == "prompt_tokens_details" || name == "input_tokens_details";
}

std::int64_t count_of(json_reader& reader, std::size_t token) {
    std::optional<std::int64_t> value;
    if (reader.is_string(token)) {
        const auto number = parse_double(reader.inside(token));
        if (number && *number >= 0 && *number <= static_cast<double>(largest_exact)) {
            value = static_cast<std::int64_t>(*number);
        }
    } else {
        value = reader.whole(token);
    }
    return value && *value >= 0 && *value <= largest_exact ? *value : 0;
}

bool read_details(json_reader& reader, std::size_t token, usage_counts& found) {
    if (!reader.is_object(token)) return true;
    found.cached = found.cached.value_or(0);
    return reader.each_member(token, [&](std::string_view name, std::size_t value) {
        if (name == "cached_tokens") found.cached = count_of(reader, value);
        return true;
    });
}

/// Walks JSON that is written as most servers write it. Each step takes what it names off the
/// front, white space before it included, or returns false.
class plain_walk {
  public:
    explicit plain_walk(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    bool ended() {
        skip_space();
        return at_ == end_;
    }

    bool take(char c) {
        skip_space();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }

    /// `"name":`, without escapes.
    bool name(std::string_view& out) {
        if (!take('"')) return false;
        const auto* quote = static_cast<const char*>(std::memchr(at_, '"', left()));
        if (quote == nullptr) return false;
        out = {at_, static_cast<std::size_t>(quote - at_)};
        at_ = quote + 1;
        return take(':');
    }

    bool null() {
        skip_space();
        constexpr std::string_view word = "null";
        if (!std::string_view(at_, left()).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    /// At most eighteen digits. What follows them is looked at by the next step.
    bool whole(std::int64_t& out) {
        skip_space();
        const char* at = at_;
        out = 0;
        while (at != end_ && *at >= '0' && *at <= '9' && at - at_ < 18) {
            out = out * 10 + (*at++ - '0');
        }
        if (at == at_ || (*at_ == '0' && at - at_ > 1)) return false;
        at_ = at;
        return true;
    }

    /// `f(name)` takes the value of each member.
    template <class F>
    bool members(F f) {
        if (!take('{')) return false;
        if (take('}')) return true;
        std::string_view member;
        do {
            if (!name(member) || !f(member)) return false;
        } while (take(','));
        return take('}');
    }

  private:
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    void skip_space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }

    const char* at_;
    const char* end_;
};

std::int64_t exact(std::int64_t value) { return value <= largest_exact ? value : 0; }

/// A name that weir does not know is plain as far as it consists of these.
bool is_plain(std::string_view name) {
    return std::ranges::all_of(name, [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
}

bool walk_details(plain_walk& walk, usage_counts& found) {
    found.cached = found.cached.value_or(0);
    return walk.members([&](std::string_view name) {
        std::int64_t value = 0;
        if (!is_plain(name) || (!walk.whole(value) && !walk.null())) return false;
        if (name == "cached_tokens") found.cached = exact(value);
        return true;
    });
}

bool walk_counts(plain_walk& walk, usage_counts& found) {
    return walk.members([&](std::string_view name) {
        auto* const count = count_named(name, found);
        if (std::int64_t value = 0; count != nullptr && walk.whole(value)) {
            *count = exact(value);
            return true;
        }
        if (count == nullptr && !is_plain(name)) return false;
        if (walk.null()) {
            found.unfinished = found.unfinished || name == "finish_reason";
            return true;
        }
        if (names_details(name)) return walk_details(walk, found);
        std::int64_t other = 0;
        return count == nullptr && walk.whole(other);
    });
}

/// What vLLM writes behind its usage: `,"prompt_logprobs":null,"kv_transfer_params":null}`.
bool walk_rest(plain_walk& walk) {
    std::string_view name;
    while (walk.take(',')) {
        if (!walk.name(name) || !is_plain(name) || !walk.null()) return false;
    }
    return walk.take('}') && walk.ended();
}

}  // namespace

bool read_usage_counts(json_reader& reader, std::size_t token, usage_counts& found) {
    return reader.each_member(token, [&](std::string_view name, std::size_t value) {
        if (reader.is_null(value)) {
            found.unfinished = found.unfinished || name == "finish_reason";
            return true;
        }
        if (auto* count = count_named(name, found)) *count = count_of(reader, value);
        return !names_details(name) || read_details(reader, value, found);
    });
}

std::optional<usage_counts> plain_usage_counts(std::string_view text) {
    plain_walk walk(text);
    usage_counts found;
    if (walk_counts(walk, found) && walk_rest(walk)) return found;
    return std::nullopt;
}

}  // namespace weir::payload
