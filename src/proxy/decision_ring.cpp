#include "proxy/decision_ring.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "weir/endpoint.hpp"

namespace weir::proxy {
namespace {

constexpr std::size_t max_attempts = 6;
constexpr std::size_t max_reason = 32;
constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

enum text : std::size_t {
    request_id,
    pool,
    model,
    target_model,
    objective,
    fairness_id,
    path,
    endpoint_id,
    endpoint_address,
    texts,
};

std::size_t round_up(std::size_t n) { return (n + 7) & ~std::size_t{7}; }

/// `ip:port` of an endpoint as `endpoint::authority` has it, without an allocation.
struct authority_text {
    explicit authority_text(const endpoint& e) {
        const bool v6 = e.address.find(':') != std::string::npos;
        before = v6 ? "[" : "";
        address = e.address;
        char* at = behind.data();
        if (v6) *at++ = ']';
        *at++ = ':';
        at = std::to_chars(at, behind.data() + behind.size(), e.port).ptr;
        behind_size = static_cast<std::size_t>(at - behind.data());
    }
    std::string_view before;
    std::string_view address;
    std::array<char, 8> behind;
    std::size_t behind_size = 0;
};

char* put(char* to, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return to + bytes.size();
}

}  // namespace

/// Followed by its candidates, then its texts without separators.
struct decision_ring::entry {
    std::uint32_t size;      ///< of all, a multiple of 8
    std::uint32_t previous;  ///< offset of the decision before this one
    decision_numbers numbers;
    std::uint32_t candidate_count;
    std::array<std::uint32_t, texts> text_sizes;
    std::array<recorded_attempt, max_attempts> attempts;
    std::uint8_t attempt_count;
    std::uint8_t reason_size;
    std::array<char, max_reason> reason;

    recorded_candidate* candidates() { return reinterpret_cast<recorded_candidate*>(this + 1); }
    char* text_begin() { return reinterpret_cast<char*>(candidates() + candidate_count); }
};

decision_ring::decision_ring(std::size_t max_bytes)
    : capacity_(static_cast<std::uint32_t>(std::min<std::size_t>(max_bytes, nowhere - 8) & ~7U)),
      memory_(new unsigned char[capacity_ + 8]),
      wrap_(nowhere) {}

decision_ring::~decision_ring() = default;

decision_ring::entry* decision_ring::at(std::uint32_t offset) const {
    return reinterpret_cast<entry*>(memory_.get() + offset);
}

decision_ring::entry* decision_ring::find(place where) const {
    return where.sequence != 0 && where.sequence >= next_ - count_ ? at(where.offset) : nullptr;
}

void decision_ring::drop_oldest() {
    begin_ += at(begin_)->size;
    --count_;
    if (begin_ == wrap_) {
        begin_ = 0;
        wrap_ = nowhere;
    }
}

/// An offset with that much free memory behind it, at the cost of the oldest.
std::uint32_t decision_ring::make_room(std::uint32_t size) {
    for (;;) {
        if (count_ == 0) {
            begin_ = end_ = 0;
            wrap_ = nowhere;
            return 0;
        }
        if (wrap_ == nowhere) {
            if (capacity_ - end_ >= size) return end_;
            wrap_ = end_;
            end_ = 0;
        }
        if (begin_ - end_ >= size) return end_;
        drop_oldest();
    }
}

decision_ring::place decision_ring::add(const decision_facts& facts,
                                        std::span<recorded_candidate>& candidates) {
    candidates = {};
    std::array<std::string_view, texts> views = {facts.request_id,
                                                 facts.pool,
                                                 facts.model,
                                                 facts.target_model,
                                                 facts.objective,
                                                 facts.fairness_id,
                                                 facts.path,
                                                 {},
                                                 {}};
    static const endpoint none;
    const auto& picked = facts.picked != nullptr ? *facts.picked : none;
    const authority_text authority(picked);
    std::array<std::uint32_t, texts> sizes{};
    std::size_t bytes = sizeof(entry) + facts.candidates * sizeof(recorded_candidate);
    for (std::size_t i = 0; i < texts; ++i) {
        auto n = views[i].size();
        if (i == endpoint_id && facts.picked != nullptr)
            n = picked.name_space.size() + 1 + picked.name.size();
        if (i == endpoint_address && facts.picked != nullptr)
            n = authority.before.size() + authority.address.size() + authority.behind_size;
        sizes[i] = static_cast<std::uint32_t>(n);
        bytes += n;
    }
    bytes = round_up(bytes);
    if (bytes > capacity_) return {};
    const auto offset = make_room(static_cast<std::uint32_t>(bytes));
    auto& e = *at(offset);
    e.size = static_cast<std::uint32_t>(bytes);
    e.previous = newest_;
    e.numbers = facts.numbers;
    e.numbers.sequence = next_++;
    e.candidate_count = static_cast<std::uint32_t>(facts.candidates);
    e.text_sizes = sizes;
    e.attempt_count = e.reason_size = 0;
    char* to = e.text_begin();
    for (std::size_t i = 0; i <= path; ++i) to = put(to, views[i]);
    if (facts.picked != nullptr) {
        to = put(put(put(to, picked.name_space), "/"), picked.name);
        to = put(put(to, authority.before), authority.address);
        put(to, {authority.behind.data(), authority.behind_size});
    }
    end_ = offset + e.size;
    newest_ = offset;
    ++count_;
    candidates = {e.candidates(), facts.candidates};
    return {e.numbers.sequence, offset};
}

void decision_ring::note_attempt(place where, recorded_attempt attempt) {
    auto* e = find(where);
    if (e == nullptr) return;
    if (e->attempt_count == max_attempts) {
        std::move(e->attempts.begin() + 1, e->attempts.end(), e->attempts.begin());
        --e->attempt_count;
    }
    e->attempts[e->attempt_count++] = attempt;
}

void decision_ring::note_head(place where, std::int32_t status, float first_byte_ms) {
    if (auto* e = find(where)) {
        e->numbers.status = status;
        e->numbers.first_byte_ms = first_byte_ms;
    }
}

void decision_ring::note_end(place where, std::int32_t status, std::string_view reason,
                             float total_ms) {
    auto* e = find(where);
    if (e == nullptr) return;
    e->numbers.status = status;
    e->numbers.total_ms = total_ms;
    e->reason_size = static_cast<std::uint8_t>(std::min(reason.size(), max_reason));
    std::copy_n(reason.data(), e->reason_size, e->reason.begin());
}

std::vector<decision_record> decision_ring::copy(std::size_t limit, std::string_view wanted) const {
    std::vector<decision_record> out;
    auto offset = newest_;
    for (std::size_t i = 0; i < count_ && out.size() < limit; ++i) {
        auto& e = *at(offset);
        offset = e.previous;
        const char* from = e.text_begin();
        if (!wanted.empty() && std::string_view(from, e.text_sizes[request_id]) != wanted) continue;
        auto& r = out.emplace_back();
        static_cast<decision_numbers&>(r) = e.numbers;
        const std::array<std::string*, texts> to = {
            &r.request_id,  &r.pool, &r.model,    &r.target_model,    &r.objective,
            &r.fairness_id, &r.path, &r.endpoint, &r.endpoint_address};
        for (std::size_t t = 0; t < texts; ++t) {
            to[t]->assign(from, e.text_sizes[t]);
            from += e.text_sizes[t];
        }
        r.reason.assign(e.reason.data(), e.reason_size);
        r.candidates.assign(e.candidates(), e.candidates() + e.candidate_count);
        r.attempts.assign(e.attempts.begin(), e.attempts.begin() + e.attempt_count);
    }
    return out;
}

}  // namespace weir::proxy
