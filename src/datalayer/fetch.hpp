#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/client.hpp"
#include "http/tls_client.hpp"

namespace weir::datalayer {

/// Asks one endpoint for one small document, again and again: what is learned beside the metrics
/// page. One question at a time; destroying it takes back the question. Control thread.
class fetch final : private http::call_owner {
  public:
    static constexpr duration time_limit = std::chrono::seconds(5);
    static constexpr std::size_t max_body = 4U << 20U;

    /// What a question brought; the view is valid during the call.
    struct outcome {
        int status = 0;  ///< 0: no whole answer
        std::string_view body;
        std::string failure;  ///< why there is no whole answer
    };
    using done_fn = std::function<void(const outcome&)>;

    /// Of a `connections` that is kept for such questions.
    static http::client_options connection_options();

    /// `key` is the endpoint's in `connections`.
    fetch(http::event_loop& loop, http::client_pool& connections, std::uint64_t key, done_fn done);

    /// What it takes for an answer: the value of the `Accept` field.
    static constexpr std::string_view json = "application/json";
    static constexpr std::string_view exposition = "text/plain;version=0.0.4";
    static constexpr std::string_view anything = "*/*";

    void start(const http::address& where, const std::string& path, std::string_view accept,
               std::shared_ptr<const http::tls_client> tls = nullptr);
    bool active() const { return call_.active(); }

  private:
    void ask(bool fresh);
    void end(int status, std::string_view body, std::string failure);
    static void on_deadline(void* self);

    void on_head(const http::response_head& head) override { status_ = head.status; }
    void on_data(std::span<char> bytes) override;
    void on_complete() override;
    void on_failure(const http::call_failure& why) override;

    http::client_pool& connections_;
    const std::uint64_t key_;
    done_fn done_;
    http::address where_;
    std::shared_ptr<const http::tls_client> tls_;  ///< null: plain
    std::string request_;
    std::string body_;
    http::timer deadline_;
    http::call call_;
    int status_ = 0;
    bool second_try_ = false;
};

}  // namespace weir::datalayer
