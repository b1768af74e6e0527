#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/event_loop.hpp"
#include "http/exchange.hpp"
#include "sim/dialect.hpp"
#include "sim/engine.hpp"
#include "sim/faults.hpp"
#include "sim/json_reader.hpp"
#include "sim/options.hpp"
#include "sim/request_log.hpp"
#include "sim/telemetry.hpp"

namespace weir::sim {

class generation;
class plain_call;

/// What the parts of one simulated server share: the engine and its clock, the counters, the
/// switches. Loop thread.
class server_core final : public http::request_handler {
  public:
    server_core(http::event_loop& loop, const sim_options& options);
    ~server_core();

    void handle(http::exchange& ex) override;
    void refuse(http::exchange& ex, const http::head_error& why) override;

    /// Submits a sequence for choice `choice` of `g`; its events come to `g` until `finished` or
    /// `abort`.
    submit_outcome submit(generation& g, std::uint32_t choice, sequence&& s, engine::handle& id);
    void abort(engine::handle id);
    /// The client of these sequences is gone: they are aborted when the engine notices.
    void client_left(std::vector<engine::handle> ids);
    /// True when the engine answers that path only after it has made a token for it.
    bool tests_itself(std::string_view path) const;
    /// Makes a token for the health page; `tokens_made` tells when it, or any other, was made.
    void test_engine();
    std::uint64_t tokens_made() const { return engine_.counters().generated_tokens; }
    /// `g` wrote something; it is flushed when the current events have been dealt with.
    void mark_dirty(generation& g);
    /// `g` is over; it is destroyed when nothing of it is on the call stack.
    void retire(generation& g);
    void retire(plain_call& c);

    /// The adapter that a model name means; nothing when the name is unknown. An empty name is the
    /// first model.
    std::optional<lora_slots::adapter> find_model(std::string_view name) const;
    const std::string& default_model() const { return options_.models.front(); }
    std::vector<model_entry> models() const;
    /// False when the name is taken or unknown.
    bool load_lora(const std::string& name);
    bool unload_lora(const std::string& name);

    /// 0 awake, 1 weights elsewhere, 2 nothing kept.
    int sleep_level() const { return sleep_level_; }
    bool loading() const { return loop_.now() < ready_at_; }
    void set_name(std::string name) { name_ = std::move(name); }
    /// How connects are refused for a while; the core has no socket of its own.
    void on_refuse(std::function<void(duration)> refuse) { refuse_ = std::move(refuse); }
    const std::string& name() const { return name_; }
    double milliseconds(time_point t) const;
    request_record new_record(const http::exchange& ex);

    void answer(http::exchange& ex, const plain_answer& a);
    void answer_error(http::exchange& ex, api kind, const api_error& e,
                      std::span<const http::field> more = {});

    http::event_loop& loop() { return loop_; }
    const sim_options& options() const { return options_; }
    telemetry& totals() { return telemetry_; }
    request_log& log() { return log_; }
    fault_book& faults() { return faults_; }
    json_document& document() { return document_; }
    std::int64_t unix_seconds() const;
    std::uint64_t next_random() { return random_(); }

    metrics_view view();
    load_numbers load();

    /// The answer to everything that is not an inference call: the engine's GET pages, adapters,
    /// `/sim/…`.
    plain_answer page(std::string_view method, std::string_view target, std::string_view body,
                      const request_record& record);
    /// The metrics page as it is, before any fault.
    std::string metrics_text(std::string_view path, const metrics_view& v) const;

  private:
    struct slot {
        std::unique_ptr<generation> owner;
        std::uint16_t serial = 0;  ///< tells the requests apart that had this slot
        bool dirty = false;
    };

    void pump();
    void pump_soon();
    void empty_graveyard_soon();
    void dispatch(const engine_event& e);
    void look_for_clients();
    plain_answer engine_page(std::string_view target);
    plain_answer control_sleep(std::string_view path, std::string_view target);
    plain_answer control(std::string_view method, std::string_view path, std::string_view body,
                         const request_record& record);
    plain_answer control_faults(std::string_view method, std::string_view body);
    plain_answer control_metrics(std::string_view method, std::string_view body);
    plain_answer model_info(std::string_view id, std::int64_t created) const;
    plain_answer detokenize(std::string_view body);
    plain_answer control_lora(std::string_view path, std::string_view body);
    std::string state_page() const;
    std::string requests_page() const;
    void apply_server_faults();

    http::event_loop& loop_;
    sim_options options_;
    engine engine_;
    telemetry telemetry_;
    recent_rate throughput_;
    overrides overrides_;
    fault_book faults_;
    request_log log_;
    json_document document_;
    random_source random_;
    std::string name_;
    std::function<void(duration)> refuse_;
    time_point started_;
    time_point ready_at_;
    std::map<std::string, lora_slots::adapter, std::less<>> loras_;
    lora_slots::adapter last_adapter_ = 0;
    std::uint64_t last_request_ = 0;
    int sleep_level_ = 0;                        ///< 0: awake
    std::map<std::string, std::string> frozen_;  ///< pages that do not change, by path

    std::vector<slot> slots_;
    std::vector<std::uint32_t> unused_;
    std::vector<std::uint32_t> dirty_;
    std::vector<std::unique_ptr<plain_call>> calls_;
    std::vector<std::unique_ptr<generation>> retired_;
    std::vector<std::unique_ptr<plain_call>> retired_calls_;
    std::vector<engine_event> events_;
    http::timer timer_;
    std::vector<std::vector<engine::handle>> unnoticed_;  ///< of clients that are gone
    http::timer look_;
    bool pumping_ = false;
    bool pump_posted_ = false;
    bool graveyard_posted_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::sim
