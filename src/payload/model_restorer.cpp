#include "payload/model_restorer.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "payload/json_reader.hpp"

namespace weir::payload {
namespace {

constexpr std::size_t kept_event = 512;

// A document has one model and one inside response or message; more would be duplicates.
struct edits {
    struct range {
        std::size_t begin = 0;
        std::size_t end = 0;
    };
    std::array<range, 4> ranges;
    std::size_t count = 0;

    void add(std::size_t begin, std::size_t n) {
        if (count < ranges.size()) ranges[count++] = {begin, begin + n};
    }
};

// Members come in the order of the text, so the ranges do too.
bool collect(json_reader& reader, std::size_t object, bool inner, edits& found) {
    return reader.each_member(object, [&](std::string_view name, std::size_t value) {
        if (name == "model" && reader.is_string(value)) {
            found.add(reader.index().position(value), reader.index().raw(value).size());
        }
        if (!inner && (name == "response" || name == "message") && reader.is_object(value)) {
            return collect(reader, value, true, found);
        }
        return true;
    });
}

// The data lines of an event are one document, and their line ends are white space in it: blanking
// what is not data leaves every byte where it stands in the event.
std::string data_in_place(std::string_view event) {
    std::string out(event);
    for (auto rest = event; !rest.empty();) {
        const auto line = next_line(rest);
        const auto data = field_value(line, "data");
        const auto begin = static_cast<std::size_t>(line.data() - event.data());
        out.replace(begin, line.size() - data.size(), line.size() - data.size(), ' ');
    }
    return out;
}

}  // namespace

model_restorer::model_restorer(answer_kind kind, std::string_view client_model, json_index& scratch)
    : kind_(kind), scratch_(scratch) {
    quoted_ = '"';
    append_json_escaped(quoted_, client_model);
    quoted_ += '"';
}

void model_restorer::feed(std::string_view bytes, std::string& out) {
    if (kind_ == answer_kind::sse) return feed_stream(bytes, out);
    if (!passing_ && held_.size() + bytes.size() <= max_json) {
        held_ += bytes;
        return;
    }
    passing_ = true;
    long_json_.feed(held_, quoted_, out);
    std::string().swap(held_);  // an assignment would keep its memory
    long_json_.feed(bytes, quoted_, out);
}

void model_restorer::finish(std::string& out) {
    if (kind_ == answer_kind::sse) {
        event(held_, out);
    } else {
        splice(held_, held_, 0, out);
    }
    std::string().swap(held_);
}

void model_restorer::feed_stream(std::string_view bytes, std::string& out) {
    if (passing_) {
        std::size_t n = 0;
        while (n < bytes.size() && passing_) {
            const auto end = std::min(bytes.size(), find_line_end(bytes, n) + 1);
            boundary_.feed(bytes.substr(n, end - n));
            n = end;
            passing_ = !boundary_.at_boundary();
        }
        out += bytes.substr(0, n);
        bytes.remove_prefix(n);
    }
    if (bytes.empty()) return;
    if (held_.empty()) {
        const auto end = last_event_end(bytes, 0);
        const auto whole = end == std::string_view::npos ? 0 : end;
        events(bytes.substr(0, whole), out);
        return hold(bytes.substr(whole), out);
    }
    const auto before = held_.size();
    held_ += bytes;
    const auto end = last_event_end(held_, before + 1);
    if (end != std::string_view::npos) {
        events(std::string_view(held_).substr(0, end), out);
        held_.erase(0, end);
        // Thousands of streams may wait: none keeps the memory of its longest event.
        if (held_.capacity() > 2 * held_.size() + kept_event) held_.shrink_to_fit();
    }
    hold({}, out);
}

void model_restorer::hold(std::string_view text, std::string& out) {
    held_ += text;
    if (held_.size() <= max_event) return;
    out += held_;
    boundary_ = {};
    boundary_.feed(held_);
    std::string().swap(held_);
    passing_ = true;
}

void model_restorer::events(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const auto end = std::min(first_event_end(text, 1), text.size());
        event(text.substr(0, end), out);
        text.remove_prefix(end);
    }
}

void model_restorer::event(std::string_view text, std::string& out) {
    std::string_view json;
    std::size_t lines = 0;
    for (auto rest = text; !rest.empty() && text.size() <= max_event;) {
        const auto data = field_value(next_line(rest), "data");
        if (data.data() == nullptr) continue;
        json = data;
        ++lines;
    }
    if (lines > 1) {
        const auto joined = data_in_place(text);
        splice(text, joined, 0, out);
    } else if (lines == 1) {
        splice(text, json, static_cast<std::size_t>(json.data() - text.data()), out);
    } else {
        out += text;
    }
}

void model_restorer::splice(std::string_view text, std::string_view json, std::size_t offset,
                            std::string& out) {
    edits found;
    if (json.find('{') != std::string_view::npos && !scratch_.load(json)) {
        json_reader reader(scratch_);
        if (!collect(reader, 0, false, found)) found.count = 0;
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < found.count; ++i) {
        out += text.substr(from, offset + found.ranges[i].begin - from);
        out += quoted_;
        from = offset + found.ranges[i].end;
    }
    out += text.substr(from);
}

}  // namespace weir::payload
