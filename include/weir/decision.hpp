#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Why there is no target. The texts and statuses are those of the reference endpoint picker.
enum class decision_error : std::uint8_t {
    none,
    filters_empty,        ///< 429 `no endpoints available for the given request`, reason
                          ///< rejected-saturated
    no_target,            ///< 429 `failed to find target endpoint: …`
    screened_out,         ///< 503 `screeners eliminated all endpoint candidates`, reason
                          ///< rejected-no-endpoints
    not_admitted,         ///< 500 `request cannot be admitted: …`
    precondition_failed,  ///< 412 `no decode worker has the requested KV cache`
    internal,             ///< 500
};

/// One header to write; an empty `value` with `remove` set takes the header away.
struct header_change {
    std::string name;  ///< lower-cased
    std::string value;
    bool remove = false;
};

/// What became of one profile in this decision.
enum class profile_status : std::uint8_t {
    not_run,  ///< never asked for
    skipped,  ///< the handler decided against it
    failed,   ///< its filters left nothing
    ran,
};

/// One profile of a decision, and which targets are its own.
struct profile_result {
    std::uint32_t profile = 0;  ///< index in the configuration
    profile_status status = profile_status::not_run;
    std::uint32_t first = 0;  ///< its targets: decision::targets[first, first + count)
    std::uint32_t count = 0;
};

/// When a charge of the in-flight ledger is given back.
enum class release_at : std::uint8_t { first_chunk, end };

/// Load that a decision puts on one endpoint until it is released; the proxy's ledger holds it.
struct load_charge {
    std::uint32_t endpoint = 0;
    std::uint32_t profile = 0;
    std::int64_t tokens = 0;
    release_at tokens_until = release_at::first_chunk;
    release_at requests_until = release_at::end;
};

/// A number a plugin keeps with the request until it completes.
struct decision_note {
    std::uint32_t plugin = 0;  ///< `plugin::index`
    std::uint32_t key = 0;
    double value = 0;
};

/// Where a request goes. A value the caller keeps with the request; reuse it to keep its memory.
/// Endpoint indexes are those of the pool view the decision was made on.
struct decision {
    decision_error error = decision_error::none;
    std::string message;        ///< of an error, without the gateway's prefix
    std::uint32_t primary = 0;  ///< profile whose first target gets the request
    std::vector<std::uint32_t> targets;
    std::vector<profile_result> profiles;  ///< in the order they ran
    std::vector<load_charge> charges;      ///< filled by pre_request
    std::vector<decision_note> notes;
    std::int32_t port_override = -1;  ///< replaces the port of the primary targets when >= 0
    std::int64_t input_tokens = 0;    ///< pseudo-tokens of the request
    std::vector<header_change> upstream_headers;
    std::vector<header_change> response_headers;

    bool ok() const { return error == decision_error::none; }

    const profile_result* result_of(std::uint32_t profile) const {
        for (const auto& p : profiles) {
            if (p.profile == profile) return &p;
        }
        return nullptr;
    }
    /// The targets of a profile in pick order; empty when it did not run or failed.
    std::span<const std::uint32_t> targets_of(std::uint32_t profile) const {
        const auto* p = result_of(profile);
        if (p == nullptr || p->status != profile_status::ran) return {};
        return std::span(targets).subspan(p->first, p->count);
    }
    /// Where to send the request: best first.
    std::span<const std::uint32_t> primary_targets() const { return targets_of(primary); }

    double note(std::uint32_t plugin, std::uint32_t key, double missing) const {
        for (const auto& n : notes) {
            if (n.plugin == plugin && n.key == key) return n.value;
        }
        return missing;
    }

    void clear() {
        error = decision_error::none;
        message.clear();
        primary = 0;
        targets.clear();
        profiles.clear();
        charges.clear();
        notes.clear();
        port_override = -1;
        input_tokens = 0;
        upstream_headers.clear();
        response_headers.clear();
    }
};

/// HTTP status of an error; 200 for none.
constexpr int status_of(decision_error e) {
    switch (e) {
        case decision_error::none:
            return 200;
        case decision_error::filters_empty:
        case decision_error::no_target:
            return 429;
        case decision_error::screened_out:
            return 503;
        case decision_error::precondition_failed:
            return 412;
        case decision_error::not_admitted:
        case decision_error::internal:
            return 500;
    }
    return 500;
}

/// Value of `x-llm-d-request-dropped-reason`; empty: the header is absent.
constexpr std::string_view dropped_reason(decision_error e) {
    switch (e) {
        case decision_error::filters_empty:
            return "rejected-saturated";
        case decision_error::screened_out:
            return "rejected-no-endpoints";
        default:
            return {};
    }
}

}  // namespace weir
