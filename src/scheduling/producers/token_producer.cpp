#include <array>
#include <memory>

#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

/// weir turns bodies into pseudo-tokens of four bytes while it scans them, as the reference's
/// estimate mode does; this plugin only reads and checks the parameters.
class token_estimate final : public plugin_of<> {};

void read_size(parameters& p) {
    if (!p.given()) return;
    p.integer("width", 640, at_least(1));
    p.integer("height", 360, at_least(1));
}

void read_image(parameters& image) {
    image.one_of("mode", "dynamic", {"", "static", "dynamic"});
    read_size(image.object("defaultResolution"));
    image.object("static").integer("staticToken", 1);
    image.object("dynamic").integer("factor", 1024);
}

void read_video(parameters& video) {
    read_size(video.object("defaultResolution"));
    video.number("defaultDuration", 10);
    auto& per_frame = video.object("tokensPerFrame");
    per_frame.one_of("mode", "dynamic", {"", "static", "dynamic"});
    per_frame.object("static").integer("numTokensPerFrame", 1);
    per_frame.object("dynamic").integer("factor", 1024);
    auto& frames = video.object("frames");
    frames.one_of("mode", "sampled", {"", "sampled", "strided"});
    frames.integer("minFrames", 0);
    frames.integer("maxFrames", 0);
    auto& sampled = frames.object("sampled");
    sampled.number("sampleFPS", 2);
    sampled.integer("temporalPatchSize", 1);
    auto& strided = frames.object("strided");
    strided.number("defaultSourceFPS", 24);
    strided.integer("frameStride", 1);
    video.integer("maxVideoTokens", 0);
}

void read_vllm(parameters& vllm) {
    vllm.text("url", "http://localhost:8000");
    vllm.duration("timeout", std::chrono::seconds(5));
    vllm.duration("mmTimeout", std::chrono::seconds(30));
}

std::unique_ptr<plugin> make(parameters& p, plugin_context& context) {
    context.publish(data_kind::tokenized_prompt);
    const auto model = p.text("modelName", "");
    const bool vllm = p.has("vllm");
    const bool uds = p.has("udsTokenizerConfig");
    const bool estimate = p.has("estimate");
    if (static_cast<int>(vllm) + static_cast<int>(uds) + static_cast<int>(estimate) > 1) {
        p.reject("", "at most one of estimate, vllm and udsTokenizerConfig may be set");
    }
    if ((vllm || uds) && model.empty()) p.reject("modelName", "modelName is required");
    read_vllm(p.object("vllm"));
    if (uds) {
        auto& socket = p.object("udsTokenizerConfig");
        for (const auto& key : socket.keys()) socket.has(key);
    }
    auto& e = p.object("estimate");
    read_image(e.object("image"));
    read_video(e.object("video"));
    if (vllm || uds || (!model.empty() && !estimate)) {
        p.warn(
            vllm ? "vllm" : "modelName",
            "weir calls no tokenizer service: prompts are counted in pseudo-tokens of four bytes");
    }
    return std::make_unique<token_estimate>();
}

constexpr parameter_doc docs[] = {
    {"estimate", "object", "{}", "how images and videos are counted"},
    {"modelName", "string", "", "accepted; asks the reference for a real tokenizer"},
    {"vllm", "object", "", "accepted; weir calls no tokenizer service"},
    {"udsTokenizerConfig", "object", "", "accepted; weir calls no tokenizer service"},
};
constexpr std::array<std::string_view, 1> older = {"tokenizer"};

}  // namespace

extern const plugin_type token_producer = {
    .name = "token-producer",
    .level = stability::beta,
    .summary = "counts the prompt in pseudo-tokens of four bytes",
    .docs = docs,
    .aliases = older,
    .make = make,
};

}  // namespace weir::scheduling::plugins
