#include "datalayer/scrape_job.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

constexpr std::size_t refused_body = 16 * 1024;  // worth reading to keep a connection

scrape_error kind_of(const http::call_failure& why) {
    switch (why.what) {
        case http::call_error::connect_refused:
        case http::call_error::connect_timeout:
        case http::call_error::connect_failed:
        case http::call_error::connect_local:
            return scrape_error::connect;
        case http::call_error::closed:
        case http::call_error::reset:
            return why.received ? scrape_error::truncated : scrape_error::closed;
        case http::call_error::protocol:
            return scrape_error::protocol;
        case http::call_error::timeout:
            return scrape_error::timeout;
    }
    return scrape_error::closed;
}

std::string text_of(const http::call_failure& why) {
    if (why.what == http::call_error::connect_refused) return "connection refused";
    if (why.what == http::call_error::connect_timeout) return "no answer to the connect";
    return why.detail.empty() ? "connection closed" : why.detail;
}

}  // namespace

std::string_view to_string(scrape_error e) {
    switch (e) {
        case scrape_error::connect:
            return "connect";
        case scrape_error::timeout:
            return "timeout";
        case scrape_error::closed:
            return "closed";
        case scrape_error::protocol:
            return "protocol";
        case scrape_error::redirect:
            return "redirect";
        case scrape_error::status:
            return "status";
        case scrape_error::too_large:
            return "too_large";
        case scrape_error::encoding:
            return "encoding";
        case scrape_error::not_metrics:
            return "not_metrics";
        case scrape_error::truncated:
            return "truncated";
        case scrape_error::no_family:
            return "no_family";
    }
    return "";
}

// --- cpu_meter
// -------------------------------------------------------------------------------------

duration cpu_meter::thread_time() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

void cpu_meter::enter() {
    if (depth_++ != 0) return;
    const auto now = thread_time();
    if (last_ != duration{}) spent_ += std::min(now - last_, close);
    last_ = now;
}

void cpu_meter::leave() {
    if (--depth_ != 0) return;
    const auto now = thread_time();
    spent_ += now - last_;
    last_ = now;
}

// --- scrape_job: when
// ------------------------------------------------------------------------------

scrape_job::scrape_job(scrape_context& context, endpoint_pool& pool,
                       const endpoint_pool::member& whose,
                       std::shared_ptr<const engine_catalog> catalog)
    : context_(context),
      pool_(pool),
      state_(whose.state),
      due_timer_(context.loop, &scrape_job::on_due, this),
      deadline_(context.loop, &scrape_job::on_deadline, this),
      capacity_(context.loop, context.connections, state_->serial * 2, context.json) {
    ++context_.untried;
    update(whose, std::move(catalog));
}

scrape_job::~scrape_job() {
    end_first();
    call_.cancel();
    close_connections();
}

void scrape_job::close_connections() {
    context_.connections.close_idle(state_->serial * 2);
    context_.connections.close_idle(state_->serial * 2 + 1);
}

void scrape_job::update(const endpoint_pool::member& whose,
                        std::shared_ptr<const engine_catalog> catalog) {
    const bool same = catalog_ == catalog && who_.labels == whose.listed.what.labels;
    who_ = whose.listed.what;
    serving_ = whose.listed.where;
    if (same) return;
    call_.cancel();  // its reader refers to the old plan
    close_connections();
    deadline_.cancel();
    catalog_ = std::move(catalog);
    choice_ = catalog_->choose(who_);
    engine_ = choice_.engine;
    diagnosed_ = false;
    missing_.clear();
    missing_count_ = tried_locations_ = 0;
    if (choice_.locations.empty()) end_first();
    if (!choice_.locations.empty()) choose_location(0);
    if (!due_timer_.armed()) next();
}

void scrape_job::choose_location(std::size_t index) {
    location_ = index;
    const auto& l = choice_.locations[index];
    where_ = serving_;
    if (l.metrics_port != 0) where_.set_port(l.metrics_port);
    request_ = "GET " + l.path + " HTTP/1.1\r\nHost: " + where_.authority() +
               "\r\nUser-Agent: weir\r\nAccept: text/plain;version=0.0.4\r\n\r\n";
}

std::string scrape_job::url() const {
    return (catalog_->tls() ? "https://" : "http://") + where_.authority() +
           choice_.locations[location_].path;
}

void scrape_job::schedule(duration after) { due_timer_.arm(after); }

duration scrape_job::until_due() const {
    return due_timer_.armed() ? due_timer_.deadline() - context_.loop.now() : duration{};
}

void scrape_job::age(duration more) {
    memory_.age(more);
    const auto updated = state_->updated_ns.load(std::memory_order_relaxed);
    const auto older = updated - std::chrono::nanoseconds(more).count();
    // 0 means that there is nothing; a machine that has just started may have slept longer than
    // run.
    if (updated != 0) state_->updated_ns.store(older == 0 ? -1 : older, std::memory_order_relaxed);
    state_->scraped_changed();
}

void scrape_job::on_due(void* self) { static_cast<scrape_job*>(self)->due(); }

/// A source may ask for less than the usual pace, in whole steps of it.
duration scrape_job::period() const {
    const auto floor = context_.pace.floor();
    const auto steps = (catalog_->interval() + floor - duration(1)) / floor;
    return std::max(context_.pace.period(), steps * floor);
}

double scrape_job::staleness_floor() const {
    return 3 * std::chrono::duration<double>(period()).count();
}

void scrape_job::end_first() {
    if (std::exchange(tried_, true)) return;
    if (--context_.untried == 0) context_.on_all_tried();
}

void scrape_job::due() {
    const auto period = this->period();
    const auto late = context_.loop.now() - due_timer_.deadline();
    if (choice_.locations.empty() ||
        state_->health.load(std::memory_order_relaxed) == endpoint_health::not_ready) {
        end_first();
        return schedule(std::max<duration>(period, longest_back_off));
    }
    if (late > std::max(2 * period, time_limit)) {
        // The process was paused: all endpoints are due now. Spread them again.
        return schedule(std::chrono::duration_cast<duration>(period * context_.random.unit()));
    }
    if (!call_.active()) start(false);
}

void scrape_job::next() {
    auto wait = period();
    const bool hopeless = failures_ > choice_.locations.size();
    if (hopeless) {
        const auto steps = std::min<std::uint32_t>(
            failures_ - static_cast<std::uint32_t>(choice_.locations.size()), 5);
        wait = std::max(wait, std::min<duration>(wait * (1 << steps), longest_back_off));
    }
    // A twentieth either way keeps the phases from locking.
    schedule(std::chrono::duration_cast<duration>(wait * (0.95 + 0.1 * context_.random.unit())));
}

// --- scrape_job: one scrape
// ------------------------------------------------------------------------

void scrape_job::start(bool fresh) {
    const cpu_meter::piece measured(context_.meter);
    retried_ = fresh;
    refused_status_ = 0;
    deadline_.arm(time_limit);
    const std::string_view pieces[] = {request_};
    const auto key = state_->serial * 2 + (where_.port() == serving_.port() ? 0U : 1U);
    context_.connections.start(call_, *this, key, where_, "GET", pieces, fresh,
                               catalog_->tls().get());
}

void scrape_job::on_head(const http::response_head& head) {
    const cpu_meter::piece measured(context_.meter);
    if (head.status >= 300 && head.status < 400) {
        return abandon(scrape_error::redirect,
                       "a redirect (" + std::to_string(head.status) + "), which is not followed");
    }
    if (head.status != 200) {
        refused_status_ = head.status;
        const bool small =
            head.body == http::framing::none ||
            (head.body == http::framing::length && head.content_length <= refused_body);
        if (!small) abandon(scrape_error::status, "status " + std::to_string(head.status));
        return;
    }
    if (!begin_page(head)) abandon(scrape_error::encoding, "an unknown Content-Encoding");
}

bool scrape_job::begin_page(const http::response_head& head) {
    end_known_ = head.body != http::framing::until_close;
    open_metrics_ = head.fields.get("content-type").starts_with("application/openmetrics-text");
    const auto encoding = head.fields.get("content-encoding");
    packed_ =
        iequals(encoding, "gzip") || iequals(encoding, "x-gzip") || iequals(encoding, "deflate");
    if (!packed_ && !encoding.empty() && !iequals(encoding, "identity")) return false;
    if (packed_) {
        if (!unpacker_) unpacker_ = std::make_unique<gunzip>();
        unpacker_->start();
    }
    reader_.start(*choice_.plan);
    parser_.start(choice_.plan->families(), reader_);
    if (collecting_) {
        names_.clear();
        parser_.collect_names(&names_);
    }
    return true;
}

bool scrape_job::on_unpacked(void* self, std::string_view bytes) {
    return static_cast<scrape_job*>(self)->parser_.feed(bytes);
}

void scrape_job::on_data(std::span<char> bytes) {
    const cpu_meter::piece measured(context_.meter);
    if (refused_status_ != 0) return;
    context_.counters.bytes += bytes.size();
    const bool fine = packed_ ? unpacker_->feed(bytes, &scrape_job::on_unpacked, this)
                              : parser_.feed({bytes.data(), bytes.size()});
    if (fine) return;
    if (parser_.finish(true, false) == page_verdict::too_large) {
        abandon(scrape_error::too_large, "a page of more than 8 MiB");
    } else {
        abandon(scrape_error::encoding, "a broken gzip stream");
    }
}

void scrape_job::on_complete() {
    const cpu_meter::piece measured(context_.meter);
    if (refused_status_ != 0)
        return fail(scrape_error::status, "status " + std::to_string(refused_status_));
    finish_page();
}

void scrape_job::on_failure(const http::call_failure& why) {
    const cpu_meter::piece measured(context_.meter);
    // The server may close an idle connection at any time; that says nothing about it.
    if (why.reused && !why.received && !retried_) return start(true);
    if (why.what == http::call_error::connect_refused && where_.port() == serving_.port()) {
        memory_.server_gone();
        asleep_ = false;
        capacity_.forget();
    }
    fail(kind_of(why), text_of(why));
}

void scrape_job::on_deadline(void* self) {
    auto& job = *static_cast<scrape_job*>(self);
    const cpu_meter::piece measured(job.context_.meter);
    job.abandon(scrape_error::timeout, "not whole after 1s");
}

void scrape_job::abandon(scrape_error what, std::string detail) {
    call_.cancel();
    fail(what, std::move(detail));
}

void scrape_job::fail(scrape_error what, std::string detail) {
    deadline_.cancel();
    ++scrapes_;
    ++failed_;
    ++failures_;
    last_status_ = what == scrape_error::status ? refused_status_ : 0;
    ++context_.counters.scrapes;
    ++context_.counters.errors[static_cast<std::size_t>(what)];
    context_.pace.spent(context_.meter.take(), 1);
    if (failures_ == choice_.locations.size()) {
        context_.silent.note({who_.id(), url(), detail}, context_.loop.now());
    }
    error_ = std::move(detail);
    if (log::enabled(log::level::trace)) {
        log::at(log::level::trace, "a scrape failed",
                {{"endpoint", who_.id()}, {"url", url()}, {"reason", error_}});
    }
    try_elsewhere(what);
    next();
    end_first();
}

/// The page may be at another of the engine's places: when this one answered something else, or
/// when its port is not the endpoint's own. An unknown server is only asked for another page when
/// it answered as the engine does whose page that is: trtllm-serve, with a JSON list.
void scrape_job::try_elsewhere(scrape_error what) {
    const bool wrong_page = what == scrape_error::status || what == scrape_error::not_metrics ||
                            what == scrape_error::no_family || what == scrape_error::redirect;
    const bool other_port = where_.port() != serving_.port() && what == scrape_error::connect;
    if ((!wrong_page && !other_port) || choice_.locations.size() < 2) return;
    auto next = (location_ + 1) % choice_.locations.size();
    if (choice_.engine == nullptr) {
        if (location_ == 0 && !parser_.starts_a_list()) ++next;
        if (location_ != 0) next = 0;
        if (next >= choice_.locations.size()) return;
    }
    choose_location(next);
}

// --- scrape_job: one page
// --------------------------------------------------------------------------

void scrape_job::finish_page() {
    if (packed_ && !unpacker_->ended())
        return fail(scrape_error::truncated, "a gzip stream without its end");
    switch (parser_.finish(end_known_ || packed_, open_metrics_)) {
        case page_verdict::complete:
            break;
        case page_verdict::truncated:
            return fail(scrape_error::truncated, "a page without its end");
        case page_verdict::too_large:
            return fail(scrape_error::too_large, "a page of more than 8 MiB");
        case page_verdict::not_metrics:
            return fail(scrape_error::not_metrics, "JSON or HTML, not metrics");
    }
    const auto& page = reader_.finish();
    context_.counters.ignored_samples += page.ignored;
    const auto& engine = page.engine != nullptr ? *page.engine
                         : engine_ != nullptr   ? *engine_
                                                : catalog_->fallback();
    diagnose(engine);
    if (page.engine == nullptr) {
        ++context_.counters.extract_errors;
        return fail(scrape_error::no_family, "a page without any known metric family");
    }
    apply(page);
    deadline_.cancel();
    last_status_ = 0;
    failures_ = 0;
    error_.clear();
    ++scrapes_;
    ++context_.counters.scrapes;
    if (page.ignored != 0 || !missing_.empty()) ++context_.counters.extract_errors;
    context_.pace.spent(context_.meter.take(), 1);
    if (log::enabled(log::level::trace))
        log::at(log::level::trace, "a scrape ended", {{"endpoint", who_.id()}, {"url", url()}});
    next();
    end_first();
}

void scrape_job::apply(const page_values& page) {
    engine_ = page.engine;
    state_->staleness_floor.store(staleness_floor(), std::memory_order_relaxed);
    memory_.apply(page, capacity_.value(), *state_, context_.loop.now());
    state_->scraped_changed();
    capacity_.tick(engine_->capacity, serving_);
    if (model_name_ != page.model_name) model_name_.assign(page.model_name);
    publish_lora(page);
    publish_customs(page);
    if (page.kv_clamped && !kv_clamped_) {
        log::warning("KV cache usage above 1 is taken as 1", {{"endpoint", who_.id()}});
    }
    kv_clamped_ = page.kv_clamped;
    asleep_ = page.asleep;
    if (memory_.frozen() && !frost_said_) {
        log::warning("metrics do not change although requests come and go",
                     {{"endpoint", who_.id()}});
    }
    frost_said_ = memory_.frozen();
}

void scrape_job::publish_lora(const page_values& page) {
    if (page.of(signal::lora) != presence::good) return;
    if (page.lora_max == lora_max_ && page.lora_running == lora_running_ &&
        page.lora_waiting == lora_waiting_ &&
        state_->lora.load(std::memory_order_relaxed) != nullptr) {
        return;
    }
    lora_running_ = page.lora_running;
    lora_waiting_ = page.lora_waiting;
    lora_max_ = page.lora_max;
    pool_.publish_lora(*state_, parse_lora(lora_running_, lora_waiting_, lora_max_));
}

/// One that is missing from this page keeps its last value.
void scrape_job::publish_customs(const page_values& page) {
    for (std::size_t i = 0; i < page.customs.size(); ++i) {
        const auto cell = pool_.attribute_cell(page.engine->customs[i].key);
        if (std::isnan(page.customs[i]) || cell == max_attributes) continue;
        state_->attributes.values[cell].store(page.customs[i], std::memory_order_relaxed);
    }
}

/// Finds the names closest to what is missing: the page after the first one that lacks something is
/// read for its names.
void scrape_job::diagnose(const engine_mapping& engine) {
    const auto lacks = reader_.missing_count(engine);
    if (lacks != missing_count_) diagnosed_ = false;
    missing_count_ = lacks;
    if (lacks == 0) {
        missing_.clear();
        diagnosed_ = true;
    }
    if (diagnosed_) {
        collecting_ = false;
        return;
    }
    if (!collecting_) {
        collecting_ = true;
        return;
    }
    collecting_ = false;
    diagnosed_ = true;
    missing_.clear();
    const std::vector<std::string_view> found(names_.begin(), names_.end());
    for (auto& [what, wanted] : reader_.missing(engine)) {
        const auto family = std::string_view(wanted).substr(0, wanted.find('{'));
        missing_.push_back({what, wanted, std::string(nearest(family, found))});
        const auto& m = missing_.back();
        log::warning("a metric family is missing",
                     {{"endpoint", who_.id()},
                      {"family", m.wanted},
                      {"nearest", m.nearest.empty() ? "none" : m.nearest}});
    }
    names_ = {};
}

scrape_report scrape_job::report() const {
    scrape_report r;
    r.engine = engine_ == nullptr ? "" : engine_->name;
    if (!choice_.locations.empty()) r.url = url();
    r.error = error_;
    r.missing = missing_;
    r.scrapes = scrapes_;
    r.failed = failed_;
    if (engine_ != nullptr) r.capacity_of = engine_->capacity.what;
    r.capacity = capacity_.value();
    r.frozen = memory_.frozen();
    r.kv_clamped = kv_clamped_;
    return r;
}

}  // namespace weir::datalayer
