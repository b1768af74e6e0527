#include "payload/usage.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "payload/json_reader.hpp"
#include "payload/usage_counts.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <bit>

#include "base/lanes.hpp"
#endif

namespace weir::payload {
namespace {

constexpr std::size_t longest_usage = 4096;
constexpr std::size_t kept_event = 512;

#if defined(__x86_64__)
// Two bytes of the key that seldom stand so far apart in anything else: `u` and `g`, `m` and `f`.
// (A `u` and a closing quote do in every `"chat.completion.chunk"`.)
constexpr std::size_t first_probe = 1;
std::size_t second_probe(std::string_view key) { return key.size() - 3; }

// `from`, or 64 bytes further as often as none of them can begin the key.
__attribute__((target("avx2"))) std::size_t skip_wide(std::string_view text, std::string_view key,
                                                      std::size_t from) {
    const std::size_t second = second_probe(key);
    const __m256i a = _mm256_set1_epi8(key[first_probe]);
    const __m256i b = _mm256_set1_epi8(key[second]);
    const auto load = [&](std::size_t i) __attribute__((target("avx2"))) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + i));
    };
    for (; from + second + 64 <= text.size(); from += 64) {
        const auto low = _mm256_and_si256(_mm256_cmpeq_epi8(load(from + first_probe), a),
                                          _mm256_cmpeq_epi8(load(from + second), b));
        const auto high = _mm256_and_si256(_mm256_cmpeq_epi8(load(from + first_probe + 32), a),
                                           _mm256_cmpeq_epi8(load(from + second + 32), b));
        if (_mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0) break;
    }
    return from;
}
#endif

// Where the key starts at `from` or later. Inside a JSON string its quotes would be escaped, so a
// hit is a key (or a value of that very text).
std::size_t find_key(std::string_view text, std::string_view key, std::size_t from) {
#if defined(__x86_64__)
    const std::size_t second = second_probe(key);
    const __m128i a = _mm_set1_epi8(key[first_probe]);
    const __m128i b = _mm_set1_epi8(key[second]);
    const auto hits = [&](std::size_t i) {
        const auto* at = text.data() + i;
        const auto one = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + first_probe));
        const auto other = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + second));
        return static_cast<std::uint32_t>(
            _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(one, a), _mm_cmpeq_epi8(other, b))));
    };
    while (true) {
        if (has_avx2) from = skip_wide(text, key, from);
        if (from + second + 16 > text.size()) break;
        for (auto mask = hits(from); mask != 0; mask &= mask - 1) {
            const auto at = from + static_cast<std::size_t>(std::countr_zero(mask));
            if (text.substr(at, key.size()) == key) return at;
        }
        from += 16;
    }
#endif
    return text.find(key, from);
}

// Where the object behind a usage key starts; npos when none of the keys has one (`"usage":null`).
std::size_t find_usage_object(std::string_view text, std::string_view key) {
    std::size_t at = 0;
    while ((at = find_key(text, key, at)) != std::string_view::npos) {
        at += key.size();
        auto value = text.find_first_not_of(" \t\r\n", at);
        if (value == std::string_view::npos || text[value] != ':') continue;
        value = text.find_first_not_of(" \t\r\n", value + 1);
        if (value != std::string_view::npos && text[value] == '{') return value;
    }
    return std::string_view::npos;
}

// Later values replace earlier ones unless they are 0: Anthropic reports the halves in different
// events.
void merge(const usage_counts& found, token_usage& usage) {
    if (found.unfinished) return;
    const auto prompt = found.prompt ? found.prompt : found.input;
    const auto completion = found.completion ? found.completion : found.output;
    if (prompt.value_or(0) != 0) usage.prompt = *prompt;
    if (completion.value_or(0) != 0) usage.completion = *completion;
    if (found.cached.value_or(0) != 0) usage.cached = *found.cached;
    usage.has_cached = usage.has_cached || found.cached.has_value();
    const bool all = prompt && completion && found.total;
    usage.total = all ? *found.total : usage.prompt + usage.completion;
    usage.present = true;
}

// The usage object of a document: its own, its response's (responses API) or its message's
// (Anthropic).
std::size_t find_object(json_reader& reader, std::size_t root, std::string_view key, bool inner) {
    std::size_t found = 0;
    reader.each_member(root, [&](std::string_view name, std::size_t value) {
        if (!reader.is_object(value)) return true;
        if (name == key) found = value;
        if (!inner && found == 0 && (name == "response" || name == "message")) {
            found = find_object(reader, value, key, true);
        }
        return true;
    });
    return found;
}

}  // namespace

void usage_reader::feed(std::string_view bytes) {
    if (kind_ == answer_kind::sse) {
        feed_stream(bytes);
    } else {
        keep(bytes);
    }
}

void usage_reader::finish() {
    if (searching_) {
        end_search();
    } else if (kind_ == answer_kind::sse) {
        events(held_);
    } else {
        document(held_);
    }
    held_.clear();
}

void usage_reader::feed_stream(std::string_view bytes) {
    const bool whole = (!searching_ && held_.empty()) || finish_held(bytes);
    boundary_.feed(bytes);
    if (!whole) return;
    auto end = last_event_end(bytes, 0);
    if (end == std::string_view::npos) end = 0;
    events(bytes.substr(0, end));
    keep(bytes.substr(end));
}

/// Takes the rest of the event that earlier reads began off `bytes`. False: it has not ended yet.
bool usage_reader::finish_held(std::string_view& bytes) {
    std::size_t from = 0;
    auto end = find_line_end(bytes, 0);
    for (auto seen = boundary_; end < bytes.size(); end = find_line_end(bytes, from)) {
        seen.feed(bytes.substr(from, end + 1 - from));
        from = end + 1;
        if (seen.at_boundary()) break;
    }
    if (end == bytes.size()) {
        keep(bytes);
        return false;
    }
    if (searching_) {
        search(bytes.substr(0, from));
        end_search();
    } else {
        held_ += bytes.substr(0, from);
        events(held_);
    }
    // Thousands of streams may wait: none keeps the memory of its longest event.
    if (held_.capacity() > kept_event) std::string().swap(held_);
    held_.clear();
    boundary_.feed(bytes.substr(0, from));
    bytes.remove_prefix(from);
    return true;
}

void usage_reader::keep(std::string_view text) {
    if (!searching_ && held_.size() + text.size() <= window) {
        held_ += text;
        return;
    }
    if (!searching_) {
        searching_ = true;
        ++searched_;
        search(std::exchange(held_, {}));
    }
    search(text);
}

/// Keeps what follows a usage key, as much as its object may be long, or else the last bytes, with
/// which a key may begin.
void usage_reader::search(std::string_view text) {
    const auto part = key().size() - 1;
    while (!text.empty()) {
        const auto taken = text.substr(0, found_ ? longest_usage - held_.size() : part);
        held_ += taken;
        if (found_) {
            text.remove_prefix(taken.size());
            if (held_.size() < longest_usage) return;
            usage_object(held_);
            found_ = false;
            held_.erase(0, held_.size() - part);
        } else if (const auto astride = find_key(held_, key(), 0);
                   astride != std::string_view::npos) {
            text.remove_prefix(taken.size());
            found_ = true;
            held_.erase(0, astride);
        } else if (const auto at = find_key(text, key(), 0); at != std::string_view::npos) {
            text.remove_prefix(at);
            found_ = true;
            held_.clear();
        } else {
            if (text.size() > part) held_ = text.substr(text.size() - part);
            held_.erase(0, held_.size() - std::min(held_.size(), part));
            return;
        }
    }
}

void usage_reader::end_search() {
    if (found_) usage_object(held_);
    searching_ = found_ = false;
    held_.clear();
}

// Of a thousand events one or none has the key: the search goes from key to key, not from event to
// event.
void usage_reader::events(std::string_view text) {
    for (auto at = find_key(text, key(), 0); at != std::string_view::npos;
         at = find_key(text, key(), 0)) {
        const auto before = last_event_end(text.substr(0, at), 0);
        const auto begin = before == std::string_view::npos ? 0 : before;
        const auto end = std::min(first_event_end(text, at), text.size());
        event(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

/// The `data` lines of an event are one document, with line feeds between them.
void usage_reader::event(std::string_view text) {
    std::string_view data;
    std::string joined;
    while (!text.empty()) {
        const auto value = field_value(next_line(text), "data");
        if (value.data() == nullptr) continue;
        if (data.data() == nullptr) {
            data = value;
            continue;
        }
        if (joined.empty()) joined = data;
        joined.append("\n").append(value);
        data = joined;
    }
    document(data);
}

void usage_reader::document(std::string_view text) {
    const auto begin = find_usage_object(text, key());
    if (begin == std::string_view::npos || last_member(text, begin)) return;
    if (scratch_.load(text)) return;
    json_reader reader(scratch_);
    const auto object = find_object(reader, 0, key().substr(1, key().size() - 2), false);
    usage_counts found;
    if (object != 0 && read_usage_counts(reader, object, found)) merge(found, usage_);
    scratch_.trim();
}

// Most servers write usage last, or nothing but nulls behind it: then the object is the document's
// own, and nothing else needs to be read to know that.
bool usage_reader::last_member(std::string_view text, std::size_t object) {
    const auto found = plain_usage_counts(text.substr(object));
    if (found) merge(*found, usage_);
    return found.has_value();
}

// A document too large to keep: the object behind the key, up to where it closes.
void usage_reader::usage_object(std::string_view text) {
    constexpr int max_closers = 8;
    const auto begin = find_usage_object(text, key());
    if (begin == std::string_view::npos) return;
    auto end = begin;
    for (int i = 0; i < max_closers; ++i) {
        end = text.find('}', end + 1);
        if (end == std::string_view::npos) return;
        if (scratch_.load(text.substr(begin, end + 1 - begin))) continue;
        json_reader reader(scratch_);
        usage_counts found;
        if (read_usage_counts(reader, 0, found)) merge(found, usage_);
        return;
    }
}

}  // namespace weir::payload
