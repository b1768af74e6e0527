#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/snapshot.hpp"
#include "datalayer/endpoint_pool.hpp"
#include "http/client.hpp"
#include "payload/models.hpp"

namespace weir::datalayer {

/// Which models the endpoints of one pool serve. Immutable.
struct model_view {
    std::string json;  ///< the union as an answer to `GET /v1/models`
    std::map<std::string, std::vector<std::uint64_t>, std::less<>>
        serials;                       ///< model → endpoints that list it, sorted
    std::vector<std::uint64_t> known;  ///< endpoints with a list, sorted

    /// True when some endpoint lists the model: only then can the others be left out.
    bool tells(std::string_view model) const { return serials.find(model) != serials.end(); }
    /// False for an endpoint that has a list without the model, while another one's list has it.
    bool serves(std::string_view model, std::uint64_t serial) const;
};

/// Keeps the answers of `GET /v1/models` of every endpoint of a pool. An endpoint that fails keeps
/// its last list until it leaves the pool. Control thread, but for what `views` publishes.
class model_lists {
  public:
    static constexpr duration refresh = std::chrono::seconds(30);
    static constexpr duration retry = std::chrono::seconds(2);
    static constexpr duration time_limit = std::chrono::seconds(5);
    static constexpr std::size_t max_answer = 4U << 20U;

    model_lists(http::event_loop& loop, const endpoint_pool& pool);
    ~model_lists();
    model_lists(const model_lists&) = delete;
    model_lists& operator=(const model_lists&) = delete;

    /// Asks whom it is time to ask; every 50 ms or so.
    void tick();

    /// Any thread. Null before the first list.
    const snapshot<model_view>& views() const { return views_; }

  private:
    struct query;

    void publish();

    http::event_loop& loop_;
    const endpoint_pool& pool_;
    http::client_pool connections_;
    payload::json_index scratch_;
    std::unordered_map<std::uint64_t, std::unique_ptr<query>> queries_;
    std::uint64_t version_ = ~std::uint64_t{0};
    snapshot<model_view> views_;
};

}  // namespace weir::datalayer
