#include "sim/plain_call.hpp"

#include <array>
#include <utility>

#include "sim/server_core.hpp"
#include "sim/wire_break.hpp"

namespace weir::sim {
namespace {

constexpr std::size_t max_body = std::size_t{64} << 20;
constexpr duration trickle_pause = std::chrono::milliseconds(100);
constexpr duration health_poll = std::chrono::seconds(1);
constexpr duration health_patience = std::chrono::seconds(20);
constexpr std::size_t endless = std::size_t{1} << 30;

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool is_metrics(std::string_view path) {
    return path == "/metrics" || path == "/prometheus/metrics";
}

// Pages that poll: not worth a line in the log.
bool is_routine(std::string_view path) {
    return is_metrics(path) || path == "/health" || path.starts_with("/sim/");
}

}  // namespace

plain_call::plain_call(server_core& core, http::exchange& ex, std::size_t i)
    : index(i), core_(core), ex_(&ex), record_(core.new_record(ex)), path_(path_of(record_.path)) {
    logged_ = !is_routine(path_);
    std::string ignored;
    if (path_.starts_with("/sim/")) return;
    if (const auto text = ex.head().fields.get("x-sim-fault"); !text.empty()) {
        fault_ = parse_fault(text, ignored).value_or(fault{});
    } else {
        fault_ = core.faults().pick(record_.path, false);
    }
}

plain_call::~plain_call() = default;

void plain_call::begin() {
    ex_->set_owner(*this);
    ex_->read_body(max_body);
}

void plain_call::on_body(std::span<char> bytes) {
    body_.assign(bytes.data(), bytes.size());
    record_.body_bytes = body_.size();
    record_.body = std::string_view(body_).substr(0, core_.options().log_body_bytes);
    if (fault_.delay <= duration::zero()) return proceed();
    timer_.emplace(
        core_.loop(), [](void* self) { static_cast<plain_call*>(self)->proceed(); }, this);
    timer_->arm(fault_.delay);
}

void plain_call::proceed() {
    if (fault_.status != 0) {
        auto& ex = *std::exchange(ex_, nullptr);
        core_.answer_error(ex, api::none,
                           {.status = fault_.status,
                            .type = error_type(fault_.status),
                            .message = "injected fault",
                            .param = {}});
        return over(fault_.status);
    }
    if (fault_.breaks == break_kind::stall) return;
    if (fault_.breaks != break_kind::none) {
        auto& ex = *std::exchange(ex_, nullptr);
        if (fault_.breaks == break_kind::reset) {
            reset_connection(ex);
        } else {
            send_raw(ex, fault_.breaks == break_kind::garbage ? "this is not HTTP\r\n\r\n" : "");
        }
        return over(0);
    }
    if (is_metrics(path_)) return answer_metrics();
    core_.tests_itself(path_) ? test_engine() : answer_page();
}

void plain_call::answer_page() {
    const auto answer = core_.page(record_.method, record_.path, body_, record_);
    auto& ex = *std::exchange(ex_, nullptr);
    core_.answer(ex, answer);
    over(answer.status);
}

// SGLang has a token made and looks once a second whether any was: its health page is never quick.
void plain_call::test_engine() {
    tokens_ = core_.tokens_made();
    asked_ = core_.loop().now();
    core_.test_engine();
    timer_.emplace(
        core_.loop(), [](void* self) { static_cast<plain_call*>(self)->look_at_engine(); }, this);
    timer_->arm(core_.options().fast ? duration::zero() : health_poll);
}

void plain_call::look_at_engine() {
    if (core_.tokens_made() > tokens_) return answer_page();
    if (core_.loop().now() - asked_ < health_patience) return timer_->arm(health_poll);
    core_.answer(*std::exchange(ex_, nullptr), {503, "text/plain; charset=utf-8", {}});
    over(503);
}

void plain_call::answer_metrics() {
    const auto kind = core_.faults().server().metrics;
    if (kind == metrics_fault::hang) return;
    if (kind == metrics_fault::reset) {
        reset_connection(*std::exchange(ex_, nullptr));
        return over(0);
    }
    auto answer = core_.page(record_.method, record_.path, body_, record_);
    if (kind != metrics_fault::slow && kind != metrics_fault::huge) {
        core_.answer(*std::exchange(ex_, nullptr), answer);
        return over(answer.status);
    }
    const std::array<http::field, 2> fields{
        {{"content-type", answer.content_type}, {"x-sim-endpoint", core_.name()}}};
    http::answer_head head;
    head.fields = fields;
    head.body = http::framing::chunked;
    ex_->begin(head);
    page_ = std::move(answer.body);
    if (kind == metrics_fault::slow) {
        timer_.emplace(
            core_.loop(), [](void* self) { static_cast<plain_call*>(self)->trickle(); }, this);
        return trickle();
    }
    while (page_.size() < 64 * 1024) {
        page_ += "vllm:made_up_total{n=\"" + std::to_string(page_.size()) + "\"} 1.0\n";
    }
    pour();
}

// One byte at a time.
void plain_call::trickle() {
    ex_->write(std::string_view(page_).substr(sent_++, 1));
    if (sent_ < page_.size()) {
        ex_->flush();
        timer_->arm(trickle_pause);
        return;
    }
    std::exchange(ex_, nullptr)->finish();
    over(200);
}

// As fast as the client reads, without an end in sight.
void plain_call::pour() {
    while (sent_ < endless) {
        sent_ += page_.size();
        ex_->write(page_);
        if (!ex_->flush()) return;
    }
    std::exchange(ex_, nullptr)->finish();
    over(200);
}

void plain_call::on_drained() {
    if (core_.faults().server().metrics == metrics_fault::huge) pour();
}

void plain_call::on_gone() {
    ex_ = nullptr;
    record_.outcome = "abort";
    over(0);
}

void plain_call::over(int status) {
    record_.status = status;
    if (record_.outcome.empty()) record_.outcome = fault_.any() ? "fault" : "stop";
    record_.total_ms = core_.milliseconds(core_.loop().now()) - record_.received_ms;
    if (logged_) core_.log().add(std::move(record_));
    core_.retire(*this);
}

}  // namespace weir::sim
