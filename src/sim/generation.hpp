#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/event_loop.hpp"
#include "http/exchange.hpp"
#include "sim/api_request.hpp"
#include "sim/engine.hpp"
#include "sim/faults.hpp"
#include "sim/reply.hpp"
#include "sim/request_log.hpp"
#include "sim/text.hpp"

namespace weir::sim {

class server_core;

/// One inference request from its head to its last byte: parses, suffers its fault, submits its
/// sequences and writes their tokens. Owned by the core.
class generation final : public http::exchange_owner {
  public:
    generation(server_core& core, http::exchange& ex, api kind, std::uint32_t slot);
    ~generation() override;

    /// Reads the body; the request may be over when this returns.
    void begin();
    std::uint32_t slot() const { return slot_; }
    void on_event(const engine_event& e, std::uint32_t choice);
    void flush();
    const request_record& record() const { return record_; }

    void on_body(std::span<char> bytes) override;
    void on_gone() override;

  private:
    struct choice {
        engine::handle sequence = 0;
        std::uint64_t seed = 0;
        generated_text text{0};
        std::size_t output = 0;  ///< tokens it will have
        std::size_t bytes = 0;   ///< of their text, which a stop string cuts
        std::string_view stop;   ///< the string of the request that ends it; empty: none
        std::string echo;        ///< the prompt, where the text begins with it
        std::size_t generated = 0;
        std::size_t sent = 0;  ///< tokens written to the stream
        time_point last_token{};
        bool active = false;
    };

    void proceed();
    void start();
    bool submit_choices(lora_slots::adapter lora);
    std::size_t output_length(std::size_t prompt_tokens) const;
    void begin_stream();
    void on_token(choice& c, std::uint32_t index, time_point at);
    void on_finished(choice& c, std::uint32_t index);
    void complete();
    void answer_simple();
    std::string embeddings() const;
    void find_stop(choice& c) const;
    static std::string_view piece_of(const choice& c, std::string_view text, std::size_t from);
    void write_piece(choice& c, std::uint32_t index);
    std::string_view finish_reason(const choice& c) const;
    void fail(const api_error& e);
    bool cut(std::size_t limit);
    void send_whole(std::string body);
    void send_wrong_length(const std::string& body);
    void break_wire();
    std::vector<engine::handle> let_go();
    void stop_sequences();
    void observe_end();
    void over(std::string_view outcome);

    server_core& core_;
    http::exchange* ex_;
    std::uint32_t slot_;
    api kind_;
    request_record record_;
    fault fault_;
    std::string fault_error_;
    std::string request_id_;
    std::optional<api_request> request_;
    api_error error_;
    std::optional<reply> reply_;
    std::vector<choice> choices_;
    std::size_t active_ = 0;
    token_usage usage_;
    bool streaming_ = false;
    bool ended_ = false;
    std::string out_;  ///< written, not yet handed to the exchange
    std::size_t sent_bytes_ = 0;
    time_point received_{};
    std::optional<time_point> admitted_;
    std::optional<time_point> first_token_;
    time_point last_token_{};
    std::optional<http::timer> timer_;
};

}  // namespace weir::sim
