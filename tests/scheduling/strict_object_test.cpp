#include "scheduling/strict_object.hpp"

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

struct parsed {
    config::findings found;
    std::shared_ptr<const config::node> root;
    explicit parsed(std::string_view yaml) {
        auto source = std::make_shared<config::source_file>();
        source->path = "x.yaml";
        source->text = yaml;
        root = config::parse_single(source, found);
    }
    std::string errors() const {
        std::string out;
        for (const auto& f : found.list())
            out += std::to_string(f.at.start.line) + ":" + std::to_string(f.at.start.column) + " " +
                   f.message + "\n";
        return out;
    }
};

}  // namespace

TEST_SUITE("scheduling/strict_object") {
    TEST_CASE("an unknown field is an error with the nearest name; case counts") {
        parsed p("name: a\nWeight: 2\nwieght: 1\n");
        const strict_object o(p.root.get(), "profile", p.found, {"name", "weight"});
        CHECK(p.errors() ==
              "2:1 failed to decode configuration JSON/YAML: strict decoding error: unknown field "
              "\"profile.Weight\"\n"
              "3:1 failed to decode configuration JSON/YAML: strict decoding error: unknown field "
              "\"profile.wieght\"\n");
        CHECK(p.found.list()[1].suggestion == "weight");
        CHECK(o.text("name") == "a");
        CHECK_FALSE(o.number("weight"));
    }

    TEST_CASE("a wrong type is an error at the value; null is not given") {
        parsed p("name: 7\nweight: heavy\non: maybe\nlist: {}\nempty: ~\n");
        const strict_object o(p.root.get(), "", p.found, {"name", "weight", "on", "list", "empty"});
        CHECK_FALSE(o.text("name"));
        CHECK_FALSE(o.number("weight"));
        CHECK_FALSE(o.boolean("on"));
        CHECK(o.items("list").empty());
        CHECK(o.get("empty") == nullptr);
        const std::string prefix = "failed to decode configuration JSON/YAML: ";
        CHECK(p.errors() == "1:7 " + prefix + "name must be a string, not a whole number\n2:9 " +
                                prefix + "weight must be a number, not a string\n3:5 " + prefix +
                                "on must be true or false, not a string\n4:7 " + prefix +
                                "list must be a list, not an object\n");
    }

    TEST_CASE("something else than an object reads as empty, and is said") {
        parsed p("[1]\n");
        const strict_object o(p.root.get(), "flowControl", p.found, {"a"});
        CHECK_FALSE(o.given());
        CHECK(p.errors() ==
              "1:1 failed to decode configuration JSON/YAML: flowControl must be an object, not a "
              "list\n");
        CHECK_FALSE(strict_object(nullptr, "x", p.found, {"a"}).given());
    }
}
