#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scheduling/header_reader.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling {

/// Session id → endpoint, with idle expiry. Any thread; a short lock on one of 16 shards.
class session_table {
  public:
    using time = std::chrono::steady_clock::time_point;

    session_table(std::chrono::seconds ttl, std::chrono::seconds sweep)
        : ttl_(ttl), sweep_(sweep) {}

    /// `endpoint::key` of the bound endpoint; nothing when unbound or idle for too long.
    std::optional<std::uint64_t> find(std::string_view session, time now) const;
    /// Binds, refreshes, or (only when `may_move`) binds anew.
    void bind(std::string_view session, std::uint64_t endpoint, bool may_move, time now);
    std::size_t size() const;

  private:
    struct binding {
        std::uint64_t endpoint = 0;
        time last_seen;
    };
    struct shard {
        mutable std::mutex lock;
        std::unordered_map<std::string, binding> bindings;
        time swept;
    };
    shard& shard_of(std::string_view session);
    const shard& shard_of(std::string_view session) const;

    std::chrono::seconds ttl_;
    std::chrono::seconds sweep_;
    std::array<shard, 16> shards_;
};

/// What the session-affinity filter and scorer have in common (llm-d-router head): which endpoint a
/// request's session is bound to, and the two ways of remembering it.
class session_affinity {
  public:
    /// Per worker: what the evaluation of the request in hand found.
    struct evaluation final : plugin_scratch {
        std::string session;      ///< the id, empty when the request has none
        bool was_absent = false;  ///< bound, but not among the candidates
    };

    /// Reads the parameters; reports through them.
    static std::unique_ptr<session_affinity> read(parameters& p, plugin_context& context);

    void link(const plugin_directory& plugins);
    void adopt(session_affinity& previous) { table_ = previous.table_; }

    /// Position among the candidates of the session's endpoint.
    std::optional<std::size_t> preferred(const decision_context& context,
                                         const candidate_view& candidates) const;
    void pre_request(const decision_context& context, const candidate_view& candidates,
                     const decision& chosen);
    void response_header(const response_facts& facts, std::vector<header_change>& changes) const;
    std::vector<std::string> headers_read() const;

  private:
    struct source {
        std::string header;
        data_slot slot = no_slot;
    };
    std::optional<std::size_t> by_header(const decision_context& context,
                                         const candidate_view& candidates) const;
    std::string session_of(const inference_request& request, const producer_data& data) const;
    std::optional<std::uint32_t> bound_endpoint(const decision& chosen) const;

    bool by_id_ = false;
    std::string header_ = "x-session-token";
    std::vector<source> sources_;
    std::string profile_name_;
    std::optional<std::uint32_t> profile_;
    std::shared_ptr<session_table> table_;
};

/// A plugin that prefers a session's endpoint, as a filter or as a scorer: all of it but the
/// preferring.
template <class Role>
class session_plugin : public plugin_of<Role, pre_request_hook, response_hook>,
                       public header_reader {
  public:
    explicit session_plugin(std::unique_ptr<session_affinity> sessions)
        : sessions_(std::move(sessions)) {}

    std::unique_ptr<plugin_scratch> make_scratch() const override {
        return std::make_unique<session_affinity::evaluation>();
    }
    void link(const plugin_directory& plugins) override { sessions_->link(plugins); }
    void adopt(plugin& previous) override {
        if (auto* p = dynamic_cast<session_plugin*>(&previous)) sessions_->adopt(*p->sessions_);
    }
    void pre_request(const decision_context& context, const candidate_view& candidates,
                     decision& chosen) override {
        sessions_->pre_request(context, candidates, chosen);
    }
    void response_header(const response_facts& facts,
                         std::vector<header_change>& changes) override {
        sessions_->response_header(facts, changes);
    }
    std::vector<std::string> headers_read() const override { return sessions_->headers_read(); }

  protected:
    const session_affinity& sessions() const { return *sessions_; }

  private:
    std::unique_ptr<session_affinity> sessions_;
};

/// The parameters that both have, for documentation.
inline constexpr parameter_doc session_affinity_docs[] = {
    {"strategy", "string", "encoded_endpoint_header", "encoded_endpoint_header or session_id"},
    {"encodedEndpointHeaderConfig", "object", "{header: x-session-token}",
     "the header that carries the endpoint"},
    {"sessionIdConfig", "object", "{sources: [{header: x-session-id}]}",
     "{sources: [{header} or {attribute, producer}], evictionTtlSeconds: 300, "
     "evictionSweepSeconds: 10}"},
    {"profileName", "string", "", "the profile whose endpoint counts; empty: the primary one"},
};

/// Standard base64 with padding; nothing when it is not.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace weir::scheduling
