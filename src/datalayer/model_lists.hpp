#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/snapshot.hpp"
#include "datalayer/endpoint_pool.hpp"
#include "datalayer/fetch.hpp"
#include "payload/models.hpp"

namespace weir::datalayer {

/// Which models the endpoints of one pool serve. Immutable.
struct model_view {
    std::string json;  ///< the union as an answer to `GET /v1/models`
    std::map<std::string, std::string, std::less<>> cards;  ///< model → its entry, as first written
    /// Model, or an alias of one → endpoints that list it, sorted.
    std::map<std::string, std::vector<std::uint64_t>, std::less<>> serials;
    std::vector<std::uint64_t> known;  ///< endpoints with a list, sorted
    /// Any endpoint can answer for all: each has a list, with the same models; or none has one.
    bool uniform = true;

    /// True when some endpoint lists the model: only then can the others be left out.
    bool tells(std::string_view model) const { return serials.find(model) != serials.end(); }
    /// False for an endpoint that has a list without the model, while another one's list has it.
    bool serves(std::string_view model, std::uint64_t serial) const;
};

/// Leaves out the candidates that are known not to serve the model while another endpoint of the
/// pool does, ready or not. `lists` may be null.
void keep_serving(const model_view* lists, const pool_view& pool, std::string_view model,
                  std::vector<std::uint32_t>& candidates);

class model_lists;

/// What workers see of the lists, and how they wish for them. Any thread.
class model_board {
  public:
    explicit model_board(http::event_loop& control)
        : control_(control), owner_(std::make_shared<model_lists*>(nullptr)) {}

    /// Null while nobody needed the lists.
    const snapshot<model_view>& views() const { return views_; }

    /// The lists are needed from now on; `done` runs on `asker` once every endpoint had its chance
    /// to answer.
    void ask(http::event_loop& asker, std::function<void()> done);
    /// The lists are needed from now on.
    void want();

  private:
    friend class model_lists;

    http::event_loop& control_;
    snapshot<model_view> views_;
    std::atomic<bool> wanted_{false};
    std::shared_ptr<model_lists*> owner_;  ///< control thread only; null once destroyed
};

/// What `models-data-source` says about the asking.
struct model_source {
    std::string path = "/v1/models";
    std::uint16_t port = 0;                         ///< 0: the endpoint's own
    std::shared_ptr<const http::tls_client> tls{};  ///< null: plain
    duration refresh = std::chrono::seconds(30);
    bool configured = false;  ///< named in the configuration: the lists are kept from the start
};

/// Keeps the answers of `GET /v1/models` of every endpoint of a pool, once somebody needs them: the
/// configuration, a client that asked for the list, or evidence that the endpoints differ. An
/// endpoint that fails keeps its last list until it leaves the pool. Control thread, but for the
/// board.
class model_lists {
  public:
    static constexpr duration retry = std::chrono::seconds(2);
    /// A client waits so long for the slowest list.
    static constexpr duration patience = std::chrono::seconds(1);

    model_lists(http::event_loop& loop, const endpoint_pool& pool);
    ~model_lists();
    model_lists(const model_lists&) = delete;
    model_lists& operator=(const model_lists&) = delete;

    void configure(model_source source);

    /// Asks whom it is time to ask; every 50 ms or so.
    void tick();

    /// As the board's `ask`, on this thread.
    void ask(std::function<void()> done);

    bool wanted() const { return board_->wanted_.load(std::memory_order_relaxed); }
    const std::shared_ptr<model_board>& board() const { return board_; }

  private:
    struct list;

    void follow();
    void settle();
    void publish();
    static void on_impatience(void* self);

    http::event_loop& loop_;
    const endpoint_pool& pool_;
    http::client_pool connections_;
    payload::json_index scratch_;
    model_source source_;
    std::unordered_map<std::uint64_t, std::unique_ptr<list>> lists_;
    std::uint64_t version_ = ~std::uint64_t{0};
    std::vector<std::function<void()>> waiting_;
    http::timer impatience_;
    std::shared_ptr<model_board> board_;
};

}  // namespace weir::datalayer
