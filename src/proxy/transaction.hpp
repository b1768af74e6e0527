#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/pin.hpp"
#include "gateway/table.hpp"
#include "http/client.hpp"
#include "http/exchange.hpp"
#include "payload/model_restorer.hpp"
#include "payload/request.hpp"
#include "payload/usage.hpp"
#include "proxy/access_line.hpp"
#include "proxy/answer_filters.hpp"
#include "proxy/deadlines.hpp"
#include "proxy/failure.hpp"
#include "proxy/held_charge.hpp"
#include "proxy/runtime.hpp"
#include "proxy/worker.hpp"
#include "weir/decision.hpp"
#include "weir/hooks.hpp"

namespace weir::proxy {

/// Walks one request through its phases (ARCHITECTURE.md): route, body, model, admission, pick,
/// forward, relay, account. Pooled by its worker; between `start` and its end it belongs to its
/// exchange. Worker thread.
///
/// The walk is told in files: `transaction.cpp` up to the pick, `forward.cpp` the attempts,
/// `relay.cpp` the answer, `tunnel.cpp` WebSockets, `model_list.cpp` models and who serves them,
/// `account.cpp` what is counted and written down.
class transaction final : public http::exchange_owner, public http::call_owner {
  public:
    explicit transaction(worker& w);
    ~transaction() override;

    void start(http::exchange& ex, const gateway::socket_table& socket, pin<runtime> config);
    /// The process ends: an answer under way is broken off, a request without one is refused. Does
    /// nothing between requests.
    void cut();
    /// The pool's gate lets the request through, or sends it away.
    void turn_came(flowcontrol::outcome how);
    /// The pool's gate takes its place back for a more important request.
    void evict();

  private:
    // exchange_owner
    void on_body(std::span<char> bytes) override;
    void on_drained() override;
    void on_tunnel(std::span<char> bytes) override;
    void on_gone() override;
    void on_refused() override;
    // call_owner
    void on_interim(const http::response_head& head) override;
    void on_head(const http::response_head& head) override;
    void on_data(std::span<char> bytes) override;
    void on_writable() override;
    void on_read_end() override;
    void on_trailers(std::string_view lines) override;
    void on_complete() override;
    void on_failure(const http::call_failure& why) override;

    // transaction.cpp: route, body, model, admission, pick
    void take_notes();
    bool route(const gateway::socket_table& socket);
    bool answer_by_filter();
    bool answer_preflight(const config::filter_set& filters);
    bool choose_backend();
    void edit_request_fields();
    /// The request's fields after the rule's RequestHeaderModifiers.
    const http::field_list& fields() const { return edited_ ? *edited_ : ex_->head().fields; }
    void pass_without_body();
    void pass_to_service();
    bool resolve_names();
    std::optional<payload::refusal> scan();
    void describe(inference_request& request) const;
    void admit_and_pick(inference_request& request);
    void wait_for_turn(inference_request& request, pool_slot& slot);
    void pass_gate(inference_request& request, pool_slot& slot);
    void hold_or_pick(inference_request& request, pool_slot& slot);
    void end_hold();
    pool_slot& describe_again(inference_request& request);
    void pick(inference_request& request, pool_slot& slot);
    void redirect(const config::redirect_filter& filter);
    void charge(const load_charge& terms);
    inflight_gauges gauges_at(std::uint32_t endpoint);
    void charge_decision();
    void remember_fallbacks(pool_slot& slot);
    void remember_others(pool_slot& slot, std::uint32_t picked);
    void fill_headers(inference_request& request);
    pool_slot& slot();

    // model_list.cpp: which endpoint serves which model
    bool answer_models();
    void answer_from_lists();
    std::string upstream_path() const;
    std::string model_asked_for() const;

    // forward.cpp: attempts
    void start_request_clock();
    std::optional<std::string> rewritten_path() const;
    void prepare_upstream();
    void send_mirrors();
    void dispatch(std::uint32_t endpoint, bool fresh);
    void arm_deadlines();
    void attempt_again(std::uint32_t endpoint, bool fresh);
    void retry_by_route();
    static void on_deadline(void* self);
    static void on_retry_time(void* self);

    // relay.cpp: the answer
    void collect_fields(const http::response_head& head);
    void begin_answer(int status, std::string_view reason, http::framing body,
                      std::uint64_t length);
    void begin_held(bool whole);
    void write(std::string_view bytes);
    void first_body_byte();
    void transform(std::string_view bytes);
    void expect_more();
    void flush_answer();
    void pause();
    void break_off(const local_reply& why);
    void judge(std::uint32_t failed_in_a_row) const;

    // tunnel.cpp
    bool asks_for_websocket() const;
    void begin_tunnel(const http::response_head& head);

    // account.cpp
    decision_facts known_facts() const;
    void record_refusal();
    void record(const inference_request& request, pool_slot& slot, std::uint64_t seed,
                double seconds);
    std::string totals_of(const pool_slot& slot) const;
    void note_decision(const pool_slot& slot);
    void copy_candidates(std::span<recorded_candidate> out, const pool_slot& slot,
                         const double* matched_blocks) const;
    void note_sent(std::string_view body);
    void refuse(const local_reply& reply);
    answer_filters filters_for_reply() const;
    void answer_plain(int status, const gateway::response_fields& fields,
                      const answer_filters& filters, std::string_view body = {});
    void account(int status, std::string_view reason, end_cause cause,
                 std::string_view detail = {});
    void measure(double seconds);
    void write_lines(int status, std::string_view reason, end_cause cause, std::string_view detail);
    life_phase phase() const;
    /// The time for the notes; exact only where there are notes.
    time_point stamp() const { return notes_ ? steady_clock::now() : worker_.loop.now(); }
    response_facts facts_for(end_cause cause) const;
    void recycle();

    worker& worker_;
    http::exchange* ex_ = nullptr;
    pin<runtime> config_;
    pin<datalayer::pool_view> view_;
    gateway::match_result match_;
    const pool_runtime* pool_ = nullptr;
    const service_runtime* service_ = nullptr;
    const config::backend_ref* backend_ = nullptr;

    // What the request says; views point into the exchange's head while it is held.
    std::string request_id_;
    std::optional<http::field_list> edited_;  ///< its fields, where a filter of the rule edits them
    std::string_view path_;
    std::string_view query_;
    bool has_query_ = false;
    std::string path_scratch_;
    std::string model_;
    std::string target_model_;
    std::string objective_;
    std::string fairness_id_;
    std::string accept_;
    std::unique_ptr<request_notes> notes_;  ///< null: no line will be written
    int priority_ = 0;
    api_kind api_ = api_kind::other;
    bool stream_request_ = false;
    bool rewritten_ = false;
    bool request_released_ = false;
    bool takes_trailers_ = false;
    bool upgrades_ = false;       ///< the endpoint is asked for a WebSocket
    std::uint64_t walks_ = 0;     ///< requests walked: tells a late caller that its own has gone
    bool running_ = false;        ///< counted in the series' running gauge
    std::size_t body_bytes_ = 0;  ///< as the endpoint gets it

    std::span<const char> body_;           ///< as received; the exchange holds it
    std::shared_ptr<flow_ticket> ticket_;  ///< while the request waits at its pool's gate
    std::shared_ptr<flow_ticket> lease_;   ///< from its being let through to its end

    // The pick and the attempts.
    decision decision_;
    bool decided_ = false;
    bool gathering_ = false;  ///< waits in hold_or_pick
    /// Further endpoints to try after a connect failure.
    std::array<std::uint32_t, 4> fallbacks_{};
    std::size_t fallback_count_ = 0;
    std::size_t fallback_next_ = 0;
    std::uint32_t endpoint_ = 0;
    std::vector<held_charge> ledger_;
    std::size_t primary_charge_ = 0;  ///< of the endpoint that gets the request
    std::string upstream_head_;
    std::string quoted_model_;
    std::array<std::string_view, http::client_pool::max_pieces> pieces_;
    std::size_t piece_count_ = 0;
    http::call call_;
    attempt_history tried_;
    decision_ring::place recorded_;

    // The answer.
    /// An answer that is rewritten before it can be framed: its head waits for its body.
    struct held_answer {
        int status = 0;
        std::string reason;
        std::vector<std::pair<std::string, std::string>> fields;
        std::string body;
    };
    std::unique_ptr<held_answer> held_;
    std::unique_ptr<payload::model_restorer> restorer_;
    std::optional<payload::usage_reader> usage_;  ///< JSON and SSE answers of pools
    payload::sse_boundary boundary_;              ///< of a stream without a usage reader
    std::string trailers_;
    int status_ = 0;
    bool answer_begun_ = false;
    bool sse_ = false;
    bool takes_event_ = false;  ///< one more event would be read as such: not encoded, not counted
    bool paused_ = false;
    std::uint64_t answer_bytes_ = 0;  ///< of the body, as the endpoint sent it
    std::uint64_t sent_bytes_ = 0;    ///< of the body, as the client gets it
    request_series* series_ = nullptr;

    time_point received_{};
    time_point dispatched_{};
    time_point first_byte_{};
    time_point last_byte_{};
    std::uint32_t chunks_ = 0;
    deadlines limits_;
    http::timer deadline_;     ///< the nearest of `limits_`
    http::timer retry_timer_;  ///< before the decision: of `gathering_`
};

}  // namespace weir::proxy
