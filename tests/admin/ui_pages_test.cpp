#include <doctest/doctest.h>

#include <string>

#include "admin/assets.hpp"
#include "fixture.hpp"

using namespace weir::admin;
using namespace weir::admin::test;

TEST_SUITE("admin/ui_pages") {
    TEST_CASE("the dashboard is found without its slash") {
        fixture f;
        const auto a = f.get("/ui");
        CHECK(a.status == 308);
        CHECK(a.says("location: /ui/"));
    }

    TEST_CASE("every asset has a strong tag and is not sent twice") {
        fixture f;
        for (const auto& asset : assets()) {
            const auto target = "/ui/" + std::string(asset.path);
            CAPTURE(target);
            const auto whole = f.get(target);
            CHECK(whole.status == 200);
            CHECK(whole.says("content-type: " + std::string(asset.type)));
            CHECK(whole.says("cache-control: no-cache"));
            CHECK(whole.says("content-security-policy: default-src 'self'"));
            CHECK(asset.etag.starts_with('"'));
            CHECK(whole.says("etag: " + std::string(asset.etag)));
            CHECK_FALSE(whole.body.empty());
            CHECK_FALSE(whole.says("content-encoding"));
            const auto packed = f.get(target, "accept-encoding: br, gzip\r\n");
            CHECK(packed.says("content-encoding: gzip"));
            CHECK(packed.body == asset.gzip);
            CHECK_FALSE(f.get(target, "accept-encoding: gzip;q=0\r\n").says("content-encoding"));
            const auto fields = "if-none-match: \"x\", " + std::string(asset.etag) + "\r\n";
            const auto same = f.get(target, fields);
            CHECK(same.status == 304);
            CHECK(same.body.empty());
            CHECK(f.get(target, "if-none-match: \"other\"\r\n").status == 200);
        }
    }

    TEST_CASE("a file the dashboard lacks is not found") {
        fixture f;
        CHECK(f.get("/ui/none.js").status == 404);
        CHECK(f.get("/ui/../v1/pools").status == 404);
    }
}
