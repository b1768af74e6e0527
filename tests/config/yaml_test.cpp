#include "config/yaml.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reading.hpp"

using namespace weir::config;
using reading::covered;

namespace {

struct result {
    source_ptr file;
    std::vector<node> roots;
    findings found;
};

result read(std::string_view text, std::string_view path = "test.yaml") {
    result out;
    out.file = reading::source(text, path);
    read_documents(out.file, out.found, [&](node&& root) { out.roots.push_back(std::move(root)); });
    return out;
}

std::string place(const span& at) {
    return std::to_string(at.start.line) + ":" + std::to_string(at.start.column) + "-" +
           std::to_string(at.end.line) + ":" + std::to_string(at.end.column);
}

}  // namespace

TEST_SUITE("config/yaml") {
    TEST_CASE("every value knows where it begins and ends") {
        const auto r =
            read("a: 1\nlist:\n- x\n- {b: \"q r\"}\ntext: |\n  one\n  two\n\nlast: end\n");
        REQUIRE(r.roots.size() == 1);
        const auto& root = r.roots[0];
        CHECK(place(root.get("a")->at) == "1:4-1:5");
        CHECK(place(root.key("list")->at) == "2:1-2:5");
        CHECK(covered(root.get("list")->items[0].at) == "x");
        CHECK(covered(root.get("list")->items[1].at) == "{b: \"q r\"}");
        CHECK(covered(root.get("list")->items[1].get("b")->at) == "\"q r\"");
        CHECK(covered(root.get("list")->at) == "- x\n- {b: \"q r\"}");
        CHECK(place(root.get("text")->at) == "5:7-7:6");
        CHECK(root.get("text")->scalar == "one\ntwo\n");
        CHECK(covered(root.get("last")->at) == "end");
    }

    TEST_CASE("marks are right behind a byte order mark, CRLF and wide characters") {
        const auto r = read("\xEF\xBB\xBFname: gr\xC3\xBCn\r\nnext: {\xE2\x82\xAC: x}\r\n");
        REQUIRE(r.found.list().empty());
        const auto& root = r.roots.at(0);
        CHECK(root.get("name")->scalar == "gr\xC3\xBCn");
        CHECK(place(root.get("name")->at) == "1:7-1:11");
        CHECK(covered(root.get("name")->at) == "gr\xC3\xBCn");
        CHECK(covered(root.get("next")->fields[0].second.at) == "x");
        CHECK(place(root.get("next")->fields[0].second.at) == "2:11-2:12");
    }

    TEST_CASE("files with byte order marks may be put together, with --- on either side of one") {
        const std::string mark = "\xEF\xBB\xBF";
        for (const auto& between : {mark + "---\n", "---\n" + mark, "--- # b\r\n" + mark,
                                    "...\n" + mark + "# of b\n", mark + "---\n" + mark}) {
            CAPTURE(between);
            const auto r = read(mark + "a: 1\n" + between + "b: gr\xC3\xBCn\n");
            REQUIRE(r.found.list().empty());
            REQUIRE(r.roots.size() == 2);
            const auto& b = r.roots[1].get("b")->at;
            CHECK(covered(b) == "gr\xC3\xBCn");
            CHECK(b.start.column == 4);
            CHECK(b.start.line == 2 + std::count(between.begin(), between.end(), '\n'));
        }
        const auto two = read("a: [\n" + mark + "---\nb: [\n" + mark + "---\nc: 1\n");
        CHECK(two.found.list().size() == 2);
        CHECK(two.roots.size() == 1);
        CHECK(read("a: 1\n" + mark + "b: 2\n").found.has_errors());
        CHECK(read("a: \"x\n  " + mark + "y\"\n").found.list().empty());
    }

    TEST_CASE("nothing, a tilde and null are null, and quotes make a text of them") {
        const auto r = read("a:\nb: ~\nc: null\nd: \"null\"\ne: ''\nf: !!str null\n");
        const auto& root = r.roots.at(0);
        for (const auto* key : {"a", "b", "c"}) CHECK(root.get(key)->is_null());
        for (const auto* key : {"d", "e", "f"}) {
            CHECK(root.get(key)->is_scalar());
            CHECK(root.get(key)->quoted);
        }
    }

    TEST_CASE("a tag of another type wins over quotes") {
        const auto r = read("a: !!int \"80\"\nb: !!bool 'true'\nc: !!null \"\"\nd: !!str 80\n");
        const auto& root = r.roots.at(0);
        CHECK_FALSE(root.get("a")->quoted);
        CHECK_FALSE(root.get("b")->quoted);
        CHECK(root.get("c")->is_null());
        CHECK(root.get("d")->quoted);
    }

    TEST_CASE("documents come one by one, empty ones are left out") {
        const auto r = read("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");
        REQUIRE(r.roots.size() == 2);
        CHECK(r.roots[1].get("b") != nullptr);
    }

    TEST_CASE("after a syntax error reading goes on at the next document") {
        const auto r = read("a: b: c\n---\nb: 2\n---\n[a\n---\nc: 3\n");
        CHECK(r.roots.size() == 2);
        CHECK(reading::said(r.found).starts_with("WEIR0101 1:5 "));
        CHECK(r.found.list().size() == 2);
        CHECK(r.found.list()[1].at.start.line == 5);
        CHECK(place(r.roots[1].get("c")->at) == "7:4-7:5");
    }

    TEST_CASE("an alias keeps the place of its anchor") {
        const auto r = read("a: &x {p: 1}\nb: *x\n");
        CHECK(place(r.roots.at(0).get("b")->get("p")->at) == "1:11-1:12");
    }

    TEST_CASE("an alias bomb, deep nesting and too many values end in one finding each") {
        std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
        for (char c = 'b'; c < 'l'; ++c) {
            bomb += std::string(1, c) + ": &" + c + " [";
            for (int i = 0; i < 9; ++i)
                bomb += std::string(i == 0 ? "" : ",") + "*" + static_cast<char>(c - 1);
            bomb += "]\n";
        }
        CHECK(read(bomb).found.list().at(0).code == "WEIR0105");
        for (const std::string_view open : {"[", "{a: ", "- ", "? "}) {
            std::string text;
            for (int i = 0; i < 100000; ++i) text += open;
            const auto r = read(text);
            INFO("opening: " << open);
            CHECK(r.found.has_errors());
            CHECK(r.found.list().size() == 1);
        }
        std::string wide = "[";
        for (int i = 0; i < 1000001; ++i) wide += "a,";
        CHECK(read(wide + "]").found.list().at(0).code == "WEIR0105");
    }

    TEST_CASE("ten mebibytes of manifests are read") {
        std::string text;
        while (text.size() < (10U << 20)) {
            text += "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n" +
                    std::to_string(text.size()) + "\n---\n";
        }
        const auto r = reading::read(text);
        CHECK(r.found.list().empty());
        CHECK(r.all.namespaces.size() > 100000);
    }

    TEST_CASE("a text in braces is JSON if it can be and YAML if not") {
        CHECK(read("{\"emoji\": \"\\ud83d\\ude00\"}").roots.at(0).get("emoji")->scalar ==
              "\xF0\x9F\x98\x80");
        CHECK(read("{a: 1, b: [x, y,],}").roots.at(0).get("b")->items.size() == 2);
        CHECK(read("{\"a\": 1} {\"a\": 2}").roots.size() == 2);
        CHECK(read("{a: 1}", "x.json").found.list().at(0).code == "WEIR0102");
    }

    TEST_CASE("texts of another encoding are said to be that") {
        CHECK(read(std::string_view("\xFF\xFE"
                                    "a\0",
                                    4))
                  .found.list()
                  .at(0)
                  .code == "WEIR0103");
        CHECK(read("name: gr\xFC"
                   "n\n")
                  .found.list()
                  .at(0)
                  .code == "WEIR0103");
        CHECK(read("name: gr\xFC"
                   "n\n")
                  .found.list()
                  .at(0)
                  .at.start.column == 9);
    }
}
