#include "config/tree_builder.hpp"

#include <doctest/doctest.h>

#include <string>

#include "config/yaml.hpp"
#include "reading.hpp"

using namespace weir::config;

namespace {

node plain(std::string text) {
    node n;
    n.kind = node_kind::scalar;
    n.scalar = std::move(text);
    return n;
}

}  // namespace

TEST_SUITE("config/tree_builder") {
    TEST_CASE("keys and values are paired in order and mappings know when a key comes next") {
        findings found;
        tree_builder b(found);
        b.begin_document();
        REQUIRE(b.begin_container(node_kind::mapping, {}, {}));
        CHECK(b.expects_key());
        REQUIRE(b.scalar(plain("a"), {}));
        CHECK_FALSE(b.expects_key());
        REQUIRE(b.begin_container(node_kind::sequence, {}, {}));
        CHECK_FALSE(b.expects_key());
        REQUIRE(b.scalar(plain("1"), {}));
        REQUIRE(b.scalar(plain("2"), {}));
        REQUIRE(b.end_container({}));
        CHECK(b.expects_key());
        REQUIRE(b.end_container({}));
        REQUIRE(b.done());
        const node root = b.take();
        REQUIRE(root.get("a") != nullptr);
        CHECK(root.get("a")->items.size() == 2);
        CHECK(root.get("a")->items[1].scalar == "2");
    }

    TEST_CASE("an alias copies what its anchor marked, and nothing else does") {
        findings found;
        tree_builder b(found);
        b.begin_document();
        REQUIRE(b.begin_container(node_kind::sequence, {}, {}));
        REQUIRE(b.scalar(plain("x"), "a"));
        REQUIRE(b.alias("a", {}));
        CHECK_FALSE(b.alias("b", {}));
        CHECK(found.list().at(0).code == "WEIR0106");
        REQUIRE(b.end_container({}));
        CHECK(b.take().items[1].scalar == "x");
    }

    TEST_CASE("nesting ends at its bound, through aliases as well") {
        findings found;
        tree_builder b(found);
        b.begin_document();
        for (std::size_t i = 0; i < max_depth; ++i)
            REQUIRE(b.begin_container(node_kind::sequence, {}, {}));
        CHECK_FALSE(b.begin_container(node_kind::sequence, {}, {}));
        CHECK(found.list().at(0).code == "WEIR0104");

        findings deep;
        tree_builder c(deep);
        c.begin_document();
        REQUIRE(c.begin_container(node_kind::sequence, {}, {}));
        for (int i = 0; i < 80; ++i)
            REQUIRE(c.begin_container(node_kind::sequence, i == 0 ? "a" : "", {}));
        for (int i = 0; i < 80; ++i) REQUIRE(c.end_container({}));
        for (int i = 0; i < 80; ++i) REQUIRE(c.begin_container(node_kind::sequence, {}, {}));
        CHECK_FALSE(c.alias("a", {}));
        CHECK(deep.list().at(0).code == "WEIR0104");
    }

    TEST_CASE("every second equal key is reported, in small and in large mappings") {
        for (const int fillers : {0, 40}) {
            findings found;
            tree_builder b(found);
            b.begin_document();
            REQUIRE(b.begin_container(node_kind::mapping, {}, {}));
            for (int i = 0; i < fillers; ++i) {
                REQUIRE(b.scalar(plain("k" + std::to_string(i)), {}));
                REQUIRE(b.scalar(plain("v"), {}));
            }
            for (int i = 0; i < 3; ++i) {
                REQUIRE(b.scalar(plain("port"), {}));
                REQUIRE(b.scalar(plain(std::to_string(i)), {}));
            }
            REQUIRE(b.end_container({}));
            CHECK(found.list().size() == 2);
            CHECK(found.list().at(0).code == "WEIR0110");
            CHECK(b.take().get("port")->scalar == "0");
        }
    }

    TEST_CASE("what is written wins over what is merged, and the first merged wins over the next") {
        const auto tree =
            parse_single(reading::source("base: &a {x: 1, y: 1}\nmore: &b {y: 2, z: 2}\n"
                                         "all:\n  <<: [*a, *b]\n  x: 0\n"),
                         *std::make_unique<findings>());
        REQUIRE(tree != nullptr);
        const auto* all = tree->get("all");
        CHECK(all->fields.size() == 3);
        CHECK(all->get("x")->scalar == "0");
        CHECK(all->get("y")->scalar == "1");
        CHECK(all->get("z")->scalar == "2");
    }
}
