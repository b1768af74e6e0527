#include <array>
#include <memory>

#include "scheduling/media_counting.hpp"
#include "weir/plugin.hpp"

namespace weir::scheduling::plugins {

namespace {

using payload::picture_rules;
using payload::video_rules;

/// weir turns bodies into pseudo-tokens of four bytes while it scans them, as the reference's
/// estimate mode does; this plugin says how pictures and videos count.
class token_estimate final : public plugin_of<>, public media_counting {
  public:
    explicit token_estimate(const payload::media_rules& rules) : rules_(rules) {}
    const payload::media_rules& media() const override { return rules_; }

  private:
    payload::media_rules rules_;
};

/// Zero and below ask for the default.
std::int64_t positive(parameters& p, std::string_view key, std::int64_t fallback) {
    const auto n = p.integer(key, fallback);
    return n > 0 ? n : fallback;
}

double positive_number(parameters& p, std::string_view key, double fallback) {
    const auto n = p.number(key, fallback);
    return n > 0 ? n : fallback;
}

void read_size(parameters& p, picture_rules& out) {
    if (!p.given()) return;
    constexpr double most = 1 << 20;
    out.width = p.integer("width", out.width, between(1, most));
    out.height = p.integer("height", out.height, between(1, most));
}

void read_picture(parameters& p, std::string_view fixed_key, picture_rules& out) {
    out.fixed = p.one_of("mode", "dynamic", {"", "static", "dynamic"}) == "static";
    out.tokens = positive(p.object("static"), fixed_key, 1);
    out.pixels_per_token = positive(p.object("dynamic"), "factor", out.pixels_per_token);
}

void read_video(parameters& video, video_rules& out) {
    read_size(video.object("defaultResolution"), out.frame);
    out.seconds = positive_number(video, "defaultDuration", out.seconds);
    read_picture(video.object("tokensPerFrame"), "numTokensPerFrame", out.frame);
    auto& frames = video.object("frames");
    out.strided = frames.one_of("mode", "sampled", {"", "sampled", "strided"}) == "strided";
    out.least_frames = frames.integer("minFrames", 0);
    out.most_frames = frames.integer("maxFrames", 0);
    auto& sampled = frames.object("sampled");
    out.sampled_per_second = positive_number(sampled, "sampleFPS", out.sampled_per_second);
    out.temporal_patch = positive(sampled, "temporalPatchSize", 1);
    auto& strided = frames.object("strided");
    out.source_per_second = positive_number(strided, "defaultSourceFPS", out.source_per_second);
    out.stride = positive(strided, "frameStride", 1);
    out.most_tokens = video.integer("maxVideoTokens", 0);
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
    payload::media_rules rules;
    auto& image = e.object("image");
    read_picture(image, "staticToken", rules.image);
    read_size(image.object("defaultResolution"), rules.image);
    read_video(e.object("video"), rules.video);
    if (vllm || uds || (!model.empty() && !estimate)) {
        p.warn(
            vllm ? "vllm" : "modelName",
            "weir calls no tokenizer service: prompts are counted in pseudo-tokens of four bytes");
    }
    return std::make_unique<token_estimate>(rules);
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
