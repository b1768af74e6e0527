#include "sim/request_log.hpp"

namespace weir::sim {

void request_log::add(request_record&& r) {
    if (capacity_ == 0) return;
    if (records_.size() == capacity_) records_.pop_front();
    records_.push_back(std::move(r));
}

void write_record(json_writer& w, const request_record& r) {
    const auto count = [](std::size_t n) { return std::uint64_t{n}; };
    w.begin_object().field("number", r.number).field("received_ms", r.received_ms);
    w.field("method", r.method).field("path", r.path).field("model", r.model);
    w.field("stream", r.stream).field("prompt_tokens", count(r.prompt_tokens));
    w.field("cached_tokens", count(r.cached_tokens));
    w.field("output_tokens", count(r.output_tokens)).field("priority", r.priority);
    w.field("status", r.status).key("finished_reason");
    r.outcome.empty() ? w.null() : w.value(r.outcome);
    w.field("queue_ms", r.queue_ms).field("prefill_ms", r.prefill_ms);
    w.field("decode_ms", r.decode_ms).field("ttft_ms", r.ttft_ms).field("total_ms", r.total_ms);
    w.key("headers").begin_object();
    for (const auto& [name, value] : r.headers) w.field(name, value);
    w.end_object().field("body_bytes", count(r.body_bytes)).field("body", r.body).end_object();
}

}  // namespace weir::sim
