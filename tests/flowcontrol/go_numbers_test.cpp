#include "flowcontrol/go_numbers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace weir::flowcontrol;
using namespace std::chrono_literals;

namespace {

template <class T>
std::string error_of(const go_value<T>& v) {
    const auto* error = std::get_if<std::string>(&v);
    return error == nullptr ? "" : *error;
}

double number(std::string_view text) {
    const auto v = go_parse_float(text);
    CAPTURE(text);
    REQUIRE(std::holds_alternative<double>(v));
    return std::get<double>(v);
}

bool is_number(std::string_view text) {
    return std::holds_alternative<double>(go_parse_float(text));
}

}  // namespace

TEST_SUITE("flowcontrol/go_numbers") {
    TEST_CASE("whole numbers are decimal with an optional sign") {
        CHECK(std::get<std::int64_t>(go_atoi("10")) == 10);
        CHECK(std::get<std::int64_t>(go_atoi("+7")) == 7);
        CHECK(std::get<std::int64_t>(go_atoi("-7")) == -7);
        CHECK(std::get<std::int64_t>(go_atoi("007")) == 7);
        CHECK(std::get<std::int64_t>(go_atoi("9223372036854775807")) == INT64_MAX);
        for (const auto* text :
             {"", " 5", "5 ", "5.0", "0x5", "1_0", "+", "-", "+-5", "5e1", "x"}) {
            CAPTURE(text);
            CHECK(error_of(go_atoi(text)) ==
                  "strconv.Atoi: parsing \"" + std::string(text) + "\": invalid syntax");
        }
        CHECK(error_of(go_atoi("9223372036854775808")) ==
              "strconv.Atoi: parsing \"9223372036854775808\": value out of range");
    }

    TEST_CASE("floating-point numbers are those of Go") {
        CHECK(number("0.5") == 0.5);
        CHECK(number(".5") == 0.5);
        CHECK(number("5.") == 5);
        CHECK(number("+1e-1") == 0.1);
        CHECK(number("-2E3") == -2000);
        CHECK(number("0x1p-1") == 0.5);
        CHECK(number("0X.8p0") == 0.5);
        CHECK(number("1_23.50_0_0e+1_2") == 1.235e14);
        CHECK(number("0x_1_2.3_4_5p+1_2") == 74565);
        CHECK(number("1e-999") == 0);
        CHECK(std::isinf(number("inf")));
        CHECK(number("-Infinity") < 0);
        CHECK(std::isinf(number("+INF")));
        CHECK(std::isnan(number("NaN")));
    }

    TEST_CASE("what is no number in Go is none here") {
        for (const auto* text : {"",    " 0.5",  "0.5 ", "0,5",   "80%",  ".",    "e5",   "1e",
                                 "1e+", "1.2.3", "0x1",  "0x1.8", "0xp1", "0x",   "+nan", "infin",
                                 "_1",  "1_",    "1__0", "1_.5",  "1._5", "0.5f", "1e_2"}) {
            CAPTURE(text);
            CHECK_FALSE(is_number(text));
        }
        CHECK(error_of(go_parse_float("80%")) ==
              "strconv.ParseFloat: parsing \"80%\": invalid syntax");
        CHECK(error_of(go_parse_float("1e999")) ==
              "strconv.ParseFloat: parsing \"1e999\": value out of range");
    }

    TEST_CASE("durations need a unit, but for zero") {
        CHECK(std::get<std::chrono::nanoseconds>(go_parse_duration("200ms")) == 200ms);
        CHECK(std::get<std::chrono::nanoseconds>(go_parse_duration("1m30s")) == 90s);
        CHECK(std::get<std::chrono::nanoseconds>(go_parse_duration("1.5s")) == 1500ms);
        CHECK(std::get<std::chrono::nanoseconds>(go_parse_duration("0")) == 0s);
        CHECK(std::get<std::chrono::nanoseconds>(go_parse_duration("-1s")) == -1s);
    }

    TEST_CASE("a wrong duration is told in Go's words") {
        CHECK(error_of(go_parse_duration("")) == "time: invalid duration \"\"");
        CHECK(error_of(go_parse_duration("fast")) == "time: invalid duration \"fast\"");
        CHECK(error_of(go_parse_duration(".s")) == "time: invalid duration \".s\"");
        CHECK(error_of(go_parse_duration("200")) == "time: missing unit in duration \"200\"");
        CHECK(error_of(go_parse_duration("1.2.3s")) == "time: missing unit in duration \"1.2.3s\"");
        CHECK(error_of(go_parse_duration("1s5")) == "time: missing unit in duration \"1s5\"");
        CHECK(error_of(go_parse_duration("5sec")) ==
              "time: unknown unit \"sec\" in duration \"5sec\"");
        CHECK(error_of(go_parse_duration("1d")) == "time: unknown unit \"d\" in duration \"1d\"");
        CHECK(error_of(go_parse_duration("3 s")) ==
              "time: unknown unit \" s\" in duration \"3 s\"");
    }

    TEST_CASE("numbers are shown in their shortest form") {
        CHECK(go_format_float(0.8) == "0.8");
        CHECK(go_format_float(5) == "5");
        CHECK(go_format_float(0.00001) == "1e-05");
        CHECK(go_format_float(0.0001) == "0.0001");
        CHECK(go_format_float(1e21) == "1e+21");
        CHECK(go_format_float(999999) == "999999");
        CHECK(go_format_float(1000000) == "1e+06");
        CHECK(go_format_float(123456789) == "1.23456789e+08");
        CHECK(go_format_float(std::nan("")) == "NaN");
        CHECK(go_format_float(INFINITY) == "+Inf");
        CHECK(go_format_float(-INFINITY) == "-Inf");
    }

    TEST_CASE("quotes and control bytes are escaped") {
        CHECK(go_quote("a\"b\\c\n\t\x01") == "\"a\\\"b\\\\c\\n\\t\\x01\"");
    }
}
