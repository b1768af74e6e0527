// A model server that costs as little as possible: it looks at the head of a request, skips the
// body and answers from memory. N ports in one process. What a POST gets is chosen by the flags,
// or, where a proxy passes fields on, by its field `x-fake: CHUNKS INTERVAL_US`: 0 chunks are one
// JSON body, more are events paced by INTERVAL_US or as fast as possible when that is 0, and -1
// is no answer at all. GET /stats tells how many requests came and which were abandoned.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "net.hpp"
#include "response.hpp"

namespace {

using namespace std::string_view_literals;

constexpr std::size_t burst_events = 32;  ///< events of one write when a stream is not paced
constexpr std::string_view stamp_key = "data: {\"t\":";
constexpr std::size_t stamp_digits = 20;

constexpr std::string_view sse_head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: "
    "no-cache\r\n"
    "transfer-encoding: chunked\r\n\r\n";
constexpr std::string_view event_rest =
    ",\"id\":\"chatcmpl-5f2d6d0a4c3b\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,"
    "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
    "token\"},\"logprobs\":null,"
    "\"finish_reason\":null}]}\n\n";
constexpr std::string_view completion =
    "{\"id\":\"chatcmpl-5f2d6d0a4c3b\",\"object\":\"chat.completion\",\"created\":1764000000,"
    "\"model\":\"m\","
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello from the "
    "fast one.\"},"
    "\"logprobs\":null,\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":64,\"completion_tokens\":6,\"total_tokens\":70}}";

std::string chunk(std::string_view payload) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
    return std::string(size).append(payload).append("\r\n");
}

std::string event_chunk() {
    return chunk(std::string(stamp_key) + '0' + std::string(stamp_digits - 1, ' ') +
                 std::string(event_rest));
}

std::string answer(std::string_view type, std::string_view body) {
    return "HTTP/1.1 200 OK\r\ncontent-type: " + std::string(type) +
           "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// What a chat request gets.
struct behaviour {
    std::int64_t chunks = 0;
    std::int64_t interval_ns = 0;
};

/// What a request's head says that matters here.
struct request_head {
    std::string_view target;
    std::size_t body = 0;
    bool chat = false;
    behaviour wanted;
};

std::int64_t whole(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

request_head parse_head(std::string_view head, const behaviour& usual) {
    request_head out;
    out.wanted = usual;
    const auto space = head.find(' ');
    out.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    out.body = static_cast<std::size_t>(whole(bench::head_field(head, "content-length")));
    if (const auto field = bench::head_field(head, "x-fake"); !field.empty()) {
        out.wanted.chunks = whole(field);
        const auto gap = field.find(' ');
        out.wanted.interval_ns =
            gap == std::string_view::npos ? 0 : whole(field.substr(gap + 1)) * 1000;
    }
    return out;
}

struct port {
    int listener = -1;
    std::int64_t running = 0;
    std::int64_t requests = 0;
};

/// One to a descriptor; it stays where it is and is used again by the next connection of that
/// number.
struct connection {
    int fd = -1;
    port* home = nullptr;
    std::uint64_t stream =
        0;             ///< number of the stream under way, so that a due time of another is known
    std::string head;  ///< the part of a head that has arrived
    std::size_t body_left = 0;
    request_head request;  ///< its target is only valid while the head is at hand
    std::string unsent;
    std::int64_t chunks_left = 0;  ///< of the stream under way
    bool streaming = false;
    bool silent = false;  ///< a request that gets no answer is under way
};

struct due_chunk {
    std::int64_t at;
    connection* to;
    std::uint64_t stream;
    bool operator>(const due_chunk& other) const { return at > other.at; }
};

class fake_server {
  public:
    fake_server(const std::vector<sockaddr_in>& addresses, std::size_t page_bytes, behaviour usual)
        : ports_(addresses.size()),
          buffer_(256 * 1024),
          event_(event_chunk()),
          usual_(usual),
          page_end_(histogram(page_bytes)) {
        for (std::size_t i = 0; i < burst_events; ++i) burst_ += event_;
        tail_ = chunk("data: [DONE]\n\n") + "0\r\n\r\n";
        plain_ = answer("application/json", completion);
        for (std::size_t i = 0; i < ports_.size(); ++i) {
            ports_[i].listener = bench::listen_on(addresses[i]);
            poller_.add(ports_[i].listener, &ports_[i], EPOLLIN);
        }
    }

    [[noreturn]] void run() {
        for (;;) {
            for (const auto& event : poller_.wait(until_due())) dispatch(event);
            send_due();
        }
    }

  private:
    void dispatch(const epoll_event& event) {
        auto* home = static_cast<port*>(event.data.ptr);
        if (home >= ports_.data() && home < ports_.data() + ports_.size()) return accept_all(*home);
        auto& c = *static_cast<connection*>(event.data.ptr);
        if (c.fd < 0) return;
        if ((event.events & EPOLLOUT) != 0) write_more(c);
        if (c.fd >= 0 && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some(c);
    }

    void accept_all(port& home) {
        for (int fd = bench::accept_from(home.listener); fd >= 0;
             fd = bench::accept_from(home.listener)) {
            while (by_fd_.size() <= static_cast<std::size_t>(fd)) by_fd_.emplace_back();
            auto& c = by_fd_[static_cast<std::size_t>(fd)];
            c = connection{};
            c.fd = fd;
            c.home = &home;
            poller_.add(fd, &c, EPOLLIN);
        }
    }

    void read_some(connection& c) {
        const auto got = ::recv(c.fd, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return close(c);
        std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
        while (!bytes.empty() && c.fd >= 0) bytes.remove_prefix(consume(c, bytes));
    }

    /// Takes bytes of a body or of a head; how many.
    std::size_t consume(connection& c, std::string_view bytes) {
        if (c.body_left > 0) {
            const auto taken = std::min(c.body_left, bytes.size());
            c.body_left -= taken;
            if (c.body_left == 0) respond(c);
            return taken;
        }
        const auto before = c.head.size();
        std::string_view whole_head = bytes;
        if (before > 0) whole_head = c.head.append(bytes);
        const auto end = whole_head.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            if (before == 0) c.head = bytes;
            if (c.head.size() > 65536) close(c);
            return bytes.size();
        }
        const auto taken = end + 4 - before;
        c.request = parse_head(whole_head.substr(0, end + 2), usual_);
        plan(c);
        c.request.target = {};
        c.head.clear();
        c.body_left = c.request.body;
        if (c.body_left == 0) respond(c);
        return taken;
    }

    /// Decides while the target is at hand what the answer will be.
    void plan(connection& c) {
        if (c.request.target.starts_with("/v1/chat/completions") ||
            c.request.target.starts_with("/v1/completions")) {
            ++c.home->running;
            ++c.home->requests;
            c.request.chat = true;
            return;
        }
        if (c.request.target == "/metrics"sv) {
            c.unsent += answer("text/plain; version=0.0.4; charset=utf-8", metrics_page(*c.home));
        } else if (c.request.target == "/v1/models"sv) {
            c.unsent +=
                answer("application/json",
                       "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"object\":\"model\"}]}");
        } else if (c.request.target == "/stats"sv) {
            c.unsent += answer("application/json", stats());
        } else {
            c.unsent += answer("text/plain", "");
        }
    }

    void respond(connection& c) {
        const auto& wanted = c.request.wanted;
        if (!c.request.chat) return push(c, {});
        if (wanted.chunks < 0) {
            c.silent = true;
            return;
        }
        if (wanted.chunks == 0) {
            --c.home->running;
            return push(c, plain_);
        }
        c.streaming = true;
        c.chunks_left = wanted.chunks;
        c.stream = ++streams_;
        if (wanted.interval_ns == 0) {
            push(c, sse_head);
            if (c.fd >= 0 && c.unsent.empty()) write_more(c);
            return;
        }
        send_event(c, bench::now_ns(), sse_head);
    }

    /// One event with the time of its sending, behind `before`; and the next one's due time, or the
    /// end.
    void send_event(connection& c, std::int64_t due, std::string_view before) {
        char digits[stamp_digits + 1];
        std::snprintf(digits, sizeof digits, "%-20lld", static_cast<long long>(bench::now_ns()));
        event_.replace(event_.find(stamp_key) + stamp_key.size(), stamp_digits, digits,
                       stamp_digits);
        std::string_view bytes = event_;
        std::string both;
        --c.chunks_left;
        if (!before.empty() || c.chunks_left == 0) {
            both.append(before).append(event_);
            if (c.chunks_left == 0) both += tail_;
            bytes = both;
        }
        if (c.chunks_left == 0) {
            finish(c);
        } else {
            due_.push({due + c.request.wanted.interval_ns, &c, c.stream});
        }
        push(c, bytes);
    }

    void send_due() {
        const auto now = bench::now_ns();
        while (!due_.empty() && due_.top().at <= now) {
            const auto next = due_.top();
            due_.pop();
            if (next.stream == next.to->stream) send_event(*next.to, next.at, {});
        }
    }

    void finish(connection& c) {
        c.streaming = false;
        c.stream = 0;
        --c.home->running;
    }

    void push(connection& c, std::string_view bytes) {
        if (!c.unsent.empty()) {
            c.unsent += bytes;
            bytes = c.unsent;
        }
        const auto sent = ::send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return close(c);
        const auto done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
        std::string rest(bytes.substr(done));
        c.unsent.swap(rest);
        if (!c.unsent.empty()) poller_.change(c.fd, &c, EPOLLIN | EPOLLOUT);
    }

    void write_more(connection& c) {
        if (c.unsent.empty() && c.streaming && c.request.wanted.interval_ns == 0) {
            const auto count = std::min(c.chunks_left, static_cast<std::int64_t>(burst_events));
            c.chunks_left -= count;
            c.unsent = burst_.substr(0, static_cast<std::size_t>(count) * event_.size());
            if (c.chunks_left == 0) {
                c.unsent += tail_;
                finish(c);
            }
        }
        if (!c.unsent.empty()) push(c, {});
        if (c.fd < 0) return;
        const bool more = !c.unsent.empty() || (c.streaming && c.request.wanted.interval_ns == 0);
        poller_.change(c.fd, &c, more ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }

    void close(connection& c) {
        if (c.streaming || c.silent) {
            --c.home->running;
            abandoned_.push_back(bench::now_ns());
        }
        c.streaming = c.silent = false;
        c.stream = 0;
        ::close(c.fd);
        c.fd = -1;
    }

    std::int64_t until_due() const {
        if (due_.empty()) return -1;
        return std::max<std::int64_t>(due_.top().at - bench::now_ns(), 0);
    }

    std::string stats() const {
        std::int64_t requests = 0;
        for (const auto& p : ports_) requests += p.requests;
        std::string times;
        for (const auto at : abandoned_) {
            times += (times.empty() ? "" : ",") + std::to_string(at);
        }
        return "{\"requests\":" + std::to_string(requests) + ",\"abandoned\":[" + times + "]}";
    }

    /// vLLM's page: the series a picker reads, then histograms up to the wanted size.
    std::string metrics_page(const port& home) const {
        std::string page =
            "# HELP vllm:num_requests_running Number of requests in model execution batches.\n"
            "# TYPE vllm:num_requests_running gauge\n"
            "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} " +
            std::to_string(home.running) +
            ".0\n# TYPE vllm:num_requests_waiting gauge\n"
            "vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0.0\n"
            "# TYPE vllm:kv_cache_usage_perc gauge\n"
            "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.1\n"
            "# TYPE vllm:cache_config_info gauge\n"
            "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"100000\",engine=\"0\"} "
            "1.0\n";
        return page += page_end_;
    }

    /// Buckets that fill a page up to `page_bytes`; the gauges above take some 500 of them.
    static std::string histogram(std::size_t page_bytes) {
        std::string text = "# TYPE vllm:e2e_request_latency_seconds histogram\n";
        for (int bucket = 0; text.size() + 500 < page_bytes; ++bucket) {
            text += "vllm:e2e_request_latency_seconds_bucket{engine=\"0\",le=\"" +
                    std::to_string(bucket) + ".0\",model_name=\"m\"} " +
                    std::to_string(1000 + bucket) + ".0\n";
        }
        return text;
    }

    bench::poller poller_;
    std::vector<port> ports_;
    std::vector<char> buffer_;
    std::string event_, burst_, tail_, plain_;
    behaviour usual_;
    std::string page_end_;
    std::vector<std::int64_t> abandoned_;  ///< when a connection with a request under way ended
    std::priority_queue<due_chunk, std::vector<due_chunk>, std::greater<>> due_;
    std::deque<connection> by_fd_;
    std::uint64_t streams_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::options options(
        {argv, static_cast<std::size_t>(argc)},
        {{"listen", "127.0.0.1:9100", "first address to serve; further ports follow it"},
         {"ports", "4", "how many ports"},
         {"chunks", "0", "events of an answer; 0: one JSON body; -1: no answer"},
         {"interval-us", "0", "between events; 0: as fast as possible"},
         {"page", "2048", "bytes of a metrics page"}});
    bench::raise_file_limit();
    bench::sharpen_timers();
    auto address = bench::parse_address(options.text("listen"));
    std::vector<sockaddr_in> addresses;
    const auto first = ntohs(address.sin_port);
    for (std::int64_t i = 0; i < options.number("ports"); ++i) {
        address.sin_port = htons(static_cast<std::uint16_t>(first + i));
        addresses.push_back(address);
    }
    const behaviour usual{options.number("chunks"), options.number("interval-us") * 1000};
    fake_server(addresses, static_cast<std::size_t>(options.number("page")), usual).run();
}
