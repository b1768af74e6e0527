#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "payload/request.hpp"

namespace weir::payload {

/// One scan with its own body, followed by bytes that would change the outcome if the scanner read
/// them.
struct scanned {
    scanned(api_kind api, std::string_view body) : text(body), size(body.size()) {
        text.append(64, '"');
        refused = scanner.scan(api, {text.data(), size}, facts);
    }

    std::string_view body() const { return {text.data(), size}; }
    std::string message() const { return refused ? refused->message : std::string(); }
    std::string prompt_message() const {
        return facts.prompt_problem ? facts.prompt_problem->message : std::string();
    }
    std::vector<std::string> prompts() const {
        std::vector<std::string> out;
        for (const auto& p : facts.prompts) out.emplace_back(p.bytes);
        return out;
    }
    std::string stream() const { return facts.prompts.empty() ? "" : prompts().front(); }

    std::string text;
    std::size_t size;
    request_scanner scanner;
    request_facts facts;
    std::optional<refusal> refused;
};

/// A scan of an object with these members and a model.
inline scanned with(api_kind api, std::string_view members) {
    return {api, "{\"model\":\"m\"," + std::string(members) + "}"};
}

}  // namespace weir::payload
