#include "sim/faults.hpp"

#include "sim_fixture.hpp"

using namespace std::chrono_literals;
using namespace weir::sim;
using namespace weir::sim::test;

namespace {

bool load(fault_book& book, std::string_view json, std::string& error) {
    json_document d;
    REQUIRE(d.parse(json));
    return book.load(d.root(), error);
}

constexpr auto stream_body = R"({"prompt":"a","max_tokens":4,"stream":true})";
constexpr auto whole_body = R"({"prompt":"a","max_tokens":4})";

// What arrives when a request suffers `words`; the connection is read to its end.
struct seen {
    explicit seen(const fixture& f, std::string_view words, std::string_view body = stream_body)
        : connection(f.port) {
        connection.send(fixture::request("POST", "/v1/completions", body,
                                         "x-sim-fault: " + std::string(words) + "\r\n"));
        connection.read({}, 300ms);
        const auto end = connection.got.find("\r\n\r\n");
        if (end != std::string::npos) payload = connection.got.substr(end + 4);
    }
    bool ends_well() const { return payload.ends_with("0\r\n\r\n"); }
    bool done() const { return payload.find("[DONE]") != std::string::npos; }

    client connection;
    std::string payload;
};

}  // namespace

TEST_SUITE("sim/faults") {
    TEST_CASE("a header is read word by word") {
        std::string error;
        const auto f = parse_fault(" delay=1.5s; status=503 ; retry-after=0.5; reset=7", error);
        REQUIRE(f);
        CHECK(f->delay == 1500ms);
        CHECK(f->status == 503);
        CHECK(f->retry_after == doctest::Approx(0.5));
        CHECK(f->breaks == break_kind::reset);
        CHECK(f->bytes == 7);
        CHECK_FALSE(f->at_head);
        CHECK(parse_fault("reset", error)->at_head);
        CHECK(parse_fault("delay=20", error)->delay == 20ms);
        for (const char* bad :
             {"nope", "delay=x", "delay=-1s", "status=99", "status=abc", "reset=-1"}) {
            CAPTURE(bad);
            error.clear();
            CHECK_FALSE(parse_fault(bad, error));
            CHECK(error.find(std::string(bad).substr(0, 4)) != std::string::npos);
        }
    }

    TEST_CASE("rules apply by path, share and count, the first that fits") {
        fault_book book(1);
        std::string error;
        REQUIRE(load(book,
                     R"({"faults":[{"status":500,"count":2},{"path":"/v1/models","reset":true}]})",
                     error));
        CHECK(book.pick("/v1/models", false).breaks == break_kind::reset);
        CHECK(book.pick("/v1/completions", true).status == 500);
        CHECK_FALSE(book.pick("/health", false).any());
        CHECK(book.pick("/v1/completions", true).status == 500);
        CHECK_FALSE(book.pick("/v1/completions", true).any());
        REQUIRE(load(book, R"({"status":429,"rate":0.25})", error));
        int hit = 0;
        for (int i = 0; i < 4000; ++i) hit += book.pick("/v1/completions", true).status == 429;
        CHECK(hit > 900);
        CHECK(hit < 1100);
        book.clear();
        CHECK(book.rules().empty());
    }

    TEST_CASE("a wrong rule changes nothing and is named") {
        fault_book book(1);
        std::string error;
        REQUIRE(load(book, R"({"status":500,"health":503,"metrics":"nan","slowdown":2})", error));
        CHECK(book.server().health_status == 503);
        for (const char* bad :
             {R"({"status":"x"})", R"({"rate":2})", R"({"metrics":"odd"})", R"({"zz":1})", R"([7])",
              R"({"slowdown":0})", R"({"health":"x"})"}) {
            CAPTURE(bad);
            error.clear();
            CHECK_FALSE(load(book, bad, error));
            CHECK_FALSE(error.empty());
        }
        CHECK(book.rules().size() == 1);
        CHECK(book.server().metrics == metrics_fault::nan);
        REQUIRE(load(book, "{}", error));
        CHECK(book.server().health_status == 0);
    }

    TEST_CASE("a status takes the place of the answer, with its retry-after") {
        const fixture f;
        auto a =
            f.post("/v1/completions", whole_body, "x-sim-fault: status=429; retry-after=3\r\n");
        CHECK(a.status == 429);
        CHECK(a.head.find("retry-after: 3\r\n") != std::string::npos);
        CHECK(a.json().get("error").get("code").integer() == 429);
        CHECK(f.post("/v1/completions", whole_body, "x-sim-fault: bogus\r\n").status == 400);
    }

    TEST_CASE("a delay comes before the answer") {
        const fixture f;
        const auto begin = std::chrono::steady_clock::now();
        CHECK(f.post("/v1/completions", whole_body, "x-sim-fault: delay=60ms\r\n").status == 200);
        CHECK(std::chrono::steady_clock::now() - begin >= 60ms);
    }

    TEST_CASE("connections are reset or closed before the head") {
        const fixture f;
        const seen reset(f, "reset");
        CHECK(reset.connection.got.empty());
        CHECK(reset.connection.was_reset);
        const seen closed(f, "close");
        CHECK(closed.connection.got.empty());
        CHECK(closed.connection.ended);
        CHECK_FALSE(closed.connection.was_reset);
        CHECK(seen(f, "garbage").connection.got.find("HTTP/1.1") == std::string::npos);
        CHECK_FALSE(seen(f, "garbage").connection.got.empty());
    }

    TEST_CASE("a stream is cut at its byte, and each cut looks as it should") {
        const fixture f;
        const seen reset(f, "reset=100");
        CHECK(join_chunks(reset.payload).size() == 100);
        CHECK(reset.connection.was_reset);
        const seen closed(f, "close=100");
        CHECK(join_chunks(closed.payload).size() == 100);
        CHECK(closed.connection.ended);
        CHECK_FALSE(closed.connection.was_reset);
        CHECK_FALSE(closed.ends_well());
        const seen truncated(f, "truncate=100");
        CHECK(join_chunks(truncated.payload).size() == 100);
        CHECK(truncated.ends_well());
        CHECK_FALSE(truncated.connection.ended);
        const seen half(f, "half-event=1");
        CHECK_FALSE(half.ends_well());
        CHECK_FALSE(half.payload.ends_with("\n\n\r\n"));
        const seen stalled(f, "stall=100");
        CHECK(join_chunks(stalled.payload).size() == 100);
        CHECK_FALSE(stalled.connection.ended);
        const seen silent(f, "stall");
        CHECK(silent.connection.got.empty());
        CHECK_FALSE(silent.connection.ended);
        const seen told(f, "error-event=400");
        CHECK(told.payload.find("data: {\"error\"") != std::string::npos);
        CHECK(told.done());
        CHECK(told.ends_well());
    }

    TEST_CASE("an event boundary is halved behind it") {
        const fixture f;
        const auto all = f.post("/v1/completions", stream_body).body;
        const auto boundary = all.find("\n\n") + 2;
        const seen half(f, "half-event=" + std::to_string(boundary));
        const auto text = join_chunks(half.payload);
        CHECK(text.size() == boundary + 10);
    }

    TEST_CASE("every byte of a stream can be the last one") {
        const fixture f;
        const auto all = f.post("/v1/completions", stream_body, "X-Request-Id: same\r\n").body;
        for (std::size_t n = 1; n < all.size(); n += 37) {
            client c(f.port);
            c.send(fixture::request(
                "POST", "/v1/completions", stream_body,
                "X-Request-Id: same\r\nx-sim-fault: close=" + std::to_string(n) + "\r\n"));
            c.read();
            const auto payload = c.got.substr(c.got.find("\r\n\r\n") + 4);
            CHECK(join_chunks(payload).size() == n);
            CHECK_FALSE(payload.ends_with("0\r\n\r\n"));
        }
    }

    TEST_CASE("an answer in one piece is cut short of its length, or lies about it") {
        const fixture f;
        const seen cut(f, "close=50", whole_body);
        CHECK(cut.payload.size() == 50);
        CHECK(cut.connection.ended);
        const seen longer(f, "long-length=10", whole_body);
        const auto length_of = [](const seen& s) {
            const auto at = s.connection.got.find("content-length: ") + 16;
            return std::stoul(s.connection.got.substr(at));
        };
        CHECK(length_of(longer) == longer.payload.size() + 10);
        const seen shorter(f, "short-length=10", whole_body);
        CHECK(length_of(shorter) == shorter.payload.size() - 10);
        const seen stalled(f, "stall=20", whole_body);
        CHECK(stalled.payload.size() == 20);
        CHECK_FALSE(stalled.connection.ended);
    }

    TEST_CASE("standing faults are set and cleared over HTTP") {
        const fixture f;
        CHECK(f.post("/sim/faults", R"({"status":500,"count":1})").status == 200);
        CHECK(f.post("/v1/completions", whole_body).status == 500);
        CHECK(f.post("/v1/completions", whole_body).status == 200);
        CHECK(f.post("/sim/faults", R"({"path":"/v1/models","status":418})").status == 200);
        CHECK(f.get("/v1/models").status == 418);
        CHECK(f.get("/sim/faults").json().get("rules").first().get("status").integer() == 418);
        CHECK(f.ask("DELETE", "/sim/faults").status == 200);
        CHECK(f.get("/v1/models").status == 200);
        CHECK(f.post("/sim/faults", R"({"odd":1})").status == 400);
        CHECK(f.post("/sim/faults", "{").status == 400);
    }

    TEST_CASE("health and metrics lie when told to") {
        const fixture f;
        const auto waiting = R"(vllm:num_requests_waiting{engine="0",model_name="m"})";
        const auto set = [&f](std::string_view what) {
            CHECK(f.post("/sim/faults", what).status == 200);
        };
        set(R"({"health":503})");
        CHECK(f.get("/health").status == 503);
        CHECK(f.get("/metrics").status == 200);
        set(R"({"metrics":"nan"})");
        CHECK(f.get("/health").status == 200);
        CHECK(sample(f.get("/metrics").body, waiting) == "NaN");
        set(R"({"metrics":"inf"})");
        CHECK(sample(f.get("/metrics").body, waiting) == "+Inf");
        set(R"({"metrics":"negative"})");
        CHECK(sample(f.get("/metrics").body, waiting) == "-1.0");
        set(R"({"metrics":"missing"})");
        CHECK(f.get("/metrics").body.find("num_requests_waiting") == std::string::npos);
        CHECK(f.get("/metrics").body.find("vllm:prompt_tokens_total") != std::string::npos);
        set(R"({"metrics":"html"})");
        CHECK(f.get("/metrics").body.starts_with("<html>"));
        set(R"({"metrics":"empty"})");
        CHECK(f.get("/metrics").body.empty());
        set(R"({"metrics":500})");
        CHECK(f.get("/metrics").status == 500);
        set(R"({"metrics":"truncated"})");
        CHECK_FALSE(f.get("/metrics").body.ends_with("\n"));
        set(R"({"metrics":"garbage"})");
        CHECK(f.get("/metrics").body.find("# HELP") == std::string::npos);
        set("{}");
        CHECK(sample(f.get("/metrics").body, waiting) == "0.0");
    }

    TEST_CASE("a metrics page can be slow, silent, endless or reset") {
        const fixture f;
        const auto look = [&f](std::string_view what, std::chrono::milliseconds patience,
                               std::string_view until = {}) {
            CHECK(f.post("/sim/faults", what).status == 200);
            auto c = std::make_unique<client>(f.port);
            c->send(fixture::request("GET", "/metrics"));
            c->read(until, patience);
            return c;
        };
        const auto slow = look(R"({"metrics":"slow"})", 350ms);
        CHECK(slow->got.find("200 OK") != std::string::npos);
        CHECK(slow->got.size() < 400);
        CHECK_FALSE(slow->ended);
        CHECK(look(R"({"metrics":"hang"})", 100ms)->got.empty());
        CHECK(look(R"({"metrics":"reset"})", 5s)->was_reset);
        const auto huge = look(R"({"metrics":"huge"})", 10s, "made_up_total{n=\"65");
        CHECK(huge->got.size() > 60'000);
    }
}
