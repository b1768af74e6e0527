#include "proxy/telemetry.hpp"

#include <charconv>
#include <utility>

#include "base/metric_buckets.hpp"
#include "base/metric_help.hpp"
#include "base/utf8.hpp"

namespace weir::proxy {
namespace {

// The endpoint picker's own buckets; 32778 is a slip of the reference that is part of its contract.
constexpr auto& gen_buckets = metrics::buckets::general;
constexpr std::size_t ttft_bucket_count = 24;  // of gen_buckets, up to 120
constexpr std::array request_size_buckets = [] {
    std::array<double, 25> out{};
    double v = 64;
    for (auto& b : out) {
        b = v;
        v *= 2;
    }
    return out;
}();
constexpr std::array response_size_buckets = {1.0,    8.0,    16.0,    32.0,    64.0,
                                              128.0,  256.0,  512.0,   1024.0,  2048.0,
                                              4096.0, 8192.0, 16384.0, 32778.0, 65536.0};
constexpr std::array input_token_buckets = {
    1.0,    8.0,    16.0,    32.0,    64.0,    128.0,    256.0,    512.0,    1024.0,   2048.0,
    4096.0, 8192.0, 16384.0, 32778.0, 65536.0, 131072.0, 262144.0, 524288.0, 1048576.0};
constexpr std::array output_token_buckets = {1.0,   8.0,   16.0,   32.0,   64.0,   128.0,
                                             256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0};
constexpr std::array ntpot_buckets = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                      0.2,   0.5,   1.0,   2.0,  5.0,  10.0};
constexpr auto& tpot_buckets = metrics::buckets::per_token;
constexpr std::array itl_buckets = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                    0.15,  0.2,   0.3,  0.5,  0.75, 1.0,  2.0};
constexpr auto& fast_buckets = metrics::buckets::fast;
constexpr std::array processing_buckets = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.04,
                                           0.06,   0.1,   0.25,  0.5,   1.0,  2.5,   5.0,   10.0};

constexpr std::array response_buckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                         0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0};

constexpr std::size_t longest_label = 256;

/// A family under the endpoint picker's name; its deprecated twin says so in its help.
struct family {
    std::string_view name;
    std::string_view help;
};

std::string help_of(const family& f) { return metrics::alpha(f.help); }
std::string twin_help_of(const family& f) { return metrics::deprecated(f.name, f.help); }

constexpr family requests_family = {"llm_d_epp_request_total", "Requests that were scheduled."};
constexpr family errors_family = {"llm_d_epp_request_error_total",
                                  "Requests that failed, by code."};
constexpr family running_family = {"llm_d_epp_request_running", "Requests under way."};
constexpr family attempts_family = {"llm_d_epp_scheduler_attempts_total", "Scheduling attempts."};
constexpr family inflight_requests_family = {"llm_d_epp_inflight_requests",
                                             "Requests under way at an endpoint."};
constexpr family inflight_tokens_family = {
    "llm_d_epp_inflight_tokens",
    "Tokens under way at an endpoint: of prompts that are not in its cache, and of answers where "
    "they are estimated."};
constexpr family rewrites_family = {"llm_d_epp_model_rewrite_decisions_total",
                                    "Model rewrites, by rule."};
constexpr std::string_view requests_twin = "inference_objective_request_total";
constexpr std::string_view errors_twin = "inference_objective_request_error_total";
constexpr std::string_view running_twin = "inference_objective_running_requests";
constexpr std::string_view attempts_twin = "inference_extension_scheduler_attempts_total";
constexpr std::string_view rewrites_twin = "inference_extension_model_rewrite_decisions_total";
constexpr std::string_view answers_family = "weir_answers_total";
constexpr std::string_view answers_help = "Answers to clients, by status and reason.";

void declare_both(metrics::exposition& out, const family& f, std::string_view twin,
                  std::string_view type) {
    out.declare(f.name, help_of(f), type);
    out.declare(twin, twin_help_of(f), type);
}

void count_both(metrics::exposition& out, const family& f, const metrics::labels& labels,
                std::string_view twin, const metrics::labels& twin_labels, double value) {
    out.counter(f.name, help_of(f), labels, value);
    out.counter(twin, twin_help_of(f), twin_labels, value);
}

/// A histogram that every series has.
struct series_histogram {
    family what;
    std::string_view twin;  ///< deprecated; empty: none
    metrics::histogram request_series::*value;
    std::string_view streaming = {};  ///< the value of that label; empty: there is none

    void declare(metrics::exposition& out) const {
        out.declare(what.name, help_of(what), "histogram");
        if (!twin.empty()) out.declare(twin, twin_help_of(what), "histogram");
    }
    void emit(metrics::exposition& out, const request_series& from) const {
        auto labels = from.labels;
        if (!streaming.empty()) labels.emplace_back("streaming", streaming);
        out.histogram(what.name, help_of(what), labels, from.*value);
        if (twin.empty()) return;
        out.histogram(twin, twin_help_of(what), {labels[0], labels[1]}, from.*value);
    }
};

constexpr family ttft_family = {"llm_d_epp_request_ttft_seconds",
                                "Request to first byte of the answer's body."};

const std::array histogram_families = {
    series_histogram{{"llm_d_epp_request_duration_seconds", "Request to end of answer."},
                     "inference_objective_request_duration_seconds",
                     &request_series::duration},
    series_histogram{{"llm_d_epp_request_size_bytes", "Request body bytes."},
                     "inference_objective_request_sizes",
                     &request_series::request_size},
    series_histogram{{"llm_d_epp_response_size_bytes", "Response body bytes."},
                     "inference_objective_response_sizes",
                     &request_series::response_size},
    series_histogram{
        {"llm_d_epp_request_input_tokens", "Prompt tokens as the model server counted them."},
        "inference_objective_input_tokens",
        &request_series::input_tokens},
    series_histogram{
        {"llm_d_epp_request_output_tokens", "Output tokens as the model server counted them."},
        "inference_objective_output_tokens",
        &request_series::output_tokens},
    series_histogram{{"llm_d_epp_request_cached_tokens", "Prompt tokens found in the cache."},
                     "inference_objective_prompt_cached_tokens",
                     &request_series::cached_tokens},
    series_histogram{{"llm_d_epp_request_ntpot_seconds", "Duration per output token."},
                     "inference_objective_normalized_time_per_output_token_seconds",
                     &request_series::ntpot},
    series_histogram{
        {"llm_d_epp_request_streaming_tpot_seconds", "Time per output token behind the first."},
        {},
        &request_series::tpot},
    series_histogram{{"llm_d_epp_request_streaming_itl_seconds", "Gap between chunks of a stream."},
                     {},
                     &request_series::itl},
    series_histogram{ttft_family, {}, &request_series::ttft_plain, "false"},
    series_histogram{ttft_family, {}, &request_series::ttft_stream, "true"},
};

void append_part(std::string& key, std::string_view part) {
    key.append(part);
    key += '\0';
}

}  // namespace

std::string label_cap::fold(std::string_view value) {
    if (value.empty()) return {};
    auto name = valid_utf8(value, longest_label);
    const std::lock_guard lock(mutex_);
    if (kept_.contains(name) || seen_.contains(name)) return name;
    if (seen_.size() >= limit) return "other";
    seen_.insert(name);
    return name;
}

std::string label_cap::fold_all(std::string_view value) {
    if (value.empty()) return {};
    auto name = valid_utf8(value, longest_label);
    const std::lock_guard lock(mutex_);
    return kept_.contains(name) ? name : "other";
}

void label_cap::keep(std::string_view name) {
    const std::lock_guard lock(mutex_);
    kept_.insert(valid_utf8(name, longest_label));
}

bool label_sets::admit(const std::string& key) {
    const std::lock_guard lock(mutex_);
    if (admitted_.contains(key)) return true;
    if (admitted_.size() >= limit) return false;
    admitted_.insert(key);
    return true;
}

request_series::request_series(metrics::labels l)
    : labels(std::move(l)),
      duration(gen_buckets),
      request_size(request_size_buckets),
      response_size(response_size_buckets),
      input_tokens(input_token_buckets),
      output_tokens(output_token_buckets),
      cached_tokens(input_token_buckets),
      ntpot(ntpot_buckets),
      ttft_plain(std::span(gen_buckets).first(ttft_bucket_count)),
      ttft_stream(std::span(gen_buckets).first(ttft_bucket_count)),
      tpot(tpot_buckets),
      itl(itl_buckets) {}

telemetry::telemetry(label_caps& caps)
    : decision_seconds(fast_buckets),
      processing_seconds(processing_buckets),
      response_seconds(response_buckets),
      caps_(caps) {}

telemetry::~telemetry() = default;

request_series& telemetry::series(std::string_view model, std::string_view target,
                                  std::string_view fairness, int priority) {
    key_.clear();
    append_part(key_, model);
    append_part(key_, target);
    append_part(key_, fairness);
    char number[16];
    const auto end = std::to_chars(number, number + sizeof number, priority).ptr;
    const std::string_view priority_text(number, static_cast<std::size_t>(end - number));
    append_part(key_, priority_text);
    if (last_ != nullptr && key_ == last_key_) return *last_;
    const auto at = series_.find(key_);
    auto& found =
        at != series_.end() ? *at->second : folded_series(model, target, fairness, priority_text);
    last_key_ = key_;
    last_ = &found;
    return found;
}

/// The series of these values as the caps leave them. It goes by its labels, whose number is
/// bounded, and not by what a request said. Leaves its key in `key_`.
request_series& telemetry::folded_series(std::string_view model, std::string_view target,
                                         std::string_view fairness, std::string_view priority) {
    metrics::labels labels = {{"model_name", caps_.models.fold(model)},
                              {"target_model_name", caps_.models.fold(target)},
                              {"fairness_id", caps_.fairness.fold(fairness)},
                              {"priority", std::string(priority)}};
    const auto key_of = [](const metrics::labels& all) {
        std::string key;
        for (const auto& [name, value] : all) append_part(key, value);
        return key;
    };
    key_ = key_of(labels);
    if (!caps_.sets.admit(key_)) {
        labels[0].second = caps_.models.fold_all(model);
        labels[1].second = caps_.models.fold_all(target);
        labels[2].second = caps_.fairness.fold_all(fairness);
        key_ = key_of(labels);
    }
    auto at = series_.find(key_);
    if (at == series_.end()) {
        auto made = std::make_unique<request_series>(std::move(labels));
        const std::lock_guard lock(mutex_);
        at = series_.emplace(key_, std::move(made)).first;
    }
    return *at->second;
}

metrics::cell& telemetry::counter(std::string_view family, const metrics::labels& labels) {
    key_.clear();
    append_part(key_, family);
    for (const auto& [name, value] : labels) append_part(key_, value);
    auto at = counters_.find(key_);
    if (at == counters_.end()) {
        auto made = std::make_unique<counted>();
        made->family = std::string(family);
        made->labels = labels;
        const std::lock_guard lock(mutex_);
        at = counters_.emplace(key_, std::move(made)).first;
    }
    return at->second->value;
}

void telemetry::count_error(const request_series& of, std::string_view error_code) {
    auto labels = of.labels;
    labels.emplace_back("error_code", error_code);
    counter(errors_family.name, labels).add();
}

request_series::endpoint_cells& telemetry::cells_of(request_series& of, const counted_pick& at) {
    if (of.endpoints_pool != at.pool || of.endpoints_view != at.view) {
        of.endpoints.clear();
        of.endpoints_pool = at.pool;
        of.endpoints_view = at.view;
    }
    if (at.position >= of.endpoints.size()) of.endpoints.resize(std::size_t{at.position} + 1);
    return of.endpoints[at.position];
}

inflight_gauges telemetry::inflight(request_series& of, const counted_pick& at,
                                    std::string_view producer) {
    auto& shown = cells_of(of, at).inflight;
    if (shown.requests == nullptr) {
        const metrics::labels labels = {{"endpoint_name", at.picked.name},
                                        {"namespace", at.picked.name_space},
                                        {"producer_name", std::string(producer)},
                                        of.labels[2],
                                        of.labels[3]};
        shown = {&counter(inflight_requests_family.name, labels),
                 &counter(inflight_tokens_family.name, labels)};
    }
    return shown;
}

void telemetry::count_pick(request_series& of, std::string_view target, const counted_pick& pick) {
    auto& cell = cells_of(of, pick).picks;
    if (cell == nullptr) {
        const auto& e = pick.picked;
        cell = &counter(attempts_family.name,
                        {{"status", "success"},
                         {"target_model_name", caps_.models.fold(target)},
                         {"endpoint_name", e.name},
                         {"namespace", e.name_space},
                         {"port", e.port == 0 ? std::string() : std::to_string(e.port)}});
    }
    cell->add();
}

void telemetry::count_failed_pick(std::string_view target) {
    counter(attempts_family.name, {{"status", "failure"},
                                   {"target_model_name", caps_.models.fold(target)},
                                   {"endpoint_name", ""},
                                   {"namespace", ""},
                                   {"port", ""}})
        .add();
}

void telemetry::count_answer(int status, std::string_view reason) {
    const bool plain =
        reason.empty() && status >= 0 && static_cast<std::size_t>(status) < relayed_.size();
    auto* cell = plain ? relayed_[static_cast<std::size_t>(status)] : nullptr;
    if (cell == nullptr) {
        cell = &counter(answers_family,
                        {{"code", std::to_string(status)}, {"reason", std::string(reason)}});
        if (plain) relayed_[static_cast<std::size_t>(status)] = cell;
    }
    cell->add();
}

void telemetry::count_rewrite(std::string_view resource, std::string_view model,
                              std::string_view target) {
    counter(rewrites_family.name, {{"model_rewrite_name", std::string(resource)},
                                   {"model_name", caps_.models.fold(model)},
                                   {"target_model", std::string(target)}})
        .add();
}

void telemetry::collect_series(metrics::exposition& out) const {
    declare_both(out, requests_family, requests_twin, "counter");
    declare_both(out, errors_family, errors_twin, "counter");
    declare_both(out, running_family, running_twin, "gauge");
    for (const auto& f : histogram_families) f.declare(out);
    for (const auto& [key, s] : series_) {
        const auto& m4 = s->labels;
        if (s->total.value() != 0) {
            count_both(out, requests_family, m4, requests_twin, {m4[0], m4[1], m4[3]},
                       s->total.value());
        }
        for (const auto& f : histogram_families) f.emit(out, *s);
        if (m4[0].second.empty()) continue;
        out.gauge(running_family.name, help_of(running_family), m4, s->running.value());
        out.gauge(running_twin, twin_help_of(running_family), {m4[0]}, s->running.value());
    }
}

void telemetry::collect_counters(metrics::exposition& out) const {
    declare_both(out, attempts_family, attempts_twin, "counter");
    declare_both(out, rewrites_family, rewrites_twin, "counter");
    out.declare(answers_family, answers_help, "counter");
    for (const auto& f : {inflight_requests_family, inflight_tokens_family})
        out.declare(f.name, help_of(f), "gauge");
    for (const auto& [key, c] : counters_) {
        const auto& l = c->labels;
        const double value = c->value.value();
        if (c->family == errors_family.name) {
            count_both(out, errors_family, l, errors_twin, {l[0], l[1], l[4]}, value);
        } else if (c->family == attempts_family.name) {
            auto old = l;
            for (auto& [name, text] : old) {
                if (name == "endpoint_name") name = "pod_name";
            }
            count_both(out, attempts_family, l, attempts_twin, old, value);
        } else if (c->family == rewrites_family.name) {
            count_both(out, rewrites_family, l, rewrites_twin, l, value);
        } else if (c->family == inflight_requests_family.name) {
            out.gauge(c->family, help_of(inflight_requests_family), l, value);
        } else if (c->family == inflight_tokens_family.name) {
            out.gauge(c->family, help_of(inflight_tokens_family), l, value);
        } else {
            out.counter(c->family, answers_help, l, value);
        }
    }
}

void traffic_sums::spread::add(const metrics::histogram& of) {
    bounds.assign(of.bounds().begin(), of.bounds().end());
    counts.resize(bounds.size() + 1);
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += of.bucket(i);
}

void telemetry::add_to(traffic_sums& out) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, s] : series_) {
        out.requests += s->total.value();
        out.input_tokens += s->input_tokens.sum();
        out.output_tokens += s->output_tokens.sum();
        out.ttft_plain.add(s->ttft_plain);
        out.ttft_stream.add(s->ttft_stream);
    }
    for (const auto& [key, c] : counters_) {
        if (c->family == answers_family)
            out.answers[{c->labels[0].second, c->labels[1].second}] += c->value.value();
    }
}

void telemetry::collect(metrics::exposition& out) const {
    const std::lock_guard lock(mutex_);
    collect_series(out);
    collect_counters(out);
    out.histogram("llm_d_epp_scheduler_e2e_duration_seconds",
                  "[ALPHA] Time of one scheduling decision.", {}, decision_seconds);
    out.histogram("inference_extension_scheduler_e2e_duration_seconds",
                  metrics::deprecated("llm_d_epp_scheduler_e2e_duration_seconds",
                                      "Time of one scheduling decision."),
                  {}, decision_seconds);
    out.histogram("llm_d_epp_request_processing_duration_seconds",
                  "[ALPHA] From a complete request to its dispatch.", {}, processing_seconds);
    out.histogram("llm_d_epp_response_processing_duration_seconds",
                  "[ALPHA] From the head of an answer to its hand-over to the client.", {},
                  response_seconds);
    out.counter("weir_upstream_replays_total",
                "Requests sent again because a reused connection had died.", {},
                upstream_replays.value());
    out.counter("weir_upstream_retries_total",
                "Attempts at another endpoint or by a route's retry.", {},
                upstream_retries.value());
    out.counter("weir_client_aborts_total", "Clients that left before their answer ended.", {},
                client_aborts.value());
    const auto mirrored = [&](const char* result, const metrics::cell& count) {
        out.counter(
            "weir_mirrored_requests_total",
            "Copies of requests for mirrors: answered, failed, or dropped for want of room.",
            {{"result", result}}, count.value());
    };
    mirrored("answered", mirrors_answered);
    mirrored("failed", mirrors_failed);
    mirrored("dropped", mirrors_dropped);
    out.counter("weir_truncated_answers_total", "Answers an endpoint broke off after their head.",
                {}, truncated_answers.value());
}

}  // namespace weir::proxy
