#include "datalayer/capacity_reader.hpp"

#include "payload/number_field.hpp"

namespace weir::datalayer {

capacity_reader::capacity_reader(http::event_loop& loop, http::client_pool& connections,
                                 std::uint64_t key, payload::json_index& scratch)
    : loop_(loop),
      scratch_(scratch),
      question_(loop, connections, key, [this](const fetch::outcome& o) { take(o); }) {}

void capacity_reader::tick(const capacity_page& page, const http::address& where) {
    if (page.path.empty() || value_ > 0 || question_.active() || loop_.now() < next_) return;
    key_ = page.key;
    next_ = loop_.now() + retry;
    question_.start(where, page.path, fetch::json);
}

void capacity_reader::forget() {
    value_ = 0;
    next_ = {};
}

void capacity_reader::take(const fetch::outcome& o) {
    if (o.status != 200) return;
    const auto found = payload::number_field(o.body, key_, scratch_);
    if (found && *found > 0) value_ = static_cast<double>(*found);
}

}  // namespace weir::datalayer
