#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payload/json_index.hpp"

namespace weir::payload {

/// One entry of a model list.
struct model_card {
    std::string id;
    std::string owned_by;              ///< empty when the server does not say
    std::string root;                  ///< of an adapter: the base model's id or path
    std::string parent;                ///< of an adapter: the model it was loaded onto
    std::vector<std::string> aliases;  ///< further names it answers to (llama.cpp)
    std::string raw;                   ///< the object as the server wrote it
};

/// The entries of a `GET /v1/models` answer (OpenAI: `{"object":"list","data":[…]}`); those without
/// an id are left out. Nothing when the body is no such answer.
std::optional<std::vector<model_card>> parse_models(std::string_view body, json_index& scratch);

/// One list of all: each id once, in the order of first appearance, as its first server wrote it.
std::string merge_models(std::span<const std::vector<model_card>> lists);

}  // namespace weir::payload
