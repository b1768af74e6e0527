// The first byte chooses the API, the rest is a request body. Whatever it is: no crash, every view
// is readable, and a body that was accepted is accepted again with the same prompts after its model
// was replaced.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz_target.hpp"
#include "payload/request.hpp"

namespace {

using weir::payload::request_facts;

// A copy with the bytes the scanner may read behind it.
struct padded {
    explicit padded(std::string_view body) : bytes(body.begin(), body.end()), size(body.size()) {
        bytes.resize(size + 64, '"');
    }
    std::span<const char> span() const { return {bytes.data(), size}; }
    std::vector<char> bytes;
    std::size_t size;
};

std::vector<std::string> prompts_of(const request_facts& facts) {
    std::vector<std::string> out;
    for (const auto& prompt : facts.prompts) out.emplace_back(prompt.bytes);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto api = static_cast<weir::api_kind>(data[0] % 11);
    const padded body({reinterpret_cast<const char*>(data) + 1, size - 1});
    weir::payload::request_scanner scanner;
    request_facts facts;
    const auto refused = scanner.scan(api, body.span(), facts);
    if (refused) {
        must(refused->status == 400 && refused->message.find(", at byte ") != std::string::npos);
        must(!facts.has_model && facts.prompts.empty());
        return 0;
    }
    must(!facts.prompt_problem || facts.prompts.empty());
    must(facts.model_begin <= facts.model_end && facts.model_end <= body.size);
    const auto prompts = prompts_of(facts);
    if (facts.object_begin == 0) return 0;

    std::string quoted;
    const auto pieces =
        splice_model({body.bytes.data(), body.size}, facts, "new \"model\"", quoted);
    const padded changed(std::string(pieces.before) + std::string(pieces.middle) +
                         std::string(pieces.after));
    must(changed.size == pieces.size());
    request_facts again;
    must(!scanner.scan(api, changed.span(), again));
    must(again.model == "new \"model\"" && !again.model_problem);
    must(prompts_of(again) == prompts);
    return 0;
}
