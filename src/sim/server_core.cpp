#include "sim/server_core.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "sim/generation.hpp"
#include "sim/plain_call.hpp"

namespace weir::sim {
namespace {

constexpr duration disconnect_poll = std::chrono::seconds(1);
constexpr std::uint64_t nobody = ~std::uint64_t{0};  // tag of sequences that no request waits for

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

double unix_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string escape_label(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

}  // namespace

server_core::server_core(http::event_loop& loop, const sim_options& options)
    : loop_(loop),
      options_(options),
      engine_(to_engine_options(options)),
      faults_(options.seed),
      log_(options.log_requests),
      random_(options.seed),
      started_(loop.refresh_now()),
      ready_at_(started_ + options.startup_delay),
      timer_(
          loop, [](void* self) { static_cast<server_core*>(self)->pump(); }, this),
      look_(
          loop, [](void* self) { static_cast<server_core*>(self)->look_for_clients(); }, this) {
    if (options_.models.empty()) options_.models.emplace_back("weir-sim");
    telemetry_.started = unix_now();
    for (const auto& name : options.loras) load_lora(name);
}

server_core::~server_core() { *alive_ = false; }

std::int64_t server_core::unix_seconds() const {
    return static_cast<std::int64_t>(telemetry_.started) +
           std::chrono::duration_cast<std::chrono::seconds>(loop_.now() - started_).count();
}

double server_core::milliseconds(time_point t) const {
    return std::chrono::duration<double, std::milli>(t - started_).count();
}

// --- requests in ---------------------------------------------------------------------------------

void server_core::handle(http::exchange& ex) {
    const auto& head = ex.head();
    const auto kind = head.method == "POST" ? api_of(path_of(head.target)) : api::none;
    if (kind == api::none) {
        calls_.push_back(std::make_unique<plain_call>(*this, ex, calls_.size()));
        return calls_.back()->begin();
    }
    std::uint32_t index = 0;
    if (unused_.empty()) {
        index = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        index = unused_.back();
        unused_.pop_back();
    }
    slots_[index].owner = std::make_unique<generation>(*this, ex, kind, index);
    slots_[index].owner->begin();
}

void server_core::refuse(http::exchange& ex, const http::head_error& why) {
    answer_error(ex, api::none,
                 {.status = why.status,
                  .type = error_type(why.status),
                  .message = why.message,
                  .param = {}});
}

request_record server_core::new_record(const http::exchange& ex) {
    request_record r;
    r.number = ++last_request_;
    r.received_ms = milliseconds(ex.received_at());
    r.path = ex.head().target;
    if (!log_.enabled()) return r;
    r.method = ex.head().method;
    for (const auto& f : ex.head().fields) r.headers.emplace_back(f.name, f.value);
    return r;
}

// --- answers out ---------------------------------------------------------------------------------

void server_core::answer(http::exchange& ex, const plain_answer& a) {
    std::vector<http::field> fields{{"x-sim-endpoint", name_}};
    if (!a.body.empty()) fields.push_back({"content-type", a.content_type});
    if (a.status < 400) {
        const auto own = engine_fields(options_.engine, false);
        fields.insert(fields.end(), own.begin(), own.end());
    }
    http::answer_head head;
    head.status = a.status;
    head.fields = fields;
    head.content_length = a.body.size();
    // llama.cpp's HTTP library ends the connection behind every error.
    head.close = options_.engine == personality::llamacpp && a.status >= 400;
    ex.begin(head);
    ex.write(a.body);
    ex.finish();
}

void server_core::answer_error(http::exchange& ex, api kind, const api_error& e,
                               std::span<const http::field> more) {
    const auto body = error_body(options_.engine, kind, e);
    std::vector<http::field> fields{{"content-type", "application/json"},
                                    {"x-sim-endpoint", name_}};
    fields.insert(fields.end(), more.begin(), more.end());
    http::answer_head head;
    head.status = status_of(options_.engine, e);
    head.fields = fields;
    head.content_length = body.size();
    head.close = options_.engine == personality::llamacpp;
    ex.begin(head);
    ex.write(body);
    ex.finish();
}

// --- the engine ----------------------------------------------------------------------------------

submit_outcome server_core::submit(generation& g, std::uint32_t choice, sequence&& s,
                                   engine::handle& id) {
    s.tag =
        (std::uint64_t{g.slot()} << 32) | (std::uint64_t{slots_[g.slot()].serial} << 16) | choice;
    const auto now = loop_.now();
    engine_.advance(now, events_);
    pump_soon();
    return engine_.submit(std::move(s), now, id, events_);
}

void server_core::abort(engine::handle id) {
    if (engine_.abort(id, loop_.now(), events_)) pump_soon();
}

// trtllm-serve asks once a second whether its clients are still there; the others are told.
void server_core::client_left(std::vector<engine::handle> ids) {
    if (ids.empty()) return;
    unnoticed_.push_back(std::move(ids));
    if (options_.engine != personality::trtllm || options_.fast) return look_for_clients();
    const auto since_look = (loop_.now() - started_) % disconnect_poll;
    if (!look_.armed()) look_.arm(disconnect_poll - since_look);
}

void server_core::look_for_clients() {
    for (const auto& ids : std::exchange(unnoticed_, {})) {
        for (const auto id : ids) abort(id);
        ++telemetry_.finished[static_cast<std::size_t>(outcome::abort)];
    }
}

bool server_core::tests_itself(std::string_view path) const {
    return options_.engine == personality::sglang && !loading() &&
           faults_.server().health_status == 0 && (path == "/health" || path == "/health_generate");
}

void server_core::test_engine() {
    sequence s;
    s.tag = nobody;
    s.prompt_tokens = 1;
    engine::handle id = 0;
    engine_.advance(loop_.now(), events_);
    pump_soon();
    engine_.submit(std::move(s), loop_.now(), id, events_);
}

void server_core::mark_dirty(generation& g) {
    if (std::exchange(slots_[g.slot()].dirty, true)) return;
    dirty_.push_back(g.slot());
    pump_soon();
}

void server_core::pump_soon() {
    if (pumping_ || std::exchange(pump_posted_, true)) return;
    loop_.defer([this, alive = alive_] {
        if (*alive) pump();
    });
}

// Hands out what the engine did until now, then writes it, one flush a request, however many tokens
// it got.
void server_core::pump() {
    pump_posted_ = false;
    if (pumping_) return;
    pumping_ = true;
    bool more = true;
    while (more) {
        engine_.advance(loop_.now(), events_);
        // Both lists may grow while they are worked through.
        for (std::size_t i = 0; i < events_.size(); ++i) {
            const auto e = events_[i];
            dispatch(e);
        }
        events_.clear();
        for (std::size_t i = 0; i < dirty_.size(); ++i) {
            auto& place = slots_[dirty_[i]];
            place.dirty = false;
            if (place.owner) place.owner->flush();
        }
        dirty_.clear();
        const auto next = engine_.next();
        more = !events_.empty() || (next && *next <= loop_.now());
    }
    pumping_ = false;
    if (const auto next = engine_.next()) {
        timer_.arm_at(*next);
    } else {
        timer_.cancel();
    }
}

void server_core::dispatch(const engine_event& e) {
    if (e.what == engine_event::kind::step) {
        telemetry_.iteration_tokens.observe(e.value);
        return;
    }
    if (e.tag == nobody) return;
    const auto& place = slots_[static_cast<std::size_t>(e.tag >> 32)];
    // An event may be older than the request that has the slot now.
    if (!place.owner || place.serial != ((e.tag >> 16) & 0xFFFF)) return;
    place.owner->on_event(e, static_cast<std::uint32_t>(e.tag & 0xFFFF));
}

void server_core::retire(generation& g) {
    auto& place = slots_[g.slot()];
    retired_.push_back(std::move(place.owner));
    ++place.serial;
    unused_.push_back(g.slot());
    empty_graveyard_soon();
}

void server_core::retire(plain_call& c) {
    const auto index = c.index;
    calls_.back()->index = index;
    std::swap(calls_[index], calls_.back());
    retired_calls_.push_back(std::move(calls_.back()));
    calls_.pop_back();
    empty_graveyard_soon();
}

void server_core::empty_graveyard_soon() {
    if (std::exchange(graveyard_posted_, true)) return;
    loop_.defer([this, alive = alive_] {
        if (!*alive) return;
        graveyard_posted_ = false;
        retired_.clear();
        retired_calls_.clear();
    });
}

// --- models --------------------------------------------------------------------------------------

std::optional<lora_slots::adapter> server_core::find_model(std::string_view name) const {
    if (name.empty()) return 0;
    for (const auto& m : options_.models) {
        if (m == name) return 0;
        // SGLang names an adapter with its base model in front.
        if (name.size() > m.size() && name.starts_with(m) && name[m.size()] == ':') {
            const auto lora = loras_.find(name.substr(m.size() + 1));
            if (lora != loras_.end()) return lora->second;
        }
    }
    const auto lora = loras_.find(name);
    if (lora == loras_.end()) return std::nullopt;
    return lora->second;
}

std::vector<model_entry> server_core::models() const {
    std::vector<model_entry> out;
    for (const auto& m : options_.models) out.push_back({m, {}});
    for (const auto& [name, id] : loras_) out.push_back({name, options_.models.front()});
    return out;
}

bool server_core::load_lora(const std::string& name) {
    return !name.empty() && loras_.emplace(name, last_adapter_ + 1).second && ++last_adapter_ != 0;
}

bool server_core::unload_lora(const std::string& name) { return loras_.erase(name) != 0; }

// --- numbers -------------------------------------------------------------------------------------

load_numbers server_core::load() {
    const auto v = view();
    load_numbers n;
    n.running = static_cast<std::size_t>(std::max(v.running, 0.0));
    n.waiting = static_cast<std::size_t>(std::max(v.waiting, 0.0));
    n.waiting_uncached_tokens = engine_.waiting_uncached_tokens();
    n.kv_usage = v.kv_usage;
    n.hit_rate = v.hit_rate();
    n.gen_throughput = v.gen_throughput;
    n.unix_time = v.unix_time;
    n.max_tokens = std::uint64_t{options_.kv_blocks} * options_.block_size;
    n.used_tokens = static_cast<std::uint64_t>(v.kv_usage * static_cast<double>(n.max_tokens));
    n.steps = v.steps;
    return n;
}

metrics_view server_core::view() {
    const auto names_of = [this](bool waiting) {
        std::set<lora_slots::adapter> ids;
        engine_.each_lora(waiting, [&ids](lora_slots::adapter a) { ids.insert(a); });
        std::string out;
        for (const auto& [name, id] : loras_) {
            if (!ids.contains(id)) continue;
            if (!out.empty()) out += ',';
            out += name;
        }
        return out;
    };
    const auto count = [](std::size_t n) { return static_cast<double>(n); };
    const auto& c = engine_.counters();
    metrics_view v;
    v.totals = &telemetry_;
    v.running = overrides_.running.value_or(count(engine_.running()));
    v.waiting = overrides_.waiting.value_or(count(engine_.waiting()));
    v.deferred = overrides_.waiting ? 0 : count(engine_.deferred());
    v.kv_usage = overrides_.kv_usage.value_or(engine_.cache().usage());
    v.model = escape_label(options_.models.front());
    v.block_size = options_.block_size;
    v.num_blocks = options_.kv_blocks;
    v.max_num_seqs = options_.max_num_seqs;
    v.prefix_caching = options_.prefix_caching;
    v.prompt_tokens = c.prompt_tokens;
    v.cached_tokens = c.cached_tokens;
    v.generated_tokens = c.generated_tokens;
    v.recomputed_tokens = c.recomputed_tokens;
    v.preemptions = c.preemptions;
    v.steps = c.steps;
    v.gen_throughput = throughput_.look(c.generated_tokens, loop_.now());
    v.running_loras = escape_label(overrides_.running_loras.value_or(names_of(false)));
    v.waiting_loras = escape_label(overrides_.waiting_loras.value_or(names_of(true)));
    const bool has_loras = !loras_.empty() || overrides_.running_loras || overrides_.waiting_loras;
    v.max_loras = overrides_.max_loras.value_or(has_loras ? count(options_.max_loras) : 0);
    v.resident_loras = engine_.resident_loras();
    for (const auto& [name, id] : loras_) {
        if (engine_.holds_lora(id)) v.loaded_loras.push_back(escape_label(name));
    }
    v.sleep_level = sleep_level_;
    v.unix_time =
        telemetry_.started + std::chrono::duration<double>(loop_.now() - started_).count();
    return v;
}

}  // namespace weir::sim
