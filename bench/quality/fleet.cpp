#include "fleet.hpp"

#include <algorithm>
#include <queue>
#include <string>
#include <utility>

#include "bounds.hpp"

namespace weir::quality {
namespace {

using sim::engine_event;

duration seconds(double s) { return duration(static_cast<duration::rep>(s * 1e9)); }
double in_seconds(duration d) { return std::chrono::duration<double>(d).count(); }

/// A request on its way.
struct flight {
    decision chosen;
    std::uint32_t endpoint = 0;
    time_point sent{};
    time_point first{};
    std::size_t output = 0;
    std::int64_t cached = 0;
    std::int64_t tokens_held = 0;  ///< charged where no plugin said how
    bool open = false;
    bool started = false;
};

class fleet {
  public:
    fleet(const trace& t, double rate, chooser& by, const fleet_options& options);
    run_result run();

  private:
    void arrive(std::size_t index);
    void scrape(std::size_t index);
    void work(std::size_t index, time_point now);
    void handle(std::size_t engine_index, const engine_event& e);
    void first_token(flight& f, time_point at);
    void complete(flight& f, time_point at);
    void charge(const flight& f, release_at when, double sign, bool taking);
    response_facts facts(const flight& f, time_point at) const;
    void plan_arrivals();
    void plan_follower(std::size_t index, time_point answered);

    const trace& trace_;
    double rate_;
    chooser& by_;
    fleet_options options_;
    const time_point t0_{std::chrono::hours(1)};
    std::vector<endpoint> endpoints_;
    std::vector<std::uint32_t> ready_;
    std::vector<sim::engine> engines_;
    std::vector<time_point> scraped_;
    std::vector<time_point> next_scrape_;
    std::vector<std::size_t> served_;
    signal_columns signals_;
    std::vector<flight> flights_;
    /// When requests come, earliest first; followers are added as answers end.
    std::priority_queue<std::pair<time_point, std::size_t>,
                        std::vector<std::pair<time_point, std::size_t>>, std::greater<>>
        arrivals_;
    std::vector<std::size_t> follower_;  ///< of each request
    std::vector<engine_event> events_;
    std::string text_;
    random_source random_;
    run_result result_;
    std::size_t bad_ = 0;  ///< refused, or answered out of the SLO
    time_point now_;
    time_point last_;
    time_point load_ends_;
};

fleet::fleet(const trace& t, double rate, chooser& by, const fleet_options& options)
    : trace_(t),
      rate_(rate),
      by_(by),
      options_(options),
      random_(options.seed),
      now_(t0_),
      last_(t0_),
      load_ends_(t0_) {
    const auto n = options.endpoints;
    signals_.reset(n);
    served_.assign(n, 0);
    scraped_.assign(n, t0_);
    for (std::size_t i = 0; i < n; ++i) {
        auto e = options.engine;
        e.seed = options.seed + i;
        engines_.emplace_back(e);
        if (i < options.slowdowns.size()) engines_.back().set_slowdown(options.slowdowns[i]);
        endpoint ep;
        ep.name_space = "default";
        ep.name = "e" + std::to_string(i);
        ep.address = "10.0.0." + std::to_string(i + 1);
        ep.port = 8000;
        ep.serial = i + 1;
        endpoints_.push_back(std::move(ep));
        ready_.push_back(static_cast<std::uint32_t>(i));
        // Phases are spread over the period, as the scraper's are.
        next_scrape_.push_back(
            t0_ + seconds(options.scrape_period * static_cast<double>(i) / static_cast<double>(n)));
    }
    flights_.resize(t.requests.size());
    plan_arrivals();
    result_.requests = t.requests.size();
    result_.ttft.reserve(t.requests.size());
    result_.latency.reserve(t.requests.size());
}

// Only arrivals that wait for no answer become denser with the rate; a reader takes the time he
// takes.
void fleet::plan_arrivals() {
    follower_.assign(trace_.requests.size(), trace_request::nobody);
    for (std::size_t i = 0; i < trace_.requests.size(); ++i) {
        const auto& r = trace_.requests[i];
        if (r.follows == trace_request::nobody) {
            load_ends_ = std::max(load_ends_, t0_ + seconds(r.at / rate_));
            arrivals_.emplace(t0_ + seconds(r.at / rate_), i);
        } else {
            follower_[r.follows] = i;
        }
    }
}

void fleet::plan_follower(std::size_t index, time_point answered) {
    const auto next = follower_[index];
    if (next == trace_request::nobody) return;
    arrivals_.emplace(answered + seconds(trace_.requests[next].at), next);
}

run_result fleet::run() {
    const auto degrade_at = t0_ + seconds(trace_.duration() / rate_ * options_.degrades_at);
    bool degraded = options_.degrades < 0;
    for (;;) {
        auto when = time_point::max();
        std::size_t engine_index = engines_.size();
        for (std::size_t i = 0; i < engines_.size(); ++i) {
            const auto next = engines_[i].next();
            if (next && *next < when) {
                when = *next;
                engine_index = i;
            }
        }
        if (engine_index == engines_.size() && arrivals_.empty()) break;
        if (static_cast<double>(bad_) > options_.give_up_at * static_cast<double>(flights_.size()))
            break;
        const auto scrape_index = static_cast<std::size_t>(
            std::min_element(next_scrape_.begin(), next_scrape_.end()) - next_scrape_.begin());
        const auto arrival_at = arrivals_.empty() ? time_point::max() : arrivals_.top().first;
        now_ = std::min({when, arrival_at, next_scrape_[scrape_index]});
        if (!degraded && now_ >= degrade_at) {
            degraded = true;
            engines_[static_cast<std::size_t>(options_.degrades) % engines_.size()].set_slowdown(
                options_.degrades_to);
        }
        // Engines first: a step that ends now is seen by a scrape of now, and both by an arrival.
        if (when == now_) {
            work(engine_index, now_);
        } else if (next_scrape_[scrape_index] == now_) {
            scrape(scrape_index);
        } else {
            const auto next = arrivals_.top().second;
            arrivals_.pop();
            arrive(next);
        }
    }
    double busiest = 0;
    std::uint64_t prompt = 0;
    std::uint64_t cached = 0;
    for (std::size_t i = 0; i < engines_.size(); ++i) {
        busiest = std::max(busiest, static_cast<double>(served_[i]));
        prompt += engines_[i].counters().prompt_tokens;
        cached += engines_[i].counters().cached_tokens;
        result_.preemptions += engines_[i].counters().preemptions;
    }
    result_.duration = in_seconds(last_ - t0_);
    result_.load_duration = in_seconds(load_ends_ - t0_);
    result_.hit_share = prompt == 0 ? 0 : static_cast<double>(cached) / static_cast<double>(prompt);
    result_.spread = result_.requests == 0 ? 0
                                           : busiest * static_cast<double>(engines_.size()) /
                                                 static_cast<double>(result_.requests);
    return std::move(result_);
}

void fleet::scrape(std::size_t i) {
    const auto& e = engines_[i];
    signals_.waiting[i] = static_cast<double>(e.waiting());
    signals_.running[i] = static_cast<double>(e.running());
    signals_.kv_usage[i] = e.cache().usage();
    signals_.block_size[i] = static_cast<double>(options_.engine.block_size);
    signals_.block_count[i] = static_cast<double>(options_.engine.num_blocks);
    scraped_[i] = now_;
    next_scrape_[i] += seconds(options_.scrape_period);
}

void fleet::arrive(std::size_t index) {
    const auto& r = trace_.requests[index];
    auto& f = flights_[index];
    render_prompt(trace_, r, text_);
    const prompt only{std::string_view(text_)};
    const auto id = std::to_string(index);
    inference_request request;
    request.request_id = id;
    request.model = request.target_model = "m";
    request.api = api_kind::completions;
    request.stream = true;
    request.max_output_tokens = static_cast<std::int64_t>(r.output_tokens);
    request.body_bytes = text_.size();
    request.prompts = std::span(&only, 1);
    for (std::size_t i = 0; i < engines_.size(); ++i) {
        signals_.age_seconds[i] = in_seconds(now_ - scraped_[i]);
        signals_.staleness_floor[i] = 3 * options_.scrape_period;
    }
    auto hashes = block_hashes(trace_, r, options_.engine.block_size, index);
    const sight s{request, endpoints_, signals_, ready_, now_, random_(), engines_, hashes};
    f.chosen.clear();
    if (!by_.choose(s, f.chosen)) {
        ++result_.refused;
        ++bad_;
        plan_follower(index, now_);
        return;
    }
    f.endpoint = f.chosen.primary_targets()[0];
    f.sent = now_;
    f.output = r.output_tokens;
    f.open = true;
    f.tokens_held = static_cast<std::int64_t>(request.input_tokens());
    charge(f, release_at::end, 1, true);
    ++served_[f.endpoint];
    sim::sequence q;
    q.tag = index;
    q.prompt_tokens = r.prompt_tokens;
    q.output_tokens = r.output_tokens;
    auto& engine = engines_[f.endpoint];
    if (options_.engine.policy == sim::queue_policy::priority) {
        const auto held = engine.cache().match(hashes) * options_.engine.block_size;
        q.priority = static_cast<int>(r.prompt_tokens - std::min(held, r.prompt_tokens));
    }
    q.block_hashes = std::move(hashes);
    sim::engine::handle handle = 0;
    const auto did = engine.submit(std::move(q), now_, handle, events_);
    if (did != sim::submit_outcome::accepted) {
        ++result_.refused;
        ++bad_;
        complete(f, now_);
        plan_follower(index, now_);
    }
    work(f.endpoint, now_);
}

void fleet::work(std::size_t i, time_point now) {
    engines_[i].advance(now, events_);
    for (const auto& e : events_) handle(i, e);
    events_.clear();
}

void fleet::handle(std::size_t engine_index, const engine_event& e) {
    if (e.what == engine_event::kind::step) return;
    auto& f = flights_[e.tag];
    if (e.what == engine_event::kind::admitted) f.cached = e.value;
    if (e.what == engine_event::kind::token && !f.started) first_token(f, e.at);
    if (e.what != engine_event::kind::finished) return;
    const auto ttft = in_seconds(f.first - f.sent);
    const auto latency = in_seconds(e.at - f.sent);
    result_.ttft.push_back(ttft);
    result_.latency.push_back(latency);
    const auto per_token =
        f.output > 1 ? (latency - ttft) / static_cast<double>(f.output - 1) : 0.0;
    const bool good = ttft <= options_.slo_ttft && per_token <= options_.slo_token;
    (good ? result_.good : bad_) += 1;
    if (good && f.sent <= load_ends_) ++result_.good_under_load;
    random_source digest(result_.digest ^ e.tag ^ static_cast<std::uint64_t>(to_ns(e.at)) ^
                         (std::uint64_t{engine_index} << 56));
    result_.digest = digest();
    complete(f, e.at);
    plan_follower(e.tag, e.at);
}

// Adds or takes back what the request weighs: as its plugins said, else one request and its prompt
// until the first token.
void fleet::charge(const flight& f, release_at when, double sign, bool taking) {
    const auto add = [this, sign](std::uint32_t e, std::int64_t requests, std::int64_t tokens) {
        signals_.inflight_requests[e] += sign * static_cast<double>(requests);
        signals_.inflight_tokens[e] += sign * static_cast<double>(tokens);
    };
    for (const auto& c : f.chosen.charges) {
        add(c.endpoint, taking || c.requests_until == when ? 1 : 0,
            taking || c.tokens_until == when ? c.tokens : 0);
    }
    if (!f.chosen.charges.empty()) return;
    add(f.endpoint, taking || when == release_at::end ? 1 : 0,
        taking || when == release_at::first_chunk ? f.tokens_held : 0);
}

response_facts fleet::facts(const flight& f, time_point at) const {
    return {.request_id = {},
            .target_model = "m",
            .chosen = f.chosen,
            .endpoints = endpoints_,
            .now = at,
            .status = 200,
            .stream = true,
            .cause = end_cause::natural,
            .first_token_seconds = f.started ? in_seconds(f.first - f.sent) : -1,
            .total_seconds = in_seconds(at - f.sent),
            .prompt_tokens = f.chosen.input_tokens,
            .output_tokens = static_cast<std::int64_t>(f.output),
            .cached_tokens = f.cached};
}

void fleet::first_token(flight& f, time_point at) {
    f.started = true;
    f.first = at;
    charge(f, release_at::first_chunk, -1, false);
    by_.first_chunk(facts(f, at));
}

void fleet::complete(flight& f, time_point at) {
    if (!f.started) charge(f, release_at::first_chunk, -1, false);
    charge(f, release_at::end, -1, false);
    by_.complete(facts(f, at));
    f.open = false;
    f.chosen.clear();
    last_ = std::max(last_, at);
}

}  // namespace

run_result replay(const trace& t, double rate, const policy& p, const fleet_options& options) {
    const auto by = make_chooser(p);
    if (!by) return {};
    auto used = options;
    if (p.name == one_server || p.name == one_server_short_first) {
        used.endpoints = 1;
        used.engine = merge_engines(options.engine, options.endpoints, p.name != one_server);
    }
    fleet f(t, rate, *by, used);
    return f.run();
}

}  // namespace weir::quality
