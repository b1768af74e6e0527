#pragma once

#include <vector>

#include "config/model.hpp"
#include "gateway/cors.hpp"
#include "gateway/table.hpp"
#include "http/head.hpp"

namespace weir::proxy {

/// What the filters of the chosen rule do to every answer to its requests: an endpoint's and weir's
/// own (a page in a browser can read an error only if CORS allows it, as with Envoy). Points into
/// the configuration.
struct answer_filters {
    const config::filter_set* rule = nullptr;  ///< null: nothing to do
    const config::filter_set* backend = nullptr;
    bool has_cors = false;
    gateway::response_fields cors;
};

/// `backend` is null while none was chosen.
answer_filters answer_filters_of(const gateway::rule& selected, const config::backend_ref* backend,
                                 const http::field_list& request);

/// Views in `fields` point into `filters` and the configuration afterwards.
void apply_answer_filters(const answer_filters& filters, std::vector<http::field>& fields);

}  // namespace weir::proxy
