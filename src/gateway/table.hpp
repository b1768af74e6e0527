#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "gateway/hostname.hpp"
#include "gateway/rule_index.hpp"

/// Listeners and routes compiled for matching, and the pure parts of route filters.
namespace weir::gateway {

enum class outcome : std::uint8_t {
    matched,
    no_listener,  ///< no listener of this socket serves the host: 404
    no_rule,      ///< the listener has no matching rule: 404
    misdirected,  ///< host and TLS server name belong to different listeners: 421
};

struct match_result {
    outcome what = outcome::no_listener;
    const config::listener* listener = nullptr;  ///< null for no_listener
    const rule* selected = nullptr;              ///< of `matched`, else null
    const config::rule_match* match =
        nullptr;  ///< the entry of `matches` that fitted; prefix rewrites need it
};

/// All listeners that share one bound address and port.
struct socket_table {
    struct served {
        const config::listener* listener = nullptr;
        host_map<rule_index> hosts;
    };

    std::string bind_address;
    std::uint16_t bind_port = 0;
    config::listener_protocol protocol = config::listener_protocol::http;
    std::deque<served> listeners;
    host_map<const served*> by_hostname;
};

/// The routing table of one snapshot. Immutable and shared by all threads; keeps its model alive,
/// and the results point into both.
class table {
  public:
    /// Cost is linear in the rules. Patterns that RE2 refuses never match; the configuration has
    /// reported them.
    static std::shared_ptr<const table> compile(std::shared_ptr<const config::model> source);

    /// One entry a socket to bind, in the order of the model's listeners.
    const std::deque<socket_table>& sockets() const { return sockets_; }
    /// Null when nothing is served there.
    const socket_table* find_socket(std::string_view bind_address, std::uint16_t bind_port) const;

    /// Listener, hostname, then rule (Gateway API precedence; less specific hostnames are tried
    /// when no rule of a more specific one fits). Allocates nothing unless headers are repeated,
    /// query values encoded or regexes many.
    static match_result match(const socket_table& socket, const request_view& request);

    /// A sentence for the message of a 404: what was asked for, and the nearest route there is.
    /// Bounded work.
    std::string describe_no_match(const socket_table& socket, const request_view& request,
                                  const match_result& result) const;

    const config::model& source() const { return *model_; }

  private:
    explicit table(std::shared_ptr<const config::model> source) : model_(std::move(source)) {}

    void order_routes();
    socket_table& socket_of(const config::listener& l);
    void add_listener(const config::listener& l);
    void add_rules(const config::listener& l, const config::attached_route& attached,
                   socket_table::served& into);
    const RE2* pattern(const std::string& text);

    std::shared_ptr<const config::model> model_;
    std::vector<std::uint32_t> route_order_;
    std::deque<rule> rules_;
    text_map<std::unique_ptr<RE2>> patterns_;
    std::deque<socket_table> sockets_;
};

}  // namespace weir::gateway
