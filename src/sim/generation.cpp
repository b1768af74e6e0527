#include "sim/generation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "sim/server_core.hpp"
#include "sim/wire_break.hpp"

namespace weir::sim {
namespace {

constexpr std::size_t max_body = std::size_t{64} << 20;

double seconds(duration d) { return std::chrono::duration<double>(d).count(); }

// Where the body breaks off; the others concern the whole answer.
bool breaks_in_body(break_kind k) {
    switch (k) {
        case break_kind::reset:
        case break_kind::close:
        case break_kind::truncate:
        case break_kind::half_event:
        case break_kind::stall:
        case break_kind::error_event:
            return true;
        default:
            return false;
    }
}

bool wrong_length(break_kind k) {
    return k == break_kind::short_length || k == break_kind::long_length;
}

bool one_choice_only(api kind) {
    return kind == api::responses || kind == api::messages || kind == api::generate;
}

}  // namespace

generation::generation(server_core& core, http::exchange& ex, api kind, std::uint32_t slot)
    : core_(core), ex_(&ex), slot_(slot), kind_(kind), record_(core.new_record(ex)) {
    const auto& fields = ex.head().fields;
    request_id_ = fields.get("x-request-id");
    if (const auto text = fields.get("x-sim-fault"); !text.empty()) {
        if (const auto f = parse_fault(text, fault_error_)) fault_ = *f;
    } else {
        fault_ = core.faults().pick(ex.head().target, true);
    }
}

void generation::begin() {
    ex_->set_owner(*this);
    ex_->read_body(max_body);
}

generation::~generation() = default;

void generation::on_body(std::span<char> bytes) {
    const std::string_view body(bytes.data(), bytes.size());
    record_.body_bytes = body.size();
    if (core_.log().enabled()) record_.body = body.substr(0, core_.options().log_body_bytes);
    request_ = read_api_request(kind_, body, core_.document(), error_);
    if (request_) {
        record_.model = request_->model;
        record_.stream = request_->stream;
        record_.priority = request_->priority;
        record_.prompt_tokens = request_->prompt_tokens();
        if (request_id_.empty()) request_id_ = request_->request_id;
    }
    ex_->release_request();
    if (fault_.delay <= duration::zero()) return proceed();
    timer_.emplace(
        core_.loop(), [](void* self) { static_cast<generation*>(self)->proceed(); }, this);
    timer_->arm(fault_.delay);
}

void generation::proceed() {
    if (!fault_error_.empty()) {
        return fail(
            {.status = 400, .type = "BadRequestError", .message = fault_error_, .param = {}});
    }
    if (fault_.status != 0) {
        return fail({.status = fault_.status,
                     .type = error_type(fault_.status),
                     .message = "injected fault",
                     .param = {}});
    }
    if (fault_.breaks != break_kind::none && fault_.at_head) return break_wire();
    if (core_.loading()) return fail(loading_error(core_.options().engine));
    if (core_.sleep_level() != 0) return fail(asleep_error());
    if (!request_) return fail(error_);
    start();
}

void generation::start() {
    auto& r = *request_;
    const auto& options = core_.options();
    auto lora = core_.find_model(r.model);
    if (!lora && takes_any_model(options.engine)) lora = 0;
    if (!lora) return fail(unknown_model(r.model));
    if (r.model.empty()) r.model = core_.default_model();
    if (r.priority != 0 && options.engine == personality::vllm &&
        options.policy != queue_policy::priority) {
        return fail(priority_error());
    }
    if (kind_ == api::tokenize || kind_ == api::count_tokens) return answer_simple();
    if (one_choice_only(kind_)) {
        r.prompts.resize(1);
        r.n = 1;
    }
    for (const auto& p : r.prompts) {
        const auto tokens = count_tokens(p.size());
        const auto output = output_length(tokens);
        if (tokens + output > options.max_model_len) {
            return fail(too_long(options.max_model_len, tokens, output));
        }
    }
    reply_.emplace(reply_facts{
        .kind = kind_,
        .engine = options.engine,
        .id = make_reply_id(kind_, options.engine, request_id_, core_.next_random()),
        .model = r.model,
        .created = core_.unix_seconds(),
        .include_usage = r.include_usage,
        .continuous_usage = r.continuous_usage,
        .logprobs = r.logprobs,
        .tool = r.forced_tool,
    });
    received_ = core_.loop().now();
    usage_.prompt = r.prompt_tokens();
    if (!submit_choices(*lora)) return;
    auto& t = core_.totals();
    t.params_n.observe(static_cast<double>(r.n));
    if (r.max_tokens) t.params_max_tokens.observe(static_cast<double>(*r.max_tokens));
    // The texts are in the block hashes now; a long stream holds no copy of its prompt.
    r.prompts.clear();
    streaming_ = r.stream && kind_ != api::embeddings && !wrong_length(fault_.breaks);
    if (streaming_) begin_stream();
}

std::size_t generation::output_length(std::size_t prompt_tokens) const {
    if (kind_ == api::embeddings) return 1;
    if (request_->max_tokens) return *request_->max_tokens;
    const auto& options = core_.options();
    const std::size_t wanted = kind_ == api::completions ? 16 : options.default_output_tokens;
    const auto room =
        options.max_model_len > prompt_tokens ? options.max_model_len - prompt_tokens : 1;
    return std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(room, 1));
}

/// Ends the choice with the token in which the first stop string is complete.
void generation::find_stop(choice& c) const {
    c.bytes = c.output * token_bytes;
    if (request_->stops.empty()) return;
    const auto all = c.text.tokens(0, c.output);
    for (const auto& stop : request_->stops) {
        const auto at = all.find(stop);
        if (at >= c.bytes) continue;
        c.bytes = at;
        c.stop = stop;
    }
    if (!c.stop.empty()) c.output = count_tokens(c.bytes + c.stop.size());
}

bool generation::submit_choices(lora_slots::adapter lora) {
    const auto& r = *request_;
    const auto& options = core_.options();
    const auto root = hash_text(r.cache_salt, lora);
    choices_.resize(r.prompts.size() * r.n);
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        auto& c = choices_[i];
        const auto& prompt = r.prompts[i / r.n];
        c.seed = hash_text(prompt, options.seed + i % r.n);
        c.text = generated_text(c.seed);
        sequence s;
        s.prompt_tokens = count_tokens(prompt.size());
        c.output = output_length(s.prompt_tokens);
        find_stop(c);
        s.output_tokens = c.output;
        if (r.echo) c.echo = prompt;
        s.priority = options.engine == personality::sglang ? -r.priority : r.priority;
        s.lora = lora;
        if (options.prefix_caching) {
            s.block_hashes = hash_blocks(prompt, c.text, c.output, options.block_size, root);
        }
        const auto prompt_tokens = s.prompt_tokens;
        const auto did =
            core_.submit(*this, static_cast<std::uint32_t>(i), std::move(s), c.sequence);
        if (did == submit_outcome::accepted) {
            c.active = true;
            ++active_;
            continue;
        }
        stop_sequences();
        ++core_.totals().rejected_requests;
        const auto capacity = options.kv_blocks * options.block_size;
        fail(did == submit_outcome::queue_full
                 ? queue_full(options.engine, options.queue_full_status)
                 : too_long(capacity, prompt_tokens, c.output));
        return false;
    }
    return true;
}

void generation::begin_stream() {
    std::vector<http::field> fields{{"content-type", "text/event-stream; charset=utf-8"},
                                    {"cache-control", "no-cache"},
                                    {"x-sim-endpoint", core_.name()}};
    const auto own = engine_fields(core_.options().engine, true);
    fields.insert(fields.end(), own.begin(), own.end());
    http::answer_head head;
    head.fields = fields;
    head.body = http::framing::chunked;
    record_.status = 200;
    ex_->begin(head);
    core_.mark_dirty(*this);
}

void generation::on_event(const engine_event& e, std::uint32_t index) {
    auto& c = choices_[index];
    if (!c.active) return;
    switch (e.what) {
        case engine_event::kind::admitted:
            usage_.cached += e.value;
            record_.cached_tokens = usage_.cached;
            if (!admitted_) {
                admitted_ = e.at;
                record_.queue_ms = seconds(e.at - received_) * 1e3;
            }
            return;
        case engine_event::kind::token:
            return on_token(c, index, e.at);
        case engine_event::kind::finished:
            return on_finished(c, index);
        case engine_event::kind::preempted:
        case engine_event::kind::step:
            return;
    }
}

void generation::on_token(choice& c, std::uint32_t index, time_point at) {
    ++c.generated;
    auto& t = core_.totals();
    if (!first_token_) {
        first_token_ = at;
        t.ttft.observe(seconds(at - received_));
        record_.ttft_ms = seconds(at - received_) * 1e3;
        record_.prefill_ms = seconds(at - admitted_.value_or(at)) * 1e3;
        if (streaming_) reply_->begin(out_, choices_.size(), usage_);
    } else if (c.generated > 1) {
        t.inter_token.observe(seconds(at - c.last_token));
    }
    c.last_token = last_token_ = at;
    if (kind_ == api::embeddings) return;
    ++usage_.completion;
    if (!streaming_) return;
    const auto interval = std::max<std::size_t>(core_.options().stream_interval, 1);
    if (c.generated - c.sent < interval && c.generated < c.output) return;
    write_piece(c, index);
    core_.mark_dirty(*this);
}

/// What of `text`, which begins with token `from`, is before the stop string.
std::string_view generation::piece_of(const choice& c, std::string_view text, std::size_t from) {
    const auto before = from * token_bytes;
    return text.substr(0, c.bytes - std::min(c.bytes, before));
}

void generation::write_piece(choice& c, std::uint32_t index) {
    if (!c.echo.empty()) {
        reply_->echo(out_, index, c.echo, usage_);
        c.echo = {};
    }
    const auto from = std::exchange(c.sent, c.generated);
    if (from * token_bytes >= c.bytes) return;
    if (c.generated - from == 1) {
        reply_->text(out_, index, piece_of(c, c.text.token(from), from), usage_);
    } else {
        const auto text = c.text.tokens(from, c.generated);
        reply_->text(out_, index, piece_of(c, text, from), usage_);
    }
}

std::string_view generation::finish_reason(const choice& c) const {
    const bool natural = !c.stop.empty() || (!request_->max_tokens && kind_ != api::completions);
    return natural ? "stop" : "length";
}

void generation::on_finished(choice& c, std::uint32_t index) {
    c.active = false;
    --active_;
    if (streaming_) {
        std::string text;
        if (one_choice_only(kind_)) text = piece_of(c, c.text.tokens(0, c.generated), 0);
        const reply_choice all{std::move(text), finish_reason(c), c.stop};
        const reply_timings timings{record_.queue_ms / 1e3, record_.prefill_ms / 1e3,
                                    seconds(last_token_ - *first_token_)};
        reply_->end_choice(out_, index, all, usage_, timings);
        core_.mark_dirty(*this);
    }
    if (active_ == 0) complete();
}

void generation::complete() {
    observe_end();
    if (streaming_) {
        reply_->end(out_, usage_);
        ended_ = true;
        return core_.mark_dirty(*this);
    }
    if (kind_ == api::embeddings) return send_whole(embeddings());
    std::vector<reply_choice> all;
    all.reserve(choices_.size());
    for (const auto& c : choices_) {
        auto text = c.echo + std::string(piece_of(c, c.text.tokens(0, c.generated), 0));
        all.push_back({std::move(text), finish_reason(c), c.stop});
    }
    const reply_timings timings{record_.queue_ms / 1e3, record_.prefill_ms / 1e3,
                                record_.decode_ms / 1e3};
    send_whole(reply_->whole(all, usage_, timings));
}

void generation::observe_end() {
    auto& t = core_.totals();
    const auto decode = seconds(last_token_ - *first_token_);
    const auto admitted = admitted_.value_or(received_);
    record_.decode_ms = decode * 1e3;
    record_.output_tokens = usage_.completion;
    t.queue.observe(seconds(admitted - received_));
    t.prefill.observe(seconds(*first_token_ - admitted));
    t.decode.observe(decode);
    t.inference.observe(seconds(last_token_ - admitted));
    t.e2e.observe(seconds(last_token_ - received_));
    if (usage_.completion > 1) {
        t.time_per_output_token.observe(decode / static_cast<double>(usage_.completion - 1));
    }
    t.prompt_tokens.observe(static_cast<double>(usage_.prompt));
    t.generation_tokens.observe(static_cast<double>(usage_.completion));
    t.max_generation_tokens.observe(static_cast<double>(choices_.front().output));
    t.computed_tokens.observe(static_cast<double>(usage_.prompt - usage_.cached));
    const auto how = finish_reason(choices_.front()) == "stop" ? outcome::stop : outcome::length;
    ++t.finished[static_cast<std::size_t>(how)];
}

// Called by the core when the events of a moment have been dealt with.
void generation::flush() {
    if (ex_ == nullptr || record_.status == 0) return;
    if (breaks_in_body(fault_.breaks) && cut(fault_.bytes)) return;
    sent_bytes_ += out_.size();
    ex_->write(out_);
    if (ended_) {
        auto& ex = *std::exchange(ex_, nullptr);
        ex.finish();
        return over(finish_reason(choices_.front()));
    }
    ex_->flush();
    out_.clear();
}

// Breaks the answer off at body byte `limit` when that is within what is to be written now.
bool generation::cut(std::size_t limit) {
    const auto kind = fault_.breaks;
    if (sent_bytes_ + out_.size() < limit || (out_.empty() && limit != 0)) return false;
    auto keep = limit - sent_bytes_;
    const auto boundary = [this](std::size_t at) {
        return at == 0 || std::string_view(out_).substr(0, at).ends_with("\n\n");
    };
    if (kind == break_kind::half_event && boundary(keep)) {
        if (keep == out_.size()) {
            // The event to be halved is still to come.
            fault_.bytes = limit + 1;
            return false;
        }
        keep += std::min<std::size_t>(10, out_.size() - keep);
    }
    if (kind == break_kind::error_event) {
        while (!boundary(keep)) --keep;
    }
    out_.resize(keep);
    if (kind == break_kind::error_event) {
        const api_error e{
            .status = 500, .type = "InternalServerError", .message = "injected fault", .param = {}};
        out_ += "data: " + error_body(personality::vllm, api::none, e) + "\n\ndata: [DONE]\n\n";
    }
    ex_->write(out_);
    if (kind == break_kind::truncate || kind == break_kind::error_event) {
        stop_sequences();
        auto& ex = *std::exchange(ex_, nullptr);
        ex.finish();
        over("fault");
        return true;
    }
    ex_->flush();
    break_wire();
    return true;
}

void generation::send_whole(std::string body) {
    record_.status = 200;
    const auto ended = choices_.empty() ? "stop" : finish_reason(choices_.front());
    const auto limit = std::min(fault_.bytes, body.size());
    if (wrong_length(fault_.breaks)) return send_wrong_length(body);
    if (fault_.breaks == break_kind::truncate) body.resize(limit);
    if (!breaks_in_body(fault_.breaks) || fault_.breaks == break_kind::truncate) {
        auto& ex = *std::exchange(ex_, nullptr);
        core_.answer(ex, {200, "application/json", std::move(body)});
        return over(fault_.breaks == break_kind::none ? ended : "fault");
    }
    const std::array<http::field, 2> fields{
        {{"content-type", "application/json"}, {"x-sim-endpoint", core_.name()}}};
    http::answer_head head;
    head.fields = fields;
    head.content_length = body.size();
    ex_->begin(head);
    ex_->write(std::string_view(body).substr(0, limit));
    ex_->flush();
    break_wire();
}

void generation::send_wrong_length(const std::string& body) {
    const bool longer = fault_.breaks == break_kind::long_length;
    const auto length =
        longer ? body.size() + fault_.bytes : body.size() - std::min(body.size(), fault_.bytes);
    auto& ex = *std::exchange(ex_, nullptr);
    send_raw(
        ex, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-sim-endpoint: " + core_.name() +
                "\r\ncontent-length: " + std::to_string(length) + "\r\n\r\n" + body);
    over("fault");
}

void generation::break_wire() {
    stop_sequences();
    if (fault_.breaks == break_kind::stall) {
        // Silence until the client gives up.
        record_.outcome = "fault";
        return;
    }
    auto& ex = *std::exchange(ex_, nullptr);
    switch (fault_.breaks) {
        case break_kind::reset:
            reset_connection(ex);
            break;
        case break_kind::garbage:
            send_raw(ex, "\x16\x03\x01 this is not HTTP\r\n\r\n");
            break;
        default:
            close_connection(ex);
            break;
    }
    over("fault");
}

void generation::answer_simple() {
    const auto& r = *request_;
    if (kind_ == api::count_tokens) {
        json_writer w;
        w.begin_object().field("input_tokens", std::uint64_t{r.prompt_tokens()});
        w.end_object();
        return send_whole(w.take());
    }
    std::vector<std::uint32_t> tokens;
    for (const auto& p : r.prompts) {
        const auto ids = token_ids(p);
        tokens.insert(tokens.end(), ids.begin(), ids.end());
    }
    send_whole(tokens_page(core_.options(), tokens));
}

namespace {

/// Numbers drawn from `seed`, or the same as base64 of little-endian floats.
void write_vector(json_writer& w, std::uint64_t seed, const api_request& r) {
    random_source values(seed);
    std::string bytes;
    if (!r.base64) w.begin_array();
    for (std::size_t i = 0; i < r.dimensions; ++i) {
        const auto v = static_cast<float>(values.unit() * 2 - 1);
        if (!r.base64) {
            w.value(static_cast<double>(v));
            continue;
        }
        const auto bits = std::bit_cast<std::uint32_t>(v);
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>((bits >> shift) & 0xFF);
    }
    r.base64 ? w.value(encode_base64(bytes)) : w.end_array();
}

}  // namespace

std::string generation::embeddings() const {
    json_writer w;
    w.begin_object().field("id", reply_->facts().id).field("object", "list");
    w.field("created", reply_->facts().created).field("model", request_->model);
    w.key("data").begin_array();
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        w.begin_object().field("index", std::uint64_t{i}).field("object", "embedding");
        w.key("embedding");
        write_vector(w, choices_[i].seed, *request_);
        w.end_object();
    }
    w.end_array().key("usage").begin_object();
    w.field("prompt_tokens", std::uint64_t{usage_.prompt});
    w.field("total_tokens", std::uint64_t{usage_.prompt}).field("completion_tokens", 0);
    w.end_object().end_object();
    return w.take();
}

void generation::fail(const api_error& e) {
    record_.status = e.status;
    auto& ex = *std::exchange(ex_, nullptr);
    if (fault_.retry_after) {
        json_writer number;
        number.value(*fault_.retry_after);
        const std::array<http::field, 1> more{{{"retry-after", number.str()}}};
        core_.answer_error(ex, kind_, e, more);
    } else {
        core_.answer_error(ex, kind_, e);
    }
    over(fault_.status != 0 ? "fault" : "error");
}

/// The sequences still at work, which are no longer this request's.
std::vector<engine::handle> generation::let_go() {
    std::vector<engine::handle> out;
    for (auto& c : choices_) {
        if (std::exchange(c.active, false)) out.push_back(c.sequence);
    }
    active_ = 0;
    return out;
}

void generation::stop_sequences() {
    for (const auto id : let_go()) core_.abort(id);
}

void generation::on_gone() {
    ex_ = nullptr;
    core_.client_left(let_go());
    record_.output_tokens = usage_.completion;
    over(record_.outcome.empty() ? "abort" : record_.outcome);
}

void generation::over(std::string_view outcome) {
    record_.outcome = outcome;
    record_.total_ms = core_.milliseconds(core_.loop().now()) - record_.received_ms;
    core_.log().add(std::move(record_));
    core_.retire(*this);
}

}  // namespace weir::sim
