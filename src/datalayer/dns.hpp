#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/event_loop.hpp"

namespace weir::datalayer {

/// Letters, digits, `-` and `_` in labels joined by dots, not all of it digits: what a resolver may
/// be asked.
bool is_host_name(std::string_view s);

/// What one lookup brought: IP literals without duplicates (none: the name or its addresses do not
/// exist), or why there was no answer.
struct dns_answer {
    std::vector<std::string> ips;
    std::string error;  ///< empty when there was an answer
};

/// Blocking lookups, called on the resolver's own thread. Tests bring their own.
using dns_lookup = std::function<dns_answer(const std::string& host)>;

/// The system's resolver: all A records, else all AAAA records; `localhost` is 127.0.0.1, else ::1.
/// Sorted.
dns_answer system_lookup(const std::string& host);

struct dns_options {
    duration refresh = std::chrono::seconds(5);
    duration longest_back_off = std::chrono::seconds(60);
    std::uint32_t empty_answers = 3;  ///< in a row before "no addresses" is believed
    std::size_t max_addresses = 1000;
};

/// Decides, for one name, what an answer changes and when to ask next. A failed lookup keeps the
/// last addresses and backs off; an answer without addresses is believed after several. No I/O.
class dns_record {
  public:
    /// The new address list, or nothing when it stays.
    std::optional<std::vector<std::string>> take(const dns_answer& answer,
                                                 const dns_options& options, time_point now);

    time_point next() const { return next_; }
    const std::vector<std::string>& addresses() const { return addresses_; }
    /// Why the last lookup brought no address; empty: it did.
    const std::string& error() const { return error_; }

  private:
    std::vector<std::string> addresses_;
    std::string error_;
    time_point next_{};
    std::uint32_t failures_ = 0;
    std::uint32_t empty_ = 0;
};

/// Resolves names again and again, each lookup on a thread of its own (a few at a time), and
/// reports on the loop: a slow answer delays neither the loop nor other names.
class dns_resolver {
  public:
    /// On the loop's thread: the addresses of a name changed.
    using changed_fn =
        std::function<void(const std::string& host, const std::vector<std::string>& ips)>;

    dns_resolver(http::event_loop& loop, changed_fn changed, const dns_options& options = {},
                 dns_lookup lookup = system_lookup);
    ~dns_resolver();
    dns_resolver(const dns_resolver&) = delete;
    dns_resolver& operator=(const dns_resolver&) = delete;

    /// The names to keep resolved from now on; new ones are looked up at once.
    void set_hosts(const std::set<std::string>& hosts);
    const dns_record* record(const std::string& host) const;
    /// True when every name was looked up once, with whatever outcome.
    bool first_round_done() const;

  private:
    struct shared;

    static void on_due(void* self);
    void ask_due();
    void take(const std::string& host, const dns_answer& answer);
    static void ask(const std::shared_ptr<shared>& s, const std::string& host);

    static constexpr std::size_t max_lookups = 16;

    http::event_loop& loop_;
    changed_fn changed_;
    dns_options options_;
    std::map<std::string, dns_record> records_;
    std::set<std::string> asked_;  ///< questions under way
    http::timer timer_;
    std::shared_ptr<shared> shared_;
};

}  // namespace weir::datalayer
