// What a simulated server answers beside inference: the engine's GET pages, its adapters, and the
// controls under /sim/.

#include <string>

#include "base/strings.hpp"
#include "sim/generation.hpp"
#include "sim/metrics_lie.hpp"
#include "sim/metrics_page.hpp"
#include "sim/rerank.hpp"
#include "sim/server_core.hpp"
#include "sim/text.hpp"

namespace weir::sim {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";
constexpr std::string_view exposition = "text/plain; version=0.0.4; charset=utf-8";

plain_answer bad(const std::string& why) {
    json_writer w;
    w.begin_object().field("error", why).end_object();
    return {400, "application/json", w.take()};
}

plain_answer done() { return {200, "application/json", "{\"ok\":true}"}; }

}  // namespace

std::string server_core::metrics_text(std::string_view path, const metrics_view& v) const {
    const bool full = options_.metrics == metrics_size::full;
    switch (options_.engine) {
        case personality::vllm:
            return vllm_page(v, options_.generation, full);
        case personality::sglang:
            return sglang_page(v, full);
        case personality::llamacpp:
            return llamacpp_page(v);
        case personality::trtllm:
            return path == "/metrics" ? trtllm_json(v) : trtllm_page(v, full);
        case personality::tgi:
            return tgi_page(v, full);
    }
    return {};
}

plain_answer server_core::page(std::string_view method, std::string_view target,
                               std::string_view body, const request_record& record) {
    const auto path = target.substr(0, target.find('?'));
    if (path.starts_with("/sim/")) return control(method, path, body, record);
    const bool get = method == "GET" || method == "HEAD";
    if (get) return engine_page(target);
    if (method == "POST" && path.ends_with("load_lora_adapter")) return control_lora(path, body);
    if (method == "POST" && (path == "/detokenize" || path == "/v1/detokenize")) {
        return detokenize(body);
    }
    if (method == "POST" && (path == "/reset_prefix_cache" || path == "/flush_cache")) {
        engine_.reset_cache();
        return {200, plain_text, {}};
    }
    if (method == "POST" && options_.engine == personality::vllm &&
        (path == "/sleep" || path == "/wake_up")) {
        return control_sleep(path, target);
    }
    if (method == "POST" && path.starts_with("/v1/audio/")) {
        return {200, "application/json",
                R"({"text":"A weir is a low dam that regulates a river."})"};
    }
    if (method == "POST" && path.ends_with("/rerank")) {
        auto ranked = rerank(document_, body, options_.models.front());
        return ranked ? std::move(*ranked) : bad("documents must be a list");
    }
    if (method == "POST" && path == "/v1/images/generations") {
        return {200, "application/json", R"({"created":1,"data":[{"b64_json":"iVBORw0KGgo="}]})"};
    }
    if (api_of(path) == api::none) return not_found(options_.engine);
    return {405, "application/json", R"({"detail":"Method Not Allowed"})"};
}

/// Level 1 moves the weights off the accelerator, level 2 drops them; the cache goes either way.
plain_answer server_core::control_sleep(std::string_view path, std::string_view target) {
    sleep_level_ = 0;
    if (path == "/sleep") {
        sleep_level_ = target.find("level=2") == std::string_view::npos ? 1 : 2;
        engine_.reset_cache();
    }
    return {200, plain_text, {}};
}

plain_answer server_core::engine_page(std::string_view target) {
    const auto path = target.substr(0, target.find('?'));
    if (is_health(options_.engine, path)) {
        if (const auto status = faults_.server().health_status; status != 0) {
            return {status, plain_text, {}};
        }
        // SGLang's ping says nothing about the model.
        const bool ping = path == "/ping" && options_.engine == personality::sglang;
        return health(options_.engine, loading() && !ping);
    }
    if (path == "/is_sleeping" && options_.engine == personality::vllm) {
        return {200, "application/json",
                std::string(R"({"is_sleeping":)") + (sleep_level_ != 0 ? "true}" : "false}")};
    }
    const bool prometheus = options_.engine == personality::trtllm && path == "/prometheus/metrics";
    if (path == "/metrics" || prometheus) {
        const bool json = options_.engine == personality::trtllm && !prometheus;
        auto text = metrics_text(path, view());
        auto& kept = frozen_[std::string(path)];
        const bool frozen = faults_.server().metrics == metrics_fault::frozen;
        if (frozen && !kept.empty()) text = kept;
        kept = frozen ? text : std::string();
        return lie({200, json ? "application/json" : exposition, std::move(text)},
                   faults_.server());
    }
    if (loading()) {
        const auto e = loading_error(options_.engine);
        return {e.status, "application/json", error_body(options_.engine, api::none, e)};
    }
    const auto created = static_cast<std::int64_t>(telemetry_.started);
    if (path.starts_with("/v1/models/") && options_.engine != personality::llamacpp) {
        return model_info(path.substr(std::string_view("/v1/models/").size()), created);
    }
    if (path == "/v1/models" || path == "/models") {
        return {200, "application/json",
                models_page(options_.engine, models(), created, options_.max_model_len)};
    }
    if (api_of(path) != api::none) {
        return {405, "application/json", R"({"detail":"Method Not Allowed"})"};
    }
    return info_page(options_.engine, target, options_, load());
}

plain_answer server_core::model_info(std::string_view id, std::int64_t created) const {
    for (const auto& m : models()) {
        if (m.id != id) continue;
        return {200, "application/json",
                model_page(options_.engine, m, created, options_.max_model_len)};
    }
    const auto e = unknown_model(id);
    return {e.status, "application/json", error_body(options_.engine, api::none, e)};
}

// A token is four bytes of text, as `/tokenize` says.
plain_answer server_core::detokenize(std::string_view body) {
    std::string text;
    const auto tokens = document_.parse(body) ? document_.root().get("tokens") : json_value();
    for (auto t = tokens.first(); t; t = t.next()) {
        append_token(text, static_cast<std::uint32_t>(t.integer().value_or(0)));
        while (text.ends_with('\0')) text.pop_back();  // a short token at the end
    }
    json_writer w;
    const auto* key = options_.engine == personality::vllm       ? "prompt"
                      : options_.engine == personality::llamacpp ? "content"
                                                                 : "text";
    w.begin_object().field(key, text).end_object();
    return {200, "application/json", w.take()};
}

plain_answer server_core::control_lora(std::string_view path, std::string_view body) {
    const auto refused = [this](int status, std::string why) -> plain_answer {
        const api_error e{.status = status,
                          .type = error_type(status),
                          .message = std::move(why),
                          .param = "lora_name"};
        return {status, "application/json", error_body(options_.engine, api::none, e)};
    };
    const bool parsed = document_.parse(body);
    const auto name = parsed ? document_.root().get("lora_name").string().value_or("") : "";
    if (name.empty()) return refused(400, "Both 'lora_name' and 'lora_path' must be provided.");
    const bool unload = path.ends_with("unload_lora_adapter");
    if (unload && !unload_lora(name)) {
        return refused(404, "The lora adapter '" + name + "' cannot be found.");
    }
    if (!unload && !load_lora(name)) {
        return refused(400, "The lora adapter '" + name + "' has already been loaded.");
    }
    if (options_.engine == personality::sglang) {
        return {200, "application/json", R"({"success":true})"};
    }
    return {
        200, plain_text,
        "Success: LoRA adapter '" + name + (unload ? "' removed" : "' added") + " successfully."};
}

// --- controls ------------------------------------------------------------------------------------

plain_answer server_core::control(std::string_view method, std::string_view path,
                                  std::string_view body, const request_record& record) {
    if (path.starts_with("/sim/echo")) {
        json_writer w;
        write_record(w, record);
        return {200, "application/json", w.take()};
    }
    if (path == "/sim/state") return {200, "application/json", state_page()};
    if (path == "/sim/requests") {
        if (method == "DELETE") {
            log_.clear();
            return done();
        }
        return {200, "application/json", requests_page()};
    }
    if (path == "/sim/faults") return control_faults(method, body);
    if (path == "/sim/metrics") return control_metrics(method, body);
    if (path == "/sim/reset" && method == "POST") {
        engine_.reset_cache();
        log_.clear();
        overrides_ = {};
        sleep_level_ = 0;
        faults_.clear();
        apply_server_faults();
        return done();
    }
    return {
        404, "application/json",
        R"({"error":"there is /sim/state, /sim/requests, /sim/faults, /sim/metrics, /sim/reset, /sim/echo"})"};
}

void server_core::apply_server_faults() {
    const auto& f = faults_.server();
    engine_.set_slowdown(f.slowdown);
    ready_at_ = f.loading ? loop_.now() + *f.loading : std::min(ready_at_, loop_.now());
    if (f.refuse && refuse_) refuse_(*f.refuse);
}

plain_answer server_core::control_faults(std::string_view method, std::string_view body) {
    if (method == "DELETE") {
        faults_.clear();
        apply_server_faults();
        return done();
    }
    if (method != "POST") {
        json_writer w;
        w.begin_object().key("rules").begin_array();
        for (const auto& r : faults_.rules()) {
            w.begin_object().field("path", r.path).field("rate", r.rate).field("count", r.count);
            w.field("status", r.what.status).field("breaks", r.what.breaks != break_kind::none);
            w.field("bytes", std::uint64_t{r.what.bytes}).end_object();
        }
        w.end_array().end_object();
        return {200, "application/json", w.take()};
    }
    if (!document_.parse(body)) return bad("not JSON: " + std::string(document_.error()));
    std::string error;
    if (!faults_.load(document_.root(), error)) return bad(error);
    apply_server_faults();
    return done();
}

plain_answer server_core::control_metrics(std::string_view method, std::string_view body) {
    if (method == "DELETE") {
        overrides_ = {};
        return done();
    }
    if (!document_.parse(body) || !document_.root().is(json_value::kind::object)) {
        return bad("not a JSON object: " + std::string(document_.error()));
    }
    auto next = overrides_;
    for (auto v = document_.root().first(); v; v = v.next()) {
        const auto name = v.name();
        if (name == "waiting" || name == "queue") {
            next.waiting = v.number();
        } else if (name == "running") {
            next.running = v.number();
        } else if (name == "kv" || name == "kv_usage") {
            next.kv_usage = v.number();
        } else if (name == "running_loras") {
            next.running_loras = v.string();
        } else if (name == "waiting_loras") {
            next.waiting_loras = v.string();
        } else if (name == "max_loras") {
            next.max_loras = v.number();
        } else {
            return bad("unknown metric: " + name +
                       " (waiting, running, kv, running_loras, waiting_loras, max_loras)");
        }
    }
    overrides_ = std::move(next);
    return done();
}

std::string server_core::state_page() const {
    const auto& c = engine_.counters();
    json_writer w;
    w.begin_object().field("name", name_).field("engine", to_string(options_.engine));
    w.field("model", options_.models.front()).field("loading", loading());
    w.field("requests", last_request_);
    w.field("in_flight", std::uint64_t{slots_.size() - unused_.size()});
    w.field("running", std::uint64_t{engine_.running()});
    w.field("waiting", std::uint64_t{engine_.waiting()});
    w.field("deferred", std::uint64_t{engine_.deferred()});
    w.field("kv_usage", engine_.cache().usage());
    w.field("kv_blocks", std::uint64_t{options_.kv_blocks});
    w.field("block_size", std::uint64_t{options_.block_size});
    w.field("evictions", engine_.cache().evictions()).field("steps", c.steps);
    w.field("prompt_tokens", c.prompt_tokens).field("cached_tokens", c.cached_tokens);
    w.field("generated_tokens", c.generated_tokens).field("preemptions", c.preemptions);
    w.field("rejected", telemetry_.rejected_requests).key("finished").begin_object();
    w.field("stop", telemetry_.finished[0]).field("length", telemetry_.finished[1]);
    w.field("abort", telemetry_.finished[2]).field("error", telemetry_.finished[3]);
    w.end_object().end_object();
    return w.take();
}

std::string server_core::requests_page() const {
    json_writer w;
    w.begin_object().field("endpoint", name_).key("requests").begin_array();
    for (const auto& r : log_.records()) write_record(w, r);
    w.end_array().key("in_flight").begin_array();
    for (const auto& s : slots_) {
        if (s.owner) write_record(w, s.owner->record());
    }
    w.end_array().end_object();
    return w.take();
}

}  // namespace weir::sim
