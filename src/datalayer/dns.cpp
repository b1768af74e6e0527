#include "datalayer/dns.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "base/strings.hpp"
#include "http/address.hpp"

namespace weir::datalayer {
namespace {

/// One question of one family.
dns_answer lookup_family(const std::string& host, int family) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    dns_answer out;
    if (rc == EAI_NONAME || rc == EAI_NODATA || rc == EAI_ADDRFAMILY) return out;
    if (rc != 0) {
        out.error = ::gai_strerror(rc);
        return out;
    }
    for (const auto* a = list; a != nullptr; a = a->ai_next) {
        out.ips.push_back(http::address::from(a->ai_addr, a->ai_addrlen).ip());
    }
    ::freeaddrinfo(list);
    std::sort(out.ips.begin(), out.ips.end());
    out.ips.erase(std::unique(out.ips.begin(), out.ips.end()), out.ips.end());
    return out;
}

}  // namespace

bool is_host_name(std::string_view s) {
    if (s.ends_with('.')) s.remove_suffix(1);
    if (s.empty() || s.size() > 253) return false;
    const auto labels = split(s, '.');
    for (const auto l : labels) {
        const bool fine = !l.empty() && l.size() <= 63 && l.front() != '-' && l.back() != '-' &&
                          std::all_of(l.begin(), l.end(), [](char c) {
                              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                     (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
                          });
        if (!fine) return false;
    }
    return labels.back().find_first_not_of("0123456789") != std::string_view::npos;
}

dns_answer system_lookup(const std::string& host) {
    const bool local = iequals(host, "localhost");
    auto v4 = lookup_family(host, AF_INET);
    if (v4.ips.empty()) {
        auto v6 = lookup_family(host, AF_INET6);
        if (!v6.ips.empty() || v4.error.empty()) v4 = std::move(v6);
    }
    if (!local) return v4;
    if (v4.ips.empty()) return {{"127.0.0.1"}, {}};  // RFC 6761 6.3: whatever a resolver says
    v4.ips.resize(1);
    return v4;
}

// --- dns_record ---------------------------------------------------------------------------------

std::optional<std::vector<std::string>> dns_record::take(const dns_answer& answer,
                                                         const dns_options& options,
                                                         time_point now) {
    error_ = answer.error;
    if (answer.error.empty() && answer.ips.empty()) error_ = "no such name, or no address";
    if (!answer.error.empty()) {
        const auto steps = std::min<std::uint32_t>(failures_++, 6);
        next_ = now + std::min<duration>(options.refresh * (1 << steps), options.longest_back_off);
        return std::nullopt;
    }
    failures_ = 0;
    next_ = now + options.refresh;
    if (answer.ips.empty() && ++empty_ < options.empty_answers) return std::nullopt;
    if (!answer.ips.empty()) empty_ = 0;
    auto ips = answer.ips;
    if (ips.size() > options.max_addresses) ips.resize(options.max_addresses);
    if (ips == addresses_) return std::nullopt;
    addresses_ = std::move(ips);
    return addresses_;
}

// --- dns_resolver -------------------------------------------------------------------------------

/// What the loop's thread and the lookups share. Outlives the resolver: a lookup cannot be
/// interrupted, so its thread is left to itself when the process goes on without it.
struct dns_resolver::shared {
    dns_lookup lookup;
    dns_resolver* owner = nullptr;  ///< null once destroyed; only the loop's thread looks
    std::mutex mutex;
    http::event_loop* loop = nullptr;  ///< guarded by `mutex`; null once destroyed
};

dns_resolver::dns_resolver(http::event_loop& loop, changed_fn changed, const dns_options& options,
                           dns_lookup lookup)
    : loop_(loop),
      changed_(std::move(changed)),
      options_(options),
      timer_(loop, &dns_resolver::on_due, this),
      shared_(std::make_shared<shared>()) {
    shared_->lookup = std::move(lookup);
    shared_->owner = this;
    shared_->loop = &loop;
}

dns_resolver::~dns_resolver() {
    shared_->owner = nullptr;
    const std::lock_guard lock(shared_->mutex);
    shared_->loop = nullptr;
}

void dns_resolver::ask(const std::shared_ptr<shared>& s, const std::string& host) {
    auto answer = s->lookup(host);
    const std::lock_guard lock(s->mutex);
    if (s->loop == nullptr) return;
    s->loop->post([s, host, answer = std::move(answer)] {
        if (s->owner != nullptr) s->owner->take(host, answer);
    });
}

void dns_resolver::set_hosts(const std::set<std::string>& hosts) {
    std::erase_if(records_, [&](const auto& r) { return !hosts.contains(r.first); });
    for (const auto& h : hosts) records_.try_emplace(h);
    ask_due();
}

void dns_resolver::on_due(void* self) { static_cast<dns_resolver*>(self)->ask_due(); }

void dns_resolver::ask_due() {
    const auto now = loop_.now();
    auto next = time_point::max();
    for (const auto& [host, record] : records_) {
        if (asked_.contains(host)) continue;
        if (record.next() > now) {
            next = std::min(next, record.next());
        } else if (asked_.size() < max_lookups) {
            asked_.insert(host);
            std::thread([s = shared_, name = host] { ask(s, name); }).detach();
        }
    }
    if (next != time_point::max()) timer_.arm_at(next);
}

void dns_resolver::take(const std::string& host, const dns_answer& answer) {
    asked_.erase(host);
    const auto at = records_.find(host);
    if (at != records_.end()) {
        const bool was_good = at->second.error().empty();
        const auto changed = at->second.take(answer, options_, loop_.now());
        const auto& now = at->second;
        if (!now.error().empty() && was_good) {
            log::warning(now.addresses().empty()
                             ? "a name cannot be resolved; it is asked for again"
                             : "a name cannot be resolved; its last addresses stay in use for now",
                         {{"name", host}, {"reason", now.error()}});
        }
        if (changed) changed_(host, *changed);
    }
    ask_due();
}

const dns_record* dns_resolver::record(const std::string& host) const {
    const auto at = records_.find(host);
    return at == records_.end() ? nullptr : &at->second;
}

bool dns_resolver::first_round_done() const {
    return std::all_of(records_.begin(), records_.end(),
                       [](const auto& r) { return r.second.next() != time_point{}; });
}

}  // namespace weir::datalayer
