#include "payload/usage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace weir::payload;

namespace {

struct outcome {
    token_usage usage;
    bool boundary = false;
    std::size_t searched = 0;
};

// Reads `text` in pieces of `step` bytes.
outcome read(answer_kind kind, std::string_view text, std::size_t step,
             count_member member = count_member::usage) {
    json_index scratch;
    usage_reader reader(kind, scratch, {}, member);
    for (std::size_t i = 0; i < text.size(); i += step) reader.feed(text.substr(i, step));
    const bool boundary = reader.at_boundary();
    reader.finish();
    return {reader.usage(), boundary, reader.searched()};
}

void check_counts(const token_usage& usage, std::int64_t prompt, std::int64_t completion,
                  std::int64_t total, std::int64_t cached) {
    CHECK(usage.present);
    CHECK(usage.prompt == prompt);
    CHECK(usage.completion == completion);
    CHECK(usage.total == total);
    CHECK(usage.cached == cached);
}

constexpr std::string_view openai =
    "data: {\"choices\":[{\"delta\":{\"content\":\"say \\\"usage\\\": "
    "{\\\"prompt_tokens\\\":9}\"}}],\"usage\":null}\n\n"
    "data: "
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"total_tokens\":17,\"completion_tokens\":10,"
    "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n"
    "data: [DONE]\n\n";
constexpr std::string_view anthropic =
    "event: message_start\r\ndata: "
    "{\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":"
    "{\"input_tokens\":25,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\r\n\r\n"
    "event: message_delta\r\ndata: "
    "{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\r\n\r\n"
    "event: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n";
constexpr std::string_view responses =
    "event: response.created\ndata: "
    "{\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\n"
    "event: response.completed\ndata: "
    "{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":31,"
    "\"output_tokens\":9,\"total_tokens\":40,\"input_tokens_details\":{\"cached_tokens\":16}}}}"
    "\n\n";

// One document may stand in several data lines of its event, other fields between them.
constexpr std::string_view spread =
    ": hello\ndata: {\"choices\":[],\ndata:\nid: 7\ndata: \"usage\":\ndata: {\"prompt_tokens\":7,\n"
    "data:\"total_tokens\":17,\"completion_tokens\":10,\ndata: \"prompt_tokens_details\":\n"
    "event: x\ndata: {\"cached_tokens\":4}}}\n\n"
    "data: {\"choices\":[]}\n\ndata: [DONE]\n\n";

}  // namespace

TEST_SUITE("payload/usage") {
    TEST_CASE("streams of every API are read however the reads are cut") {
        std::string carriage(openai);
        std::replace(carriage.begin(), carriage.end(), '\n', '\r');
        for (std::size_t step = 1; step < 400; step = step < 40 ? step + 1 : step + 37) {
            CAPTURE(step);
            for (const auto text : {openai, std::string_view(carriage), spread}) {
                const auto chat = read(answer_kind::sse, text, step);
                check_counts(chat.usage, 7, 10, 17, 4);
                CHECK(chat.boundary);
            }
            const auto messages = read(answer_kind::sse, anthropic, step);
            check_counts(messages.usage, 25, 15, 40, 5);
            CHECK(messages.boundary);
            const auto events = read(answer_kind::sse, responses, step);
            check_counts(events.usage, 31, 9, 40, 16);
        }
    }

    TEST_CASE("SGLang's own API counts in meta_info, and is done when it says why") {
        const std::string so_far =
            R"({"text":"a","meta_info":{"finish_reason":null,"prompt_tokens":22,"completion_tokens":1}})";
        const std::string done =
            R"({"text":"\"meta_info\"","meta_info":{"id":"x","prompt_tokens":22,"completion_tokens":5,)"
            R"("cached_tokens":3,"finish_reason":{"type":"stop","matched":2}},"usage":{"prompt_tokens":1}})";
        const auto text = "data: " + so_far + "\n\ndata: " + done + "\n\ndata: [DONE]\n\n";
        for (std::size_t step = 1; step < 300; step += 13) {
            CAPTURE(step);
            for (const auto kind : {answer_kind::sse, answer_kind::json}) {
                const auto& whole = kind == answer_kind::sse ? text : done;
                check_counts(read(kind, whole, step, count_member::meta_info).usage, 22, 5, 27, 3);
            }
        }
        const auto cut =
            read(answer_kind::sse, "data: " + so_far + "\n\n", 50, count_member::meta_info);
        CHECK_FALSE(cut.usage.present);
        CHECK_FALSE(
            read(answer_kind::json, "[" + done + "]", 50, count_member::meta_info).usage.present);
    }

    TEST_CASE("a cut stream is seen as one") {
        const auto cut = read(answer_kind::sse, openai.substr(0, openai.find("data: [DONE]")), 50);
        CHECK(cut.boundary);
        CHECK(cut.usage.present);
        CHECK_FALSE(read(answer_kind::sse, openai.substr(0, 20), 50).boundary);
    }

    TEST_CASE("JSON bodies of every API") {
        for (const std::size_t step : {1U, 7U, 1000U}) {
            CAPTURE(step);
            check_counts(
                read(
                    answer_kind::json,
                    R"({"id":"x","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,)"
                    R"("prompt_tokens_details":null}})",
                    step)
                    .usage,
                3, 4, 7, 0);
            check_counts(
                read(answer_kind::json,
                     R"({"object":"response","usage":{"input_tokens":3,"output_tokens":4}})", step)
                    .usage,
                3, 4, 7, 0);
            check_counts(
                read(
                    answer_kind::json,
                    R"({"type":"message","usage":{"input_tokens":3,"output_tokens":4,"cache_read_input_tokens":2}})",
                    step)
                    .usage,
                3, 4, 7, 2);
        }
    }

    TEST_CASE("numbers may be texts; what is no count is none") {
        struct row {
            const char* usage;
            std::int64_t prompt;
            std::int64_t total;
        };
        for (const auto& [usage, prompt, total] : {
                 row{R"({"prompt_tokens":"12","completion_tokens":"3","total_tokens":"15"})", 12,
                     15},
                 row{R"({"prompt_tokens":12.0})", 12, 12},
                 row{R"({"prompt_tokens":-5,"completion_tokens":1,"total_tokens":-4})", 0, 0},
                 row{R"({"prompt_tokens":1e30})", 0, 0},
                 row{R"({"prompt_tokens":99999999999999999999})", 0, 0},
                 row{R"({"prompt_tokens":"many"})", 0, 0},
                 row{R"({"prompt_tokens":true})", 0, 0},
                 row{R"({"prompt_tokens":[1]})", 0, 0},
                 row{R"({"prompt_tokens":null,"input_tokens":8})", 8, 8},
                 row{R"({})", 0, 0},
             }) {
            CAPTURE(usage);
            const auto found =
                read(answer_kind::json, "{\"usage\":" + std::string(usage) + "}", 1000).usage;
            CHECK(found.present);
            CHECK(found.prompt == prompt);
            CHECK(found.total == total);
        }
    }

    TEST_CASE("answers without usage, or that are no JSON, give none") {
        for (const char* body :
             {"", "no healthy upstream", R"({"usage":null})", R"({"usage":"much"})",
              R"({"usage":{"prompt_tokens":1})", R"({"x":{"usage":{"prompt_tokens":1}}})",
              R"(["usage",{"prompt_tokens":1}])"}) {
            CAPTURE(body);
            CHECK_FALSE(read(answer_kind::json, body, 1000).usage.present);
            CHECK_FALSE(
                read(answer_kind::sse, "data: " + std::string(body) + "\n\n", 1000).usage.present);
        }
    }

    TEST_CASE("an event beyond the window is searched for its usage") {
        for (const std::size_t filler : {9000U, 100000U}) {
            const std::string text(filler, 'x');
            const std::string before =
                "data: {\"usage\":{\"prompt_tokens\":99},\"x\":\"" + text + "\"}";
            const std::string behind = "data: {\"x\":\"" + text +
                                       R"(","response":{"usage":null,"usage" : )" +
                                       R"({"input_tokens":31,"output_tokens":9}}})";
            for (const std::size_t step : {1U, 999U, 50000U}) {
                CAPTURE(step);
                auto found = read(answer_kind::sse, before + "\n\n" + std::string(openai), step);
                CHECK(found.searched == (step > filler ? 0 : 1));  // read whole, it is not kept
                CHECK(found.boundary);
                check_counts(found.usage, 7, 10, 17, 4);
                found = read(answer_kind::sse,
                             "event: x\n" + behind + "\r\n\r\ndata: [DONE]\r\n\r\n", step);
                check_counts(found.usage, 31, 9, 40, 0);
                CHECK(found.boundary);
                check_counts(read(answer_kind::sse, behind, step).usage, 31, 9, 40, 0);
            }
        }
        const auto endless = read(answer_kind::sse, std::string(1000000, 'x'), 1000);
        CHECK(endless.searched == 1);
        CHECK_FALSE(endless.boundary);
    }

    TEST_CASE("the usage of a large JSON body is found wherever it stands") {
        const std::string usage =
            "\"usage\":{\"prompt_tokens\":8,\"prompt_tokens_details\":{\"cached_tokens\":2},"
            "\"total_tokens\":8}";
        const std::string data = "\"data\":[\"" + std::string(3 << 20, 'v') + "\\\"usage\\\":\"]";
        for (const auto& body : {"{" + data + "," + usage + "}", "{" + usage + "," + data + "}",
                                 "{" + data + "," + usage + "," + data + "}"}) {
            for (const std::size_t step : {7U, 1000U, 70000U, 5000000U}) {
                const auto found = read(answer_kind::json, body, step);
                check_counts(found.usage, 8, 0, 8, 2);
                CHECK(found.searched == 1);
            }
        }
    }
}
