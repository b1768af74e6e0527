#include "config/diagnostics.hpp"

#include <doctest/doctest.h>

#include "reading.hpp"

using namespace weir::config;

TEST_SUITE("config/diagnostics") {
    TEST_CASE("severities are counted and only errors are errors") {
        findings f;
        f.warning("WEIR0001", "w", {});
        f.note("WEIR0002", "n", {});
        CHECK_FALSE(f.has_errors());
        f.error("WEIR0003", "e", {}).help = "do this";
        CHECK(f.has_errors());
        CHECK(f.count(severity::warning) == 1);
        CHECK(f.list().back().help == "do this");
    }

    TEST_CASE("beyond a thousand a file findings are counted but not kept") {
        const auto a = reading::source("a", "a.yaml");
        const auto b = reading::source("b", "b.yaml");
        findings f;
        for (int i = 0; i < 1500; ++i) f.warning("WEIR0001", "w", {a.get(), {1, 1, 0}, {1, 2, 1}});
        f.error("WEIR0002", "late", {a.get(), {1, 1, 0}, {1, 2, 1}}).help = "kept nowhere";
        f.error("WEIR0003", "other file", {b.get(), {1, 1, 0}, {1, 2, 1}});
        CHECK(f.list().size() == 1001);
        CHECK(f.count(severity::warning) == 1500);
        CHECK(f.count(severity::error) == 2);
        findings all;
        all.append(std::move(f));
        CHECK(all.count(severity::warning) == 1500);
        CHECK(all.has_errors());
    }
}
