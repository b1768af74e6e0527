#include "base/text_stock.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

TEST_SUITE("base/text_stock") {
    TEST_CASE("a text that comes back empty-handed or far too large is not used again") {
        weir::text_stock stock;
        auto text = stock.take();
        CHECK(text.capacity() >= weir::text_stock::usual);
        text = "used";
        text.reserve(weir::text_stock::usual);
        const auto* memory = text.data();
        stock.give(std::move(text));
        stock.give({});
        stock.give(std::string(1 << 20, 'x'));
        const auto again = stock.take();
        CHECK(again.data() == memory);
        CHECK(again.empty());
    }
}
