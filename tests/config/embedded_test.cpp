#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

namespace {

struct result {
    reading::reader r;
    findings found;
    std::shared_ptr<const node> root;
};

/// The first value of the ConfigMap in `text`, parsed.
result parse(std::string_view text) {
    result out{reading::read(text), {}, nullptr};
    REQUIRE(out.r.found.list().empty());
    out.root = parse_embedded(out.r.all.sources.at(0), out.r.all.config_maps.at(0).data.at(0).value,
                              out.found);
    return out;
}

constexpr std::string_view head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n";

}  // namespace

TEST_SUITE("config/embedded") {
    TEST_CASE("places in a literal block are places in the file") {
        const auto r = parse(std::string(head) +
                             "  a.yaml: |\n    # first\n    plugins:\n    - type: queue-scorer\n");
        REQUIRE(r.root != nullptr);
        const auto& type = *r.root->get("plugins")->items.at(0).get("type");
        CHECK(type.at.start.line == 8);
        CHECK(type.at.start.column == 13);
        CHECK(reading::covered(type.at) == "queue-scorer");
    }

    TEST_CASE(
        "a document marker at the top of the block is passed over, wide characters and CRLF are "
        "counted right") {
        for (const std::string line_end : {"\n", "\r\n"}) {
            std::string text(head);
            text += "  a.yaml: |-\n    # gr\xC3\xBCn\n    ---\n    kind: X\n    n: {\xC3\xA4: y}\n";
            if (line_end != "\n") {
                for (auto at = text.find('\n'); at != std::string::npos;
                     at = text.find('\n', at + 2))
                    text.insert(at, "\r");
            }
            const auto r = parse(text);
            REQUIRE(r.root != nullptr);
            CHECK(r.root->get("kind")->at.start.line == 8);
            const auto& y = r.root->get("n")->fields.at(0).second;
            CHECK(y.at.start.line == 9);
            CHECK(y.at.start.column == 12);
            CHECK(reading::covered(y.at) == "y");
        }
    }

    TEST_CASE("in quoted and folded texts every place is the whole value") {
        for (const auto* value :
             {"  a: \"kind: X\\nn: 1\\n\"\n", "  a: >\n    kind: X\n\n    n: 1\n"}) {
            const auto r = parse(std::string(head) + value);
            REQUIRE(r.root != nullptr);
            CHECK(r.root->get("n")->scalar == "1");
            CHECK(r.root->get("n")->at.start.line == 5);
            CHECK(r.root->get("n")->at.start.column == 6);
        }
    }

    TEST_CASE("JSON in a block is read and mistakes are reported where they stand") {
        CHECK(parse(std::string(head) + "  a: |\n    {\"kind\": \"X\"}\n")
                  .root->get("kind")
                  ->scalar == "X");
        const auto r = parse(std::string(head) + "  a: |\n    kind: X\n    n: b: c\n");
        CHECK(r.root == nullptr);
        CHECK(reading::said(r.found).starts_with("WEIR0101 7:9 "));
    }

    TEST_CASE("the tree outlives whoever read the file") {
        std::shared_ptr<const node> root;
        {
            auto r = parse(std::string(head) + "  a: |\n    kind: Xyz\n");
            root = r.root;
        }
        CHECK(reading::covered(root->get("kind")->at) == "Xyz");
    }

    TEST_CASE("a single document is exactly one") {
        findings found;
        CHECK(parse_single(reading::source("a: 1\n"), found) != nullptr);
        CHECK_FALSE(found.has_errors());
        CHECK(parse_single(reading::source(""), found) == nullptr);
        CHECK(parse_single(reading::source("a: 1\n---\nb: 2\n"), found) == nullptr);
        CHECK(parse_single(reading::source("a: b: c\n"), found) == nullptr);
        CHECK(found.count(severity::error) == 3);
    }
}
