#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "datalayer/capacity_reader.hpp"
#include "datalayer/endpoint_pool.hpp"
#include "datalayer/engine_catalog.hpp"
#include "datalayer/gunzip.hpp"
#include "datalayer/page_reader.hpp"
#include "datalayer/scrape_pace.hpp"
#include "datalayer/signal_memory.hpp"
#include "datalayer/silence_log.hpp"
#include "http/client.hpp"
#include "weir/random.hpp"

namespace weir::datalayer {

/// Why a scrape brought nothing: the label `kind` of `weir_scrape_errors_total`.
enum class scrape_error : std::uint8_t {
    connect,      ///< refused, unreachable, no answer to the connect
    timeout,      ///< not whole within the time limit
    closed,       ///< broken off
    protocol,     ///< not HTTP
    redirect,     ///< 3xx, never followed
    status,       ///< another status than 200
    too_large,    ///< beyond 8 MiB, unpacked
    encoding,     ///< a Content-Encoding that cannot be read, or a broken one
    not_metrics,  ///< JSON or HTML
    truncated,    ///< the end is missing
    no_family,    ///< a page without any family that tells the load
};
inline constexpr std::size_t scrape_error_count = 11;

std::string_view to_string(scrape_error e);

/// What all scrapes count together. Control thread.
struct scrape_counters {
    std::uint64_t scrapes = 0;
    std::uint64_t bytes = 0;
    std::array<std::uint64_t, scrape_error_count> errors{};
    std::uint64_t ignored_samples = 0;
    std::uint64_t extract_errors = 0;  ///< pages with families missing or samples ignored
};

/// A family the mapping wants and the page lacks.
struct missing_family {
    signal what = signal::waiting;
    std::string wanted;
    std::string nearest;  ///< of the names on the page; empty: none is close
};

/// What /v1/endpoints says about the scraping of one endpoint.
struct scrape_report {
    std::string engine;  ///< empty: not known yet
    std::string url;     ///< empty: the engine has no page
    std::string error;   ///< of the last scrape; empty: it was good
    std::vector<missing_family> missing;
    std::uint64_t scrapes = 0;
    std::uint64_t failed = 0;
    std::string capacity_of;  ///< what bounds the server: `slots`, `tokens`; empty: its KV blocks
    double capacity = 0;      ///< 0: not known
    bool frozen = false;
    bool kv_clamped = false;
};

/// Sums the CPU time of the thread over pieces of work, and over the loop's own share between two
/// pieces that follow each other closely: reading the socket is part of a scrape.
class cpu_meter {
  public:
    class piece {
      public:
        explicit piece(cpu_meter& m) : meter_(m) { meter_.enter(); }
        ~piece() { meter_.leave(); }
        piece(const piece&) = delete;
        piece& operator=(const piece&) = delete;

      private:
        cpu_meter& meter_;
    };

    /// What was spent since the last call.
    duration take() { return std::exchange(spent_, {}); }

  private:
    static constexpr duration close = std::chrono::microseconds(100);

    void enter();
    void leave();
    static duration thread_time();

    duration spent_{};
    duration last_{};
    int depth_ = 0;
};

/// What the jobs of one scraper share.
struct scrape_context {
    http::event_loop& loop;
    http::client_pool connections;
    scrape_pace pace;
    cpu_meter meter;
    scrape_counters counters;
    silence_log silent;
    random_source random;
    payload::json_index json;            ///< scratch of capacity pages
    std::size_t untried = 0;             ///< endpoints whose first scrape has not ended
    std::function<void()> on_all_tried;  ///< `untried` became 0
};

/// Scrapes one endpoint again and again, never twice at a time.
class scrape_job final : private http::call_owner {
  public:
    static constexpr duration time_limit = std::chrono::seconds(1);
    static constexpr duration longest_back_off = std::chrono::seconds(1);

    scrape_job(scrape_context& context, endpoint_pool& pool, const endpoint_pool::member& whose,
               std::shared_ptr<const engine_catalog> catalog);
    ~scrape_job() override;
    scrape_job(const scrape_job&) = delete;
    scrape_job& operator=(const scrape_job&) = delete;

    /// The next scrape happens `after` from now.
    void schedule(duration after);
    duration until_due() const;
    /// What is known is older by `more` than the clock says.
    void age(duration more);

    /// True when a page of the endpoint had the signal: `waiting`, `running` or `kv_usage`.
    bool knows(signal s) const { return memory_.knows(s); }
    /// True while the page answers as a server does whose model is not loaded.
    bool page_not_loaded() const {
        return last_status_ == (engine_ != nullptr ? engine_->loading_status : 503);
    }
    /// True when the last page said that the engine sleeps.
    bool asleep() const { return asleep_; }
    /// Seconds; data of this endpoint younger than this are never stale.
    double staleness_floor() const;
    /// The engine whose page was read, or the labelled one; null while unknown.
    const engine_mapping* engine() const { return engine_; }
    /// The model whose series the last page showed first; empty: none.
    const std::string& model_name() const { return model_name_; }
    scrape_report report() const;
    std::uint64_t serial() const { return state_->serial; }
    const endpoint& whose() const { return who_; }
    /// The endpoint's labels changed: which engine it is may have, too.
    void update(const endpoint_pool::member& whose, std::shared_ptr<const engine_catalog> catalog);

  private:
    static void on_due(void* self);
    static void on_deadline(void* self);
    static bool on_unpacked(void* self, std::string_view bytes);

    void on_head(const http::response_head& head) override;
    void on_data(std::span<char> bytes) override;
    void on_complete() override;
    void on_failure(const http::call_failure& why) override;

    duration period() const;
    void end_first();
    void due();
    void start(bool fresh);
    void choose_location(std::size_t index);
    void close_connections();
    std::string url() const;
    bool begin_page(const http::response_head& head);
    void finish_page();
    void apply(const page_values& page);
    void diagnose(const engine_mapping& engine);
    void publish_lora(const page_values& page);
    void publish_customs(const page_values& page);
    void fail(scrape_error what, std::string detail);
    void abandon(scrape_error what, std::string detail);
    void next();
    void try_elsewhere(scrape_error what);

    scrape_context& context_;
    endpoint_pool& pool_;
    std::shared_ptr<endpoint_state> state_;
    endpoint who_;
    http::address serving_;
    http::address where_;
    std::shared_ptr<const engine_catalog> catalog_;
    engine_catalog::choice choice_;
    const engine_mapping* engine_ = nullptr;

    std::size_t location_ = 0;
    std::size_t tried_locations_ = 0;  ///< in a row, without a page
    std::string request_;
    http::timer due_timer_;
    http::timer deadline_;
    http::call call_;
    exposition_parser parser_;
    page_reader reader_;
    std::unique_ptr<gunzip> unpacker_;
    signal_memory memory_;
    capacity_reader capacity_;

    bool packed_ = false;
    bool end_known_ = false;
    bool open_metrics_ = false;
    bool retried_ = false;
    bool tried_ = false;
    bool collecting_ = false;
    int refused_status_ = 0;      ///< of an answer whose body is only read to keep the connection
    int last_status_ = 0;         ///< what the last scrape was answered with instead of a page
    std::uint32_t failures_ = 0;  ///< in a row
    std::vector<std::string> names_;
    std::vector<missing_family> missing_;
    bool diagnosed_ = false;
    std::size_t missing_count_ = 0;
    std::string model_name_;
    std::string lora_running_;
    std::string lora_waiting_;
    int lora_max_ = -1;
    std::string error_;
    std::uint64_t scrapes_ = 0;
    std::uint64_t failed_ = 0;
    bool kv_clamped_ = false;
    bool asleep_ = false;
    bool frost_said_ = false;
};

}  // namespace weir::datalayer
