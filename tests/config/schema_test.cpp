#include "config/schema.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "reading.hpp"

using namespace weir::config;

namespace {

/// A tree, and a place for what is found in it.
struct fixture {
    explicit fixture(std::string_view text) : root(parse_single(reading::source(text), found)) {
        REQUIRE(root != nullptr);
    }

    field whole() { return {to, root.get(), {}, root->at}; }

    findings found;
    bool valid = true;
    report to{found, valid};
    std::shared_ptr<const node> root;
};

}  // namespace

TEST_SUITE("config/schema") {
    TEST_CASE("numbers in texts, texts in numbers and numbers out of range are told apart") {
        fixture x(
            "{name: 5, yes: \"7\", port: 70000, good: 80, huge: 99999999999999999999, half: 1.5, "
            "flag: on}");
        const object o(x.whole(), {});
        CHECK_FALSE(o["name"].string().has_value());
        CHECK(x.found.list().back().suggestion == "\"5\"");
        CHECK_FALSE(o["yes"].integer(0, 10).has_value());
        CHECK(x.found.list().back().suggestion == "7");
        CHECK_FALSE(o["port"].port().has_value());
        CHECK(x.found.list().back().message == "port must be between 1 and 65535, found 70000");
        CHECK_FALSE(o["huge"].port().has_value());
        CHECK(x.found.list().back().code == "WEIR0208");
        CHECK_FALSE(o["half"].port().has_value());
        CHECK(x.found.list().back().code == "WEIR0206");
        CHECK(o["good"].port()->value == 80);
        CHECK(o["flag"].boolean()->value);
        CHECK_FALSE(x.valid);
        CHECK(x.found.list().size() == 5);
    }

    TEST_CASE("texts that only look like numbers are texts") {
        fixture x("[10.0.0.1, 1a, 2026-01-01, v1, 1-2, 0xyz, '5', .a, -]");
        x.whole().items(0, 100, [](const field& item) { CHECK(item.string().has_value()); });
        CHECK(x.found.list().empty());
        fixture y("[1, -1, +1, 1.5, 1e3, 0x1F, 0o17, .5, 1_000, .inf, true, no]");
        y.whole().items(0, 100, [](const field& item) { CHECK_FALSE(item.string().has_value()); });
    }

    TEST_CASE("a misspelled field is named once, not missing as well") {
        fixture x("{hostnams: [a], other: 1}");
        const object o(x.whole(), {"hostnames", "rules"});
        o.need("hostnames");
        o.need("rules");
        CHECK(reading::said(x.found) ==
              "WEIR0205 1:2 unknown field \"hostnams\"\n"
              "WEIR0205 1:17 unknown field \"other\"\n"
              "WEIR0204 1:1 rules is missing");
        CHECK(x.found.list()[0].suggestion == "hostnames");
        CHECK(x.found.list()[1].suggestion.empty());
        CHECK(x.found.list()[1].allowed.size() == 2);
    }

    TEST_CASE("case, swapped letters and a part of a name suggest the name") {
        fixture x("{Rules: 1, sepc: 2, a: Prefix}");
        const object o(x.whole(), {"rules", "spec", "a"});
        CHECK(x.found.list().at(0).suggestion == "rules");
        CHECK(x.found.list().at(1).suggestion == "spec");
        CHECK_FALSE(o["a"].choice({"Exact", "PathPrefix"}).has_value());
        CHECK(x.found.list().back().suggestion == "PathPrefix");
    }

    TEST_CASE("paths spell lists and fields") {
        fixture x("{spec: {rules: [{a: 1}, {a: {b: [x]}}]}}");
        const object o(x.whole(), {});
        const object spec(o["spec"], {});
        std::string path;
        spec["rules"].items(0, 9, [&](const field& rule) {
            const object r(rule, {});
            path = r["a"].path().str();
        });
        CHECK(path == "spec.rules[1].a");
    }

    TEST_CASE("null counts as absent, in a list it is a mistake") {
        fixture x("{a: null, b: [1, null]}");
        const object o(x.whole(), {});
        CHECK_FALSE(o.has("a"));
        int seen = 0;
        o["b"].items(0, 9, [&](const field&) { ++seen; });
        CHECK(seen == 1);
        CHECK(reading::said(x.found) == "WEIR0206 1:18 b[1] must be a value, found nothing");
    }

    TEST_CASE("selectors match as Kubernetes has them") {
        fixture x(
            "{matchLabels: {app: vllm}, matchExpressions: [{key: tier, operator: In, values: [a, "
            "b]},"
            " {key: old, operator: DoesNotExist}, {key: zone, operator: NotIn, values: [x]},"
            " {key: gpu, operator: Exists}]}");
        const auto s = read_selector(x.whole());
        REQUIRE(x.found.list().empty());
        const label_list good{{"app", "vllm"}, {"gpu", "1"}, {"tier", "b"}};
        CHECK(matches(s, good));
        CHECK_FALSE(matches(s, {{"app", "vllm"}, {"gpu", "1"}, {"tier", "c"}}));
        CHECK_FALSE(matches(s, {{"app", "vllm"}, {"gpu", "1"}, {"old", ""}, {"tier", "b"}}));
        CHECK_FALSE(matches(s, {{"app", "vllm"}, {"gpu", "1"}, {"tier", "b"}, {"zone", "x"}}));
        CHECK_FALSE(matches(s, {{"app", "vllm"}, {"tier", "b"}}));
        CHECK(matches(label_selector{}, {}));
    }
}
