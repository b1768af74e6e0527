#include "scheduling/session_affinity.hpp"

#include "base/base64.hpp"
#include "base/strings.hpp"

namespace weir::scheduling {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t v = 0;
        std::size_t padding = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const char c = text[i + j];
            const auto digit = alphabet.find(c);
            if (c == '=' && i + 4 == text.size() && j >= 2) {
                ++padding;
                v <<= 6;
            } else if (digit == std::string_view::npos || padding != 0) {
                return std::nullopt;
            } else {
                v = v << 6 | static_cast<std::uint32_t>(digit);
            }
        }
        for (std::size_t j = 0; j + padding < 3; ++j)
            out += static_cast<char>(v >> (16 - 8 * j) & 0xff);
    }
    return out;
}

session_table::shard& session_table::shard_of(std::string_view session) {
    return shards_[std::hash<std::string_view>{}(session) % shards_.size()];
}

const session_table::shard& session_table::shard_of(std::string_view session) const {
    return shards_[std::hash<std::string_view>{}(session) % shards_.size()];
}

std::optional<std::uint64_t> session_table::find(std::string_view session, time now) const {
    const auto& s = shard_of(session);
    const std::lock_guard guard(s.lock);
    const auto it = s.bindings.find(std::string(session));
    // A sweeper that ran on time would have dropped it by then.
    if (it == s.bindings.end() || now - it->second.last_seen > ttl_ + sweep_) return std::nullopt;
    return it->second.endpoint;
}

void session_table::bind(std::string_view session, std::uint64_t endpoint, bool may_move,
                         time now) {
    auto& s = shard_of(session);
    const std::lock_guard guard(s.lock);
    if (now - s.swept >= sweep_) {
        std::erase_if(s.bindings, [&](const auto& b) { return now - b.second.last_seen > ttl_; });
        s.swept = now;
    }
    const auto [it, fresh] = s.bindings.try_emplace(std::string(session), binding{endpoint, now});
    if (fresh) return;
    if (it->second.endpoint == endpoint || may_move) it->second = {endpoint, now};
}

std::size_t session_table::size() const {
    std::size_t n = 0;
    for (const auto& s : shards_) {
        const std::lock_guard guard(s.lock);
        n += s.bindings.size();
    }
    return n;
}

std::unique_ptr<session_affinity> session_affinity::read(parameters& p, plugin_context& context) {
    auto out = std::make_unique<session_affinity>();
    const auto strategy =
        p.one_of("strategy", "encoded_endpoint_header", {"encoded_endpoint_header", "session_id"});
    out->by_id_ = strategy == "session_id";
    auto header =
        to_lower(trim(p.object("encodedEndpointHeaderConfig").text("header", "x-session-token")));
    if (!header.empty()) out->header_ = std::move(header);
    auto& ids = p.object("sessionIdConfig");
    for (auto* item : ids.objects("sources")) {
        source s;
        s.header = to_lower(trim(item->text("header", "")));
        const auto attribute = item->text("attribute", "");
        const auto producer = item->text("producer", "");
        if (s.header.empty() == attribute.empty()) {
            item->reject("", "a session id source must have exactly one of header and attribute");
        } else if (!attribute.empty()) {
            const auto kind =
                attribute == "agent-identity" ? data_kind::agent_identity : data_kind::session_id;
            s.slot = context.consume(kind, producer, data_need::optional);
        }
        out->sources_.push_back(std::move(s));
    }
    if (out->sources_.empty()) out->sources_.push_back({"x-session-id", no_slot});
    const auto ttl = ids.integer("evictionTtlSeconds", 300, at_least(0));
    const auto sweep = ids.integer("evictionSweepSeconds", 10, at_least(0));
    out->profile_name_ = p.text("profileName", "");
    out->table_ = std::make_shared<session_table>(std::chrono::seconds(ttl == 0 ? 300 : ttl),
                                                  std::chrono::seconds(sweep == 0 ? 10 : sweep));
    return out;
}

std::vector<std::string> session_affinity::headers_read() const {
    if (!by_id_) return {header_};
    std::vector<std::string> out;
    for (const auto& s : sources_) {
        if (s.slot == no_slot) out.push_back(s.header);
    }
    return out;
}

void session_affinity::link(const plugin_directory& plugins) {
    const auto number = plugins.profile(profile_name_);
    if (number != plugin_directory::no_profile) profile_ = number;
}

std::optional<std::size_t> session_affinity::by_header(const decision_context& context,
                                                       const candidate_view& candidates) const {
    const auto written = context.request.header(header_);
    if (written.empty()) return std::nullopt;
    const auto id = decode_base64(written);
    const auto slash = id ? id->find('/') : std::string::npos;
    if (slash == std::string::npos) return std::nullopt;
    const auto text = std::string_view(*id);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& e = candidates.at(i);
        if (e.name_space == text.substr(0, slash) && e.name == text.substr(slash + 1)) return i;
    }
    return std::nullopt;
}

std::string session_affinity::session_of(const inference_request& request,
                                         const producer_data& data) const {
    for (const auto& s : sources_) {
        const auto value =
            s.slot != no_slot ? std::string_view(data.texts[s.slot]) : request.header(s.header);
        if (!trim(value).empty()) return std::string(value);
    }
    return {};
}

std::optional<std::size_t> session_affinity::preferred(const decision_context& context,
                                                       const candidate_view& candidates) const {
    if (!by_id_) return by_header(context, candidates);
    auto& seen = context.scratch<evaluation>();
    auto session = session_of(context.request, *candidates.data);
    if (session != seen.session) seen.was_absent = false;
    seen.session = std::move(session);
    if (seen.session.empty()) return std::nullopt;
    const auto bound = table_->find(seen.session, context.now);
    if (!bound) return std::nullopt;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates.at(i).key() == *bound) return i;
    }
    seen.was_absent = true;
    return std::nullopt;
}

std::optional<std::uint32_t> session_affinity::bound_endpoint(const decision& chosen) const {
    if (!profile_name_.empty() && !profile_) return std::nullopt;
    const auto targets = profile_ ? chosen.targets_of(*profile_) : chosen.primary_targets();
    if (targets.empty()) return std::nullopt;
    return targets[0];
}

void session_affinity::pre_request(const decision_context& context,
                                   const candidate_view& candidates, const decision& chosen) {
    if (!by_id_) return;
    auto& seen = context.scratch<evaluation>();
    const auto session = session_of(context.request, *candidates.data);
    const bool absent = seen.was_absent && seen.session == session;
    seen.session.clear();
    seen.was_absent = false;
    const auto target = bound_endpoint(chosen);
    if (session.empty() || !target) return;
    table_->bind(session, candidates.endpoints[*target].key(), absent, context.now);
}

void session_affinity::response_header(const response_facts& facts,
                                       std::vector<header_change>& changes) const {
    if (by_id_) return;
    if (const auto target = bound_endpoint(facts.chosen)) {
        changes.push_back({header_, encode_base64(facts.endpoints[*target].id()), false});
    }
}

}  // namespace weir::scheduling
