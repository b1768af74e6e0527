#include "datalayer/endpoint_pool.hpp"

#include <algorithm>
#include <atomic>

#include "base/log.hpp"
#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// What an endpoint that left had said about itself: if it comes back, that is old news.
void forget_signals(endpoint_state& s) {
    s.updated_ns.store(0, std::memory_order_relaxed);
    s.lora.store(nullptr, std::memory_order_relaxed);
    s.attributes.clear();
    s.scraped_changed();
}

bool same(const listed_endpoint& a, const listed_endpoint& b) {
    return a.key == b.key && a.what.name == b.what.name && a.what.labels == b.what.labels &&
           a.origin == b.origin && a.ready == b.ready;
}

}  // namespace

/// Adapter lists published while one view was the newest. A view owns the era it was made in, and
/// an era all later ones, so that whoever holds a view may follow any `endpoint_state::lora` it
/// reads. A new era starts when one is full.
struct endpoint_pool::lora_era {
    ~lora_era() {
        // A long chain must not end in a deep recursion.
        auto rest = std::move(next);
        while (rest && rest.use_count() == 1) rest = std::exchange(rest->next, nullptr);
    }

    std::vector<std::shared_ptr<const lora_state>> values;
    std::unordered_map<const endpoint_state*, std::shared_ptr<const lora_state>> current;
    std::shared_ptr<lora_era> next;
};

endpoint_pool::endpoint_pool(std::string name_space, std::string name)
    : name_space_(std::move(name_space)),
      name_(std::move(name)),
      era_(std::make_shared<lora_era>()) {
    publish();
}

void endpoint_pool::set_sources(endpoint_origin origin,
                                std::vector<config::endpoint_source> sources, time_point now) {
    sources_[static_cast<std::size_t>(origin)] = std::move(sources);
    rebuild(now);
}

void endpoint_pool::set_addresses(const std::string& host, std::vector<std::string> ips,
                                  time_point now) {
    auto& known = book_[host];
    if (known == ips) return;
    known = std::move(ips);
    rebuild(now);
}

std::set<std::string> endpoint_pool::host_names() const {
    std::set<std::string> out;
    for (const auto& list : sources_) collect_names(list, out);
    return out;
}

void endpoint_pool::admin_add(config::endpoint_source source, time_point now) {
    auto& list = sources_[static_cast<std::size_t>(endpoint_origin::admin)];
    const auto id = source.name_space + "/" + source.name;
    removed_.erase(id);
    drained_.erase(id);
    std::erase_if(list, [&](const auto& s) { return s.name_space + "/" + s.name == id; });
    list.push_back(std::move(source));
    rebuild(now);
}

bool endpoint_pool::admin_remove(std::string_view id, time_point now) {
    const auto listed = std::any_of(members_.begin(), members_.end(),
                                    [&](const auto& m) { return m->listed.what.id() == id; });
    auto& list = sources_[static_cast<std::size_t>(endpoint_origin::admin)];
    // A name may have no address yet, or several: then no endpoint is called as it was added.
    const auto added =
        std::erase_if(list, [&](const auto& s) { return s.name_space + "/" + s.name == id; });
    if (!listed && added == 0) return false;
    removed_.emplace(id);
    rebuild(now);
    return true;
}

bool endpoint_pool::admin_drain(std::string_view id, bool draining, time_point now) {
    const auto at = std::find_if(members_.begin(), members_.end(),
                                 [&](const auto& m) { return m->listed.what.id() == id; });
    if (at == members_.end()) return false;
    if (draining) {
        drained_.emplace(id);
    } else if (const auto found = drained_.find(id); found != drained_.end()) {
        drained_.erase(found);
    }
    (*at)->health.draining = draining;
    step_health(now);
    return true;
}

std::shared_ptr<endpoint_state> endpoint_pool::state_of(const std::string& key) {
    auto& slot = known_[key];
    auto state = slot.lock();
    if (!state) {
        state = std::make_shared<endpoint_state>(next_serial());
        slot = state;
    }
    return state;
}

bool endpoint_pool::is_own(const config::endpoint_source& source) const {
    if (!own_) return false;
    const auto host = iequals(source.host, "localhost") ? std::string("127.0.0.1") : source.host;
    return std::any_of(source.ports.begin(), source.ports.end(), [&](std::uint16_t port) {
        const auto where = http::address::parse(host, port);
        return where && own_->contains(*where);
    });
}

bool endpoint_pool::leaves_out(const listed_endpoint& e) {
    if (!own_ || !own_->contains(e.where)) return false;
    const auto authority = e.where.authority();
    if (own_said_.insert(authority).second) {
        log::warning(
            "an endpoint is weir's own listener and is left out: name the port of the model server",
            {{"pool", id()}, {"endpoint", e.what.id()}, {"address", authority}});
    }
    return true;
}

void endpoint_pool::rebuild(time_point now) {
    std::vector<std::vector<listed_endpoint>> by_origin;
    for (std::size_t o = 0; o < endpoint_origin_count; ++o) {
        by_origin.push_back(expand(sources_[o], static_cast<endpoint_origin>(o), book_));
    }
    auto list = merge(std::move(by_origin));
    std::erase_if(list,
                  [&](const auto& e) { return removed_.contains(e.what.id()) || leaves_out(e); });
    const bool unchanged =
        std::equal(list.begin(), list.end(), members_.begin(), members_.end(),
                   [](const auto& e, const auto& m) { return same(e, m->listed); });
    if (unchanged) return;

    std::unordered_map<std::string, std::unique_ptr<member>> old;
    for (auto& m : members_) old.emplace(m->listed.key, std::move(m));
    members_.clear();
    for (auto& e : list) {
        const auto found = old.find(e.key);
        const bool stays = found != old.end() && found->second != nullptr;
        auto m = stays ? std::move(found->second) : std::make_unique<member>();
        m->listed = std::move(e);
        m->health.source_ready = m->listed.ready;
        m->health.draining = drained_.contains(m->listed.what.id());
        if (!stays) {
            m->state = state_of(m->listed.key);
            begin_health({m->state.get(), &m->health}, now);
        }
        members_.push_back(std::move(m));
    }
    subjects_.clear();
    for (const auto& m : members_) subjects_.push_back({m->state.get(), &m->health});
    ++version_;
    step_health(now);
    publish();
    for (auto& [key, left] : old) {
        if (left) forget_signals(*left->state);
    }
    old.clear();
    std::erase_if(known_, [](const auto& k) { return k.second.expired(); });
}

void endpoint_pool::publish() {
    auto view = std::make_shared<pool_view>();
    auto era = std::make_shared<lora_era>();
    for (const auto& m : members_) {
        view->endpoints.push_back(m->listed.what);
        view->endpoints.back().serial = m->state->serial;
        view->states.push_back(m->state);
        view->addresses.push_back(m->listed.where);
        if (const auto at = era_->current.find(m->state.get()); at != era_->current.end()) {
            era->current.insert(*at);
        }
    }
    view->attribute_keys = attribute_keys_;
    view->version = version_;
    era_->next = era;
    era_ = era;
    view->kept = std::move(era);
    views_.publish(std::move(view));
}

void endpoint_pool::add_attributes(const std::vector<std::string>& keys) {
    const auto before = attribute_keys_.size();
    for (const auto& key : keys) {
        if (attribute_cell(key) != max_attributes) continue;
        if (attribute_keys_.size() == max_attributes) {
            log::warning("a pool reads no more than 8 custom metrics",
                         {{"pool", id()}, {"left_out", key}});
            continue;
        }
        attribute_keys_.push_back(key);
    }
    if (attribute_keys_.size() != before) publish();
}

std::size_t endpoint_pool::attribute_cell(std::string_view key) const {
    const auto at = std::find(attribute_keys_.begin(), attribute_keys_.end(), key);
    return at == attribute_keys_.end() ? max_attributes
                                       : static_cast<std::size_t>(at - attribute_keys_.begin());
}

void endpoint_pool::note_sleep(member& m, bool asleep, time_point now) {
    datalayer::note_sleep({m.state.get(), &m.health}, asleep, subjects_, now);
}

void endpoint_pool::step_health(time_point now) {
    datalayer::step_health(subjects_, health_options_, now);
    for (const auto& m : members_) {
        if (m->said == m->health.state) continue;
        m->said = m->health.state;
        const bool lost = m->said == endpoint_health::down || m->said == endpoint_health::ejected;
        (lost ? log::warning : log::info)(
            "endpoint is " + std::string(to_string(m->said)),
            {{"pool", id()}, {"endpoint", m->listed.what.id()}, {"reason", m->health.why}});
    }
}

void endpoint_pool::publish_lora(endpoint_state& state, lora_state value) {
    auto fresh = std::make_shared<const lora_state>(std::move(value));
    auto& current = era_->current[&state];
    if (current) era_->values.push_back(std::move(current));
    current = std::move(fresh);
    state.lora.store(current.get(), std::memory_order_release);
    state.scraped_changed();
    if (era_->values.size() >= era_size) publish();
}

}  // namespace weir::datalayer
