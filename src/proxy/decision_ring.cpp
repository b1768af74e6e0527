#include "proxy/decision_ring.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
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
    headers,
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

enum class entry_kind : std::uint8_t {
    narrow,  ///< its candidates
    wide,    ///< wide_header and what it counts
    dump,    ///< no decision: the table of signals that the wide decisions before it read
};

/// Followed by the changes, the candidates as one bit an endpoint, the matches, and the totals of
/// the candidates.
struct wide_header {
    double now;
    std::uint32_t endpoints;
    std::uint32_t candidates;
    std::uint32_t changes;
    std::uint32_t matches;

    std::size_t words() const { return (endpoints + 63) / 64; }
    std::size_t bytes() const {
        return sizeof *this + changes * sizeof(signal_change) + words() * sizeof(std::uint64_t) +
               round_up(candidates * sizeof(float)) + matches * sizeof(recorded_match);
    }
    signal_change* change_list() { return reinterpret_cast<signal_change*>(this + 1); }
    std::uint64_t* bits() { return reinterpret_cast<std::uint64_t*>(change_list() + changes); }
    recorded_match* match_list() { return reinterpret_cast<recorded_match*>(bits() + words()); }
    float* totals() { return reinterpret_cast<float*>(match_list() + matches); }
};

/// Followed by its payload, then its texts without separators.
struct decision_ring::entry {
    std::uint32_t size;      ///< of all, a multiple of 8
    std::uint32_t previous;  ///< offset of the decision before this one
    decision_numbers numbers;
    std::uint32_t payload;  ///< bytes, a multiple of 8
    std::array<std::uint32_t, texts> text_sizes;
    std::array<recorded_attempt, max_attempts> attempts;
    std::uint8_t attempt_count;
    std::uint8_t reason_size;
    std::array<char, max_reason> reason;
    entry_kind kind;

    template <class T>
    T* payload_as() {
        return reinterpret_cast<T*>(this + 1);
    }
    template <class T>
    std::span<T> list_of() {
        return {payload_as<T>(), payload / sizeof(T)};
    }
    char* text_begin() { return payload_as<char>() + payload; }
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
    const auto where = write(facts, facts.candidates * sizeof(recorded_candidate));
    if (auto* e = find(where)) candidates = e->list_of<recorded_candidate>();
    return where;
}

/// Head and texts of an entry, and room for its payload.
decision_ring::place decision_ring::write(const decision_facts& facts, std::size_t payload) {
    std::array<std::string_view, texts> views = {facts.request_id,
                                                 facts.pool,
                                                 facts.model,
                                                 facts.target_model,
                                                 facts.objective,
                                                 facts.fairness_id,
                                                 facts.path,
                                                 facts.headers,
                                                 {},
                                                 {}};
    static const endpoint none;
    const auto& picked = facts.picked != nullptr ? *facts.picked : none;
    const authority_text authority(picked);
    std::array<std::uint32_t, texts> sizes{};
    std::size_t bytes = sizeof(entry) + payload;
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
    e.payload = static_cast<std::uint32_t>(payload);
    e.kind = entry_kind::narrow;
    e.text_sizes = sizes;
    e.attempt_count = e.reason_size = 0;
    char* to = e.text_begin();
    for (std::size_t i = 0; i <= headers; ++i) to = put(to, views[i]);
    if (facts.picked != nullptr) {
        to = put(put(put(to, picked.name_space), "/"), picked.name);
        to = put(put(to, authority.before), authority.address);
        put(to, {authority.behind.data(), authority.behind_size});
    }
    end_ = offset + e.size;
    newest_ = offset;
    ++count_;
    fetch_ahead(e.size);
    return {e.numbers.sequence, offset};
}

/// The ring is larger than the caches: what the next decision will overwrite is fetched while this
/// one's request goes on.
void decision_ring::fetch_ahead(std::uint32_t bytes) const {
    constexpr std::uint32_t line = 64;
    const auto end = std::min(end_ + bytes, capacity_);
    for (auto at = end_; at < end; at += line) __builtin_prefetch(memory_.get() + at, 1);
}

void decision_ring::forget_all() {
    while (count_ != 0) drop_oldest();
    table_ = {};
}

/// The table becomes another one: the decisions that read this one need it kept.
bool decision_ring::write_dump() {
    if (table_.empty()) return true;
    auto* e = find(write({}, table_.size() * sizeof(recorded_signals)));
    if (e == nullptr) return false;
    e->kind = entry_kind::dump;
    table_.copy(e->list_of<recorded_signals>());
    return true;
}

namespace {

/// Who was a candidate, and its total; none: filtered.
void write_candidates(wide_header& to, const wide_facts& read) {
    const auto* const list = read.candidates.data();
    const auto count = read.candidates.size();
    if (count == to.endpoints) {
        std::fill_n(to.bits(), to.words(), ~std::uint64_t{0});
    } else {
        std::fill_n(to.bits(), to.words(), std::uint64_t{0});
        for (const auto e : read.candidates) to.bits()[e / 64] |= std::uint64_t{1} << (e % 64);
    }
    auto* const totals = to.totals();
    if (read.totals.size() == count) {
        for (std::size_t i = 0; i < count; ++i) totals[i] = static_cast<float>(read.totals[i]);
        return;
    }
    // Survivors keep the order of the candidates.
    std::size_t at = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const bool scored = at < read.survivors.size() && read.survivors[at] == list[i];
        totals[i] = scored && at < read.totals.size() ? static_cast<float>(read.totals[at])
                                                      : std::numeric_limits<float>::quiet_NaN();
        at += scored ? 1 : 0;
    }
}

/// Most endpoints know nothing of a prompt: they are passed over several at a time.
void note_matches(std::span<const double> blocks, std::vector<recorded_match>& out) {
    constexpr std::size_t stride = 8;
    for (std::size_t begin = 0; begin < blocks.size(); begin += stride) {
        const auto some = blocks.subspan(begin, std::min(stride, blocks.size() - begin));
        double any = 0;
        for (const auto b : some) any += b;
        if (any == 0) continue;
        for (std::size_t i = 0; i < some.size(); ++i) {
            if (some[i] == 0) continue;
            out.push_back({static_cast<std::uint32_t>(begin + i), static_cast<float>(some[i])});
        }
    }
}

}  // namespace

decision_ring::place decision_ring::add_wide(const decision_facts& facts, const wide_facts& read) {
    const auto endpoints = read.signals.size();
    changes_.clear();
    if (table_.is_about(facts.pool, facts.numbers.view_version, endpoints)) {
        table_.update(read.signals, read.now, changes_);
    } else {
        if (!write_dump()) forget_all();
        table_.reset(facts.pool, facts.numbers.view_version, read.signals, read.now);
    }
    matches_.clear();
    if (read.matched_blocks != nullptr) note_matches({read.matched_blocks, endpoints}, matches_);
    const wide_header head{read.now, static_cast<std::uint32_t>(endpoints),
                           static_cast<std::uint32_t>(read.candidates.size()),
                           static_cast<std::uint32_t>(changes_.size()),
                           static_cast<std::uint32_t>(matches_.size())};
    const auto where = write(facts, head.bytes());
    auto* e = find(where);
    if (e == nullptr) {
        forget_all();  // the chain of changes is broken
        return {};
    }
    e->kind = entry_kind::wide;
    auto& to = *e->payload_as<wide_header>();
    to = head;
    std::copy(changes_.begin(), changes_.end(), to.change_list());
    std::copy(matches_.begin(), matches_.end(), to.match_list());
    write_candidates(to, read);
    return where;
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

/// The table of signals on the way from the newest decision to older ones.
struct decision_ring::unwinding {
    std::vector<recorded_signals> rows;

    void show(wide_header& from, std::vector<recorded_candidate>& out) const {
        const auto* total = from.totals();
        for (std::uint32_t e = 0; e < from.endpoints && e < rows.size(); ++e) {
            if ((from.bits()[e / 64] >> (e % 64) & 1) == 0) continue;
            const auto& row = rows[e];
            auto& c = out.emplace_back();
            c.endpoint = e;
            c.waiting = static_cast<float>(row.waiting);
            c.running = static_cast<float>(row.running);
            c.kv_usage = row.kv_usage;
            c.age_seconds = static_cast<float>(from.now - row.scraped);
            c.inflight = static_cast<float>(row.inflight);
            c.inflight_tokens = static_cast<float>(row.inflight_tokens);
            c.filtered = std::isnan(*total);
            c.total = c.filtered ? 0 : static_cast<double>(*total);
            ++total;
        }
        for (const auto& m : std::span(from.match_list(), from.matches)) {
            const auto c = std::lower_bound(
                out.begin(), out.end(), m.endpoint,
                [](const recorded_candidate& a, std::uint32_t e) { return a.endpoint < e; });
            if (c != out.end() && c->endpoint == m.endpoint) c->matched_blocks = m.blocks;
        }
    }

    void undo(wide_header& from) {
        for (const auto& c : std::span(from.change_list(), from.changes)) {
            if (c.endpoint < rows.size()) rows[c.endpoint] = c.before;
        }
    }
};

std::vector<decision_record> decision_ring::copy(std::size_t limit, std::string_view wanted) const {
    std::vector<decision_record> out;
    unwinding table{std::vector<recorded_signals>(table_.size())};
    table_.copy(table.rows);
    auto offset = newest_;
    for (std::size_t i = 0; i < count_ && out.size() < limit; ++i) {
        auto& e = *at(offset);
        offset = e.previous;
        if (e.kind == entry_kind::dump) {
            const auto rows = e.list_of<recorded_signals>();
            table.rows.assign(rows.begin(), rows.end());
            continue;
        }
        const char* from = e.text_begin();
        if (wanted.empty() || std::string_view(from, e.text_sizes[request_id]) == wanted) {
            auto& r = out.emplace_back();
            read_entry(e, r);
            if (e.kind == entry_kind::wide) table.show(*e.payload_as<wide_header>(), r.candidates);
        }
        if (e.kind == entry_kind::wide) table.undo(*e.payload_as<wide_header>());
    }
    return out;
}

/// All of a decision but the candidates of a wide one.
void decision_ring::read_entry(entry& e, decision_record& r) {
    const char* from = e.text_begin();
    static_cast<decision_numbers&>(r) = e.numbers;
    const std::array<std::string*, texts> to = {
        &r.request_id,  &r.pool, &r.model,   &r.target_model, &r.objective,
        &r.fairness_id, &r.path, &r.headers, &r.endpoint,     &r.endpoint_address};
    for (std::size_t t = 0; t < texts; ++t) {
        to[t]->assign(from, e.text_sizes[t]);
        from += e.text_sizes[t];
    }
    r.reason.assign(e.reason.data(), e.reason_size);
    if (e.kind == entry_kind::narrow) {
        const auto candidates = e.list_of<recorded_candidate>();
        r.candidates.assign(candidates.begin(), candidates.end());
    }
    r.attempts.assign(e.attempts.begin(), e.attempts.begin() + e.attempt_count);
}

}  // namespace weir::proxy
