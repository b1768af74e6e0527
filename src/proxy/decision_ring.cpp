#include "proxy/decision_ring.hpp"

#include <utility>

namespace weir::proxy {

std::size_t decision_record::bytes() const {
    const auto text = [](const std::string& s) { return s.capacity() > 15 ? s.capacity() + 1 : 0; };
    return sizeof *this + text(request_id) + text(pool) + text(model) + text(target_model) +
           text(objective) + text(fairness_id) + text(path) + text(endpoint) +
           text(endpoint_address) + text(reason) +
           candidates.capacity() * sizeof(recorded_candidate) +
           attempts.capacity() * sizeof(recorded_attempt);
}

decision_record& decision_ring::add() {
    records_.push_back(std::move(spare_));
    spare_ = {};
    auto& r = records_.back();
    r.sequence = next_++;
    r.reason.clear();
    r.endpoint.clear();
    r.endpoint_address.clear();
    r.candidates.clear();
    r.attempts.clear();
    r.status = 0;
    r.first_byte_ms = r.total_ms = -1;
    return r;
}

void decision_ring::keep(decision_record& record) {
    bytes_ += record.bytes();
    while (bytes_ > max_bytes_ && records_.size() > 1) {
        const auto gone = records_.front().bytes();
        bytes_ -= gone < bytes_ ? gone : bytes_;
        // The memory of the oldest serves the next one.
        spare_ = std::move(records_.front());
        records_.pop_front();
    }
}

decision_record* decision_ring::find(std::uint64_t sequence) {
    if (records_.empty() || sequence < records_.front().sequence) return nullptr;
    const auto at = sequence - records_.front().sequence;
    return at < records_.size() ? &records_[at] : nullptr;
}

}  // namespace weir::proxy
