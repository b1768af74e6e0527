#include "response.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace bench {

namespace {

constexpr std::string_view stamp_key = "data: {\"t\":";
constexpr std::size_t head_limit = 65536;

}  // namespace

std::string_view head_field(std::string_view head, std::string_view name) {
    for (auto at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        const auto line = head.substr(at + 2);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        auto value = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        return value;
    }
    return {};
}

std::size_t response_reader::consume(std::string_view bytes) {
    const auto all = bytes.size();
    while (!bytes.empty() && !done() && !broken()) {
        std::size_t taken = 0;
        switch (state_) {
            case state::head:
                taken = take_head(bytes);
                break;
            case state::sized_body:
            case state::chunk_data:
                taken = take_data(bytes);
                break;
            case state::chunk_size:
                taken = take_size(bytes);
                break;
            case state::chunk_end:
                taken = take_line(bytes, state::chunk_size, state::broken);
                break;
            case state::trailer:
                taken = take_line(bytes, state::done, state::trailer);
                break;
            case state::done:
            case state::broken:
                break;
        }
        bytes.remove_prefix(taken);
    }
    return all - bytes.size();
}

std::int64_t response_reader::take_stamp() {
    const auto stamp = stamp_;
    stamp_ = 0;
    return stamp;
}

std::size_t response_reader::take_head(std::string_view bytes) {
    const auto before = head_.size();
    head_ += bytes;
    const auto end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
        if (head_.size() > head_limit) state_ = state::broken;
        return bytes.size();
    }
    head_.resize(end + 2);
    read_head();
    return end + 4 - before;
}

void response_reader::read_head() {
    const std::string_view head = head_;
    if (!head.starts_with("HTTP/1.") || head.size() < 12) {
        state_ = state::broken;
        return;
    }
    std::from_chars(head.data() + 9, head.data() + 12, status_);
    is_stream_ = head_field(head, "content-type").starts_with("text/event-stream");
    if (head_field(head, "transfer-encoding").starts_with("chunked")) {
        state_ = state::chunk_size;
    } else {
        const auto length = head_field(head, "content-length");
        std::from_chars(length.data(), length.data() + length.size(), left_);
        state_ = left_ == 0 ? state::done : state::sized_body;
    }
    head_.clear();
}

std::size_t response_reader::take_size(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char c = bytes[i];
        if (c == '\n') {
            state_ = left_ == 0 ? state::trailer : state::chunk_data;
            line_length_ = 0;
            return i + 1;
        }
        if (c == '\r') continue;
        const auto digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (digit < 0 || digit > 15) {
            state_ = state::broken;
            return i;
        }
        left_ = left_ * 16 + static_cast<std::size_t>(digit);
    }
    return bytes.size();
}

std::size_t response_reader::take_data(std::string_view bytes) {
    const auto taken = std::min(left_, bytes.size());
    const auto payload = bytes.substr(0, taken);
    body_bytes_ += static_cast<std::int64_t>(taken);
    if (is_stream_) count_events(payload);
    left_ -= taken;
    if (left_ == 0) state_ = state_ == state::sized_body ? state::done : state::chunk_end;
    return taken;
}

std::size_t response_reader::take_line(std::string_view bytes, state empty, state other) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
        line_length_ += bytes.size();
        return bytes.size();
    }
    const auto length = line_length_ + end;
    line_length_ = 0;
    const bool is_empty = length <= 1;  // at most its carriage return
    state_ = is_empty ? empty : other;
    return end + 1;
}

void response_reader::count_events(std::string_view payload) {
    if (payload.starts_with(stamp_key) && payload.size() >= stamp_key.size() + 20) {
        std::from_chars(payload.data() + stamp_key.size(), payload.data() + stamp_key.size() + 20,
                        stamp_);
    }
    if (payload.starts_with("data: {\"error\"")) saw_error_ = true;
    for (std::size_t at = 0; at < payload.size();) {
        const auto newline = payload.find('\n', at);
        if (newline == std::string_view::npos) {
            last_ = payload.back();
            return;
        }
        const char before = newline > 0 ? payload[newline - 1] : last_;
        if (before == '\n') ++events_;
        last_ = '\n';
        at = newline + 1;
    }
    last_ = payload.back();
}

}  // namespace bench
