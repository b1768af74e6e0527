#include "scheduling/label_selector.hpp"

#include "picker_fixture.hpp"
#include "scheduling/node_parameters.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

label_selector selector(std::string_view yaml) {
    config::findings found;
    auto source = std::make_shared<config::source_file>();
    source->text = yaml;
    const auto root = config::parse_single(source, found);
    node_parameters p(root.get(), std::make_shared<node_parameters::style>(), found);
    auto out = label_selector::read(p);
    REQUIRE(p.ok());
    return out;
}

endpoint with(std::vector<std::pair<std::string, std::string>> labels) {
    endpoint e;
    e.labels = std::move(labels);
    return e;
}

}  // namespace

TEST_SUITE("scheduling/label_selector") {
    TEST_CASE("an empty selector fits everything") {
        const auto s = selector("{}");
        CHECK(s.empty());
        CHECK(s.matches(with({})));
    }

    TEST_CASE("all terms must hold") {
        const auto s = selector(
            "matchLabels: {a: '1', b: ''}\nmatchExpressions: [{key: c, operator: NotIn, values: "
            "[x]}]\n");
        CHECK(s.matches(with({{"a", "1"}, {"b", ""}})));
        CHECK(s.matches(with({{"a", "1"}, {"b", ""}, {"c", "y"}})));
        CHECK_FALSE(s.matches(with({{"a", "1"}, {"b", ""}, {"c", "x"}})));
        CHECK_FALSE(s.matches(with({{"a", "1"}})));
        CHECK_FALSE(s.matches(with({{"a", "2"}, {"b", ""}})));
    }
}
