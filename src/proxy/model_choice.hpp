#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "config/model.hpp"

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

/// The criticality of the model's InferenceModel, if it has one.
std::optional<config::criticality> criticality_of(const config::pool& pool, std::string_view model);

}  // namespace weir::proxy
