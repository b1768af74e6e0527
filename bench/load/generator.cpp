#include "generator.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <utility>

namespace bench {

namespace {

constexpr std::int64_t retry_ns = 10'000'000;

/// Words of a fixed vocabulary in a fixed random order, so that a body is text and not one repeated
/// byte.
std::string words(std::size_t bytes) {
    static constexpr std::array<std::string_view, 16> vocabulary{
        "river", "stone", "measures", "the",     "of",  "a",     "valley", "keeps",
        "water", "and",   "light",    "between", "old", "gates", "over",   "slowly"};
    std::mt19937_64 random(42);
    std::string text;
    while (text.size() < bytes) {
        text += vocabulary[random() % vocabulary.size()];
        text += ' ';
    }
    text.resize(bytes);
    return text;
}

}  // namespace

generator::generator(load_settings settings)
    : settings_(std::move(settings)),
      connections_(settings_.connections),
      random_(settings_.seed),
      buffer_(256 * 1024) {
    build_request();
    for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i].index = i;
}

void generator::build_request() {
    std::string body = R"({"model":"m","max_tokens":64,"stream":)";
    body += settings_.chunks != 0 ? "true" : "false";
    body +=
        R"(,"messages":[{"role":"system","content":"You answer briefly."},{"role":"user","content":")";
    const std::string_view end = R"("}]})";
    const auto fixed = body.size() + sizeof(connection::stamp) + end.size();
    back_ = words(settings_.body_bytes > fixed ? settings_.body_bytes - fixed : 0);
    back_ += end;
    const auto length = body.size() + sizeof(connection::stamp) + back_.size();
    front_ = "POST " + settings_.path +
             " HTTP/1.1\r\nhost: bench.local\r\nuser-agent: load/1\r\naccept: */*\r\n"
             "content-type: application/json\r\ncontent-length: " +
             std::to_string(length) + "\r\n";
    if (settings_.chunks != 0) {
        front_ += "x-fake: " + std::to_string(settings_.chunks) + " " +
                  std::to_string(settings_.interval_us) + "\r\n";
    }
    front_ += "\r\n" + body;
}

load_result generator::run(const std::function<void()>& on_begin) {
    const auto start = now_ns();
    const auto spread = std::min<std::int64_t>(settings_.warmup_ns / 2, 2'000'000'000);
    const auto count = static_cast<std::int64_t>(connections_.size());
    for (std::int64_t i = 0; i < count; ++i) {
        starts_.push({start + spread * i / count, static_cast<std::size_t>(i)});
    }
    next_arrival_ = start + spread;
    auto begun = start + settings_.warmup_ns;
    bool measuring = false;
    for (auto now = start;; now = now_ns()) {
        if (!measuring && now >= begun) {
            measuring = true;
            // Paced streams begin in the warm-up, so their first events count from there on.
            auto early = std::move(result_.first_events);
            result_ = {};
            if (settings_.interval_us > 0) result_.first_events = std::move(early);
            on_begin();
            begun = now = now_ns();
        }
        const auto limit = begun + (measuring ? settings_.seconds_ns : 0);
        if (measuring && (now >= limit || enough())) break;
        start_due(now);
        arrive(now);
        for (const auto& event : poller_.wait(until_next(now, limit))) {
            handle(*static_cast<connection*>(event.data.ptr), event.events);
        }
    }
    result_.elapsed = now_ns() - begun;
    result_.backlog = static_cast<std::int64_t>(waiting_.size());
    result_.open_streams = std::count_if(connections_.begin(), connections_.end(),
                                         [](const auto& c) { return c.busy && c.first_seen; });
    result_.open_connections =
        std::count_if(connections_.begin(), connections_.end(),
                      [](const auto& c) { return c.fd >= 0 && !c.connecting; });
    return std::move(result_);
}

bool generator::enough() const {
    return settings_.requests > 0 && result_.requests >= settings_.requests;
}

std::int64_t generator::until_next(std::int64_t now, std::int64_t limit) const {
    auto next = limit;
    if (!starts_.empty()) next = std::min(next, starts_.top().at);
    if (settings_.rate > 0) next = std::min(next, next_arrival_);
    return std::max<std::int64_t>(next - now, 0);
}

void generator::start_due(std::int64_t now) {
    while (!starts_.empty() && starts_.top().at <= now) {
        auto& c = connections_[starts_.top().index];
        starts_.pop();
        open(c);
    }
}

void generator::arrive(std::int64_t now) {
    if (settings_.rate <= 0) return;
    std::exponential_distribution<double> gap(settings_.rate);
    while (next_arrival_ <= now) {
        if (idle_.empty()) {
            waiting_.push_back(next_arrival_);
        } else {
            auto& c = connections_[idle_.back()];
            idle_.pop_back();
            begin_request(c, next_arrival_);
        }
        next_arrival_ += static_cast<std::int64_t>(gap(random_) * 1e9);
    }
}

void generator::open(connection& c) {
    // A reader that stops takes as little as it can into its own buffer first.
    const int receive_buffer = settings_.stall ? 4096 : 0;
    c.fd = connect_to(settings_.targets[c.index % settings_.targets.size()], receive_buffer);
    if (c.fd < 0) {
        ++result_.errors["connect"];
        starts_.push({now_ns() + retry_ns, c.index});
        return;
    }
    c.connecting = true;
    c.watched = EPOLLIN | EPOLLOUT;
    poller_.add(c.fd, &c, c.watched);
}

void generator::reopen(connection& c, std::int64_t delay_ns) {
    ::close(c.fd);
    c.fd = -1;
    c.busy = false;
    std::erase(idle_, c.index);
    starts_.push({now_ns() + delay_ns, c.index});
}

void generator::handle(connection& c, std::uint32_t events) {
    if (c.fd < 0) return;
    if (c.connecting) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            ++result_.errors["connect"];
            return reopen(c, retry_ns);
        }
        c.connecting = false;
        watch(c, EPOLLIN);
        return ready(c);
    }
    if ((events & EPOLLOUT) != 0) write_some(c);
    if (c.fd >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read_some(c);
}

void generator::watch(connection& c, std::uint32_t events) {
    if (c.watched == events) return;
    c.watched = events;
    poller_.change(c.fd, &c, events);
}

/// A connection without a request: the closed loop begins the next one, the open loop takes who
/// waits longest.
void generator::ready(connection& c) {
    if (settings_.rate <= 0) return begin_request(c, now_ns());
    if (waiting_.empty()) {
        idle_.push_back(c.index);
        return;
    }
    const auto intended = waiting_.front();
    waiting_.pop_front();
    begin_request(c, intended);
}

void generator::begin_request(connection& c, std::int64_t intended) {
    c.busy = true;
    c.intended = intended;
    c.first_seen = false;
    c.events_seen = 0;
    c.sent = 0;
    c.reader.reset();
    const auto number = settings_.distinct ? ++prompts_ * 0x9E3779B97F4A7C15U + settings_.seed : 0U;
    char digits[sizeof c.stamp + 1];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    std::copy_n(digits, c.stamp.size(), c.stamp.begin());
    write_some(c);
}

void generator::write_some(connection& c) {
    const std::array<std::string_view, 3> parts{front_, {c.stamp.data(), c.stamp.size()}, back_};
    std::array<iovec, 3> pieces{};
    std::size_t count = 0;
    std::size_t total = 0;
    std::size_t skip = c.sent;
    for (auto part : parts) {
        total += part.size();
        const auto gone = std::min(skip, part.size());
        skip -= gone;
        part.remove_prefix(gone);
        if (!part.empty()) pieces[count++] = {const_cast<char*>(part.data()), part.size()};
    }
    if (count > 0) {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        const auto sent = ::sendmsg(c.fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return fail(c, "closed while sending");
        if (sent > 0) c.sent += static_cast<std::size_t>(sent);
    }
    watch(c, c.sent < total ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void generator::read_some(connection& c) {
    const auto got = ::recv(c.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        if (c.busy)
            return fail(c, c.reader.head_complete() ? "answer cut" : "closed before the answer");
        ++result_.reconnects;
        return reopen(c, 0);
    }
    if (!c.busy) return fail(c, "bytes nobody asked for");
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    const auto taken = c.reader.consume(bytes);
    if (c.reader.broken()) return fail(c, "not HTTP");
    note_progress(c);
    if (settings_.stall && c.first_seen) return watch(c, 0);
    if (!c.reader.done()) return;
    if (taken < bytes.size()) return fail(c, "bytes behind the answer");
    finish(c);
}

void generator::note_progress(connection& c) {
    if (!c.first_seen && c.reader.body_bytes() > 0) {
        c.first_seen = true;
        result_.first_events.push_back(now_ns() - c.intended);
    }
    if (settings_.interval_us > 0) {
        if (const auto stamp = c.reader.take_stamp(); stamp > 0) {
            result_.event_delays.push_back(now_ns() - stamp);
        }
    }
    result_.events += c.reader.events() - c.events_seen;
    c.events_seen = c.reader.events();
}

void generator::finish(connection& c) {
    if (c.reader.status() / 100 != 2) {
        ++result_.errors["status " + std::to_string(c.reader.status())];
    } else if (c.reader.saw_error_event()) {
        ++result_.errors["error event"];
    } else if (settings_.chunks > 0 && c.reader.events() != settings_.chunks + 1) {
        ++result_.errors["events missing"];
    } else {
        ++result_.requests;
        result_.latencies.push_back(now_ns() - c.intended);
    }
    c.busy = false;
    if (!settings_.hold && !enough()) ready(c);
}

void generator::fail(connection& c, const std::string& why) {
    ++result_.errors[why];
    reopen(c, retry_ns);
}

}  // namespace bench
