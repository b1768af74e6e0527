#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "http/head.hpp"

namespace weir::proxy {

/// What a field is to a proxy.
enum class field_class : std::uint8_t {
    end_to_end,  ///< forwarded
    hop_by_hop,  ///< belongs to one connection (RFC 9110 7.6.1); never forwarded
    framing,     ///< written anew by whoever sends the message
    control,     ///< speaks to the gateway; never reaches a model server or a client
    own,         ///< weir writes it itself: x-forwarded-*, via, x-request-id, host
};

/// Names are compared in any case; `_` counts as `-` for control fields, so that a twin cannot slip
/// past.
field_class classify_field(std::string_view name);

/// A field that may stand behind the body of an answer (RFC 9110 6.5.1): nothing that frames,
/// routes, authenticates, or that a client must know before it reads the body.
bool may_be_trailer(std::string_view name);

/// The client takes trailer fields: its TE says `trailers`.
bool takes_trailers(const http::field_list& request);

/// Those of the field lines that may pass, each with its CRLF.
std::string passing_trailers(std::string_view lines);

/// A Trailer field announces nothing but what may pass.
bool announces_passing_trailers(std::string_view value);

/// Names that a message's Connection field nominates, lower-cased. Framing, Host and weir's own
/// fields are never among them: a client cannot have those taken away.
class nominated_fields {
  public:
    explicit nominated_fields(const http::field_list& fields);
    bool contains(std::string_view name) const;
    bool empty() const { return list_.empty(); }

  private:
    std::string list_;  ///< `,name,name,`
};

/// What weir adds to a request on its way to an endpoint.
struct forwarding_facts {
    std::string_view request_id;
    std::string_view peer_ip;
    std::string_view proto;      ///< `http` or `https`
    std::string_view host;       ///< as the client sent it
    std::string_view new_host;   ///< of a URL rewrite; empty: as the client sent it
    std::string_view authority;  ///< of the endpoint, for HTTP/1.0 clients without a Host
    bool drop_accept_encoding = false;
    bool http10 = false;          ///< the client's version, for `via`
    bool takes_trailers = false;  ///< the endpoint is told so
};

/// Appends the head of the upstream request up to (not including) the content-length and the empty
/// line.
void append_upstream_head(std::string& out, std::string_view method, std::string_view target,
                          const http::field_list& fields, const forwarding_facts& facts);

/// A line at the end of a head that is being written, and the removal of the lines of one name,
/// in whatever case.
void append_head_field(std::string& head, std::string_view name, std::string_view value);
void remove_head_field(std::string& head, std::string_view name);

/// What `set` and `remove` of a RequestHeaderModifier mean for fields that weir writes itself
/// (x-forwarded-*, via, x-request-id): they come into being after the client's fields were edited.
/// Host is left alone, it counts as a rewrite.
void edit_own_fields(std::string& head, const config::header_edit& edit);

/// A client's x-request-id is kept when it is 1 to 128 printable characters.
bool usable_request_id(std::string_view id);

}  // namespace weir::proxy
