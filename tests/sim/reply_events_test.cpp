#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/json_reader.hpp"
#include "sim/reply.hpp"

using namespace weir::sim;

namespace {

// The events of a whole stream of two pieces: names, and data that must be JSON of the same type.
std::vector<std::string> names(api kind) {
    reply_facts f;
    f.kind = kind;
    f.model = "m";
    f.id = "i";
    reply r(f);
    const token_usage usage{10, 2, 0};
    std::string out;
    r.begin(out, 1, usage);
    r.text(out, 0, "ab", usage);
    r.text(out, 0, "cd", usage);
    r.end_choice(out, 0, {"abcd", "length"}, usage, {});
    r.end(out, usage);
    std::vector<std::string> found;
    std::int64_t sequence = 0;
    while (!out.empty()) {
        const auto line = out.find('\n');
        const auto end = out.find("\n\n");
        REQUIRE(out.starts_with("event: "));
        found.push_back(out.substr(7, line - 7));
        json_document d;
        REQUIRE(out.compare(line + 1, 6, "data: ") == 0);
        REQUIRE(d.parse(std::string_view(out).substr(line + 7, end - line - 7)));
        CHECK(d.root().get("type").string() == found.back());
        if (kind == api::responses) CHECK(d.root().get("sequence_number").integer() == sequence++);
        out.erase(0, end + 2);
    }
    return found;
}

}  // namespace

TEST_SUITE("sim/reply_events") {
    TEST_CASE("the responses API numbers its events and ends with the whole response") {
        CHECK(names(api::responses) ==
              std::vector<std::string>{"response.created", "response.in_progress",
                                       "response.output_item.added", "response.content_part.added",
                                       "response.output_text.delta", "response.output_text.delta",
                                       "response.output_text.done", "response.content_part.done",
                                       "response.output_item.done", "response.completed"});
    }

    TEST_CASE("Anthropic's stream opens and closes its block") {
        CHECK(names(api::messages) ==
              std::vector<std::string>{"message_start", "content_block_start", "ping",
                                       "content_block_delta", "content_block_delta",
                                       "content_block_stop", "message_delta", "message_stop"});
    }
}
