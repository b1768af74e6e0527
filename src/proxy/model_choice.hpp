#pragma once

#include <optional>
#include <string_view>

#include "config/model.hpp"
#include "payload/request.hpp"
#include "proxy/telemetry.hpp"
#include "weir/random.hpp"

namespace weir::proxy {

/// Which model the endpoint is asked for.
struct model_choice {
    std::string_view target;  ///< empty: none, the request is refused
    const config::rewrite_rule* rule =
        nullptr;  ///< the InferenceModelRewrite rule that decided, if one did
};

/// Rewrite rules win over the rewrite header, that over the model the client named; an
/// InferenceModel's targetModels come into play where no rule does
/// (`endpoint-picker-requests` 3.1, 3.3: exact before generic, then age, then order). Views live as
/// long as the arguments.
model_choice choose_model(const config::pool& pool, std::string_view model, std::string_view header,
                          random_source& random);

/// The model of a scanned request as it goes on: what the client named, what the endpoint is asked
/// for, or why it goes no further. Views live as long as the arguments.
struct resolved_model {
    std::string_view model;  ///< empty: the client named none
    model_choice choice;
    bool rewritten = false;  ///< the body must be spliced
    std::optional<payload::refusal> refused;
};

/// A rewrite can supply a name that is missing, but excuses none that must not be passed on. An API
/// that asks for no model gets none put in.
resolved_model resolve_model(const config::pool& pool, api_kind api,
                             const payload::request_facts& facts, std::string_view header,
                             random_source& random);

/// Tells the cap which names are the configuration's own.
void keep_model_names(label_cap& cap, const config::model& model);

/// The criticality of the model's InferenceModel, if it has one.
std::optional<config::criticality> criticality_of(const config::pool& pool, std::string_view model);

}  // namespace weir::proxy
