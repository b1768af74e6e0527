#include "http/output.hpp"

#include <array>

namespace weir::http {
namespace {

constexpr std::size_t max_iov = 64;
// Up to this size copying is cheaper than one piece more of a gathered write.
constexpr std::size_t max_gathered = 4096;

}  // namespace

std::string& output::text() { return text_; }

void output::close_text() {
    if (text_.size() == text_open_) return;
    pieces_.push_back({nullptr, text_open_, text_.size() - text_open_});
    text_open_ = text_.size();
}

void output::view(std::string_view bytes) {
    if (bytes.size() <= max_gathered) {
        text_ += bytes;
        return;
    }
    close_text();
    pieces_.push_back({bytes.data(), 0, bytes.size()});
}

output::progress output::send(stream& to) {
    if (rest_sent_ != rest_.size()) {
        const auto p = send_rest(to);
        if (p == progress::broken) return p;
    }
    close_text();
    std::size_t first = 0;
    std::size_t skip = 0;
    while (first < pieces_.size() && rest_sent_ == rest_.size()) {
        std::array<iovec, max_iov> out;
        std::size_t count = 0;
        std::size_t wanted = 0;
        for (std::size_t i = first; i < pieces_.size() && count < max_iov; ++i) {
            const auto& p = pieces_[i];
            const char* data = p.data != nullptr ? p.data : text_.data() + p.offset;
            const auto cut = i == first ? skip : 0;
            out[count].iov_base = const_cast<char*>(data + cut);
            out[count].iov_len = p.size - cut;
            wanted += out[count++].iov_len;
        }
        const auto did = to.write(out.data(), static_cast<int>(count));
        if (did.code != 0 && !did.would_block()) return progress::broken;
        auto left = did.count + skip;
        while (first < pieces_.size() && left >= pieces_[first].size) left -= pieces_[first++].size;
        skip = left;
        if (did.count < wanted) break;
    }
    // The socket is full: keep what it did not take, in memory of exactly that size.
    std::size_t kept = rest_.size();
    for (auto i = first; i < pieces_.size(); ++i) kept += pieces_[i].size;
    rest_.reserve(kept - skip);
    for (; first < pieces_.size(); ++first, skip = 0) {
        const auto& p = pieces_[first];
        const char* data = p.data != nullptr ? p.data : text_.data() + p.offset;
        rest_.append(data + skip, p.size - skip);
    }
    pieces_.clear();
    text_.clear();
    text_open_ = 0;
    return rest_sent_ == rest_.size() ? progress::done : progress::blocked;
}

output::progress output::send_rest(stream& to) {
    while (rest_sent_ < rest_.size()) {
        iovec v{rest_.data() + rest_sent_, rest_.size() - rest_sent_};
        const auto did = to.write(&v, 1);
        if (did.would_block()) return progress::blocked;
        if (did.code != 0) return progress::broken;
        rest_sent_ += did.count;
    }
    rest_.clear();
    rest_sent_ = 0;
    return progress::done;
}

void output::clear() {
    text_.clear();
    text_open_ = 0;
    pieces_.clear();
    rest_.clear();
    rest_sent_ = 0;
}

}  // namespace weir::http
