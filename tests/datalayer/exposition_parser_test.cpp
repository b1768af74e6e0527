#include "datalayer/exposition_parser.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

using namespace weir::datalayer;

namespace {

struct heard {
    std::size_t family;
    double value;
    bool readable;
    std::optional<double> timestamp;
    std::map<std::string, std::string> labels;
};

struct recorder final : sample_reader {
    std::vector<heard> all;
    void on_sample(const sample& s) override {
        heard h{s.family, s.value, s.readable, s.timestamp, {}};
        for (const auto& l : s.labels) h.labels.emplace(l.name, l.value);
        all.push_back(std::move(h));
    }
};

struct page {
    recorder out;
    page_verdict verdict = page_verdict::complete;
    std::uint64_t skipped = 0;
};

const family_set& wanted() {
    static const family_set set({"vllm:num_requests_waiting", "vllm:kv_cache_usage_perc", "up"});
    return set;
}

page parse(std::string_view text, std::size_t piece = 1U << 20U, bool end_known = true,
           bool open_metrics = false, const family_set& set = wanted()) {
    page p;
    exposition_parser parser;
    parser.start(set, p.out);
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (!parser.feed(text.substr(at, piece))) break;
    }
    p.verdict = parser.finish(end_known, open_metrics);
    p.skipped = parser.skipped_lines();
    return p;
}

}  // namespace

TEST_SUITE("datalayer/exposition_parser") {
    TEST_CASE("names are matched exactly, never by prefix") {
        const auto p = parse(
            "# TYPE vllm:num_requests_waiting gauge\n"
            "vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 12.0\n"
            "vllm:num_requests_waiting_by_reason{engine=\"0\",reason=\"capacity\"} 9.0\n"
            "vllm:num_requests_waitin 3\n"
            "xvllm:num_requests_waiting 4\n"
            "upper 1\n"
            "up 1\n");
        REQUIRE(p.out.all.size() == 2);
        CHECK(p.out.all[0].value == 12);
        CHECK(p.out.all[0].labels.at("model_name") == "m");
        CHECK(p.out.all[1].family == 2);
    }

    TEST_CASE("a page cut into pieces of any size gives the same samples") {
        const std::string text =
            "# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.\n"
            "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"a,b}\\\"c\\\\\"} 0.8731\r\n"
            "some:other_family_bucket{le=\"0.3\"} 12\n"
            "vllm:num_requests_waiting{engine=\"1\"} 7 1700000000000\n";
        for (std::size_t piece = 1; piece < text.size(); ++piece) {
            CAPTURE(piece);
            const auto p = parse(text, piece);
            CHECK(p.verdict == page_verdict::complete);
            REQUIRE(p.out.all.size() == 2);
            CHECK(p.out.all[0].value == 0.8731);
            CHECK(p.out.all[0].labels.at("model_name") == "a,b}\"c\\");
            CHECK(p.out.all[1].timestamp == 1700000000000.0);
        }
    }

    TEST_CASE("values are read as Prometheus writes them, and nothing else is a number") {
        const auto value = [](const char* text) {
            const auto p = parse("up " + std::string(text) + "\n");
            REQUIRE(p.out.all.size() == 1);
            return p.out.all[0];
        };
        CHECK(value("1.7881842e+09").value == 1.7881842e9);
        CHECK(value("+3").value == 3);
        CHECK(value("-1").value == -1);
        CHECK(std::isnan(value("NaN").value));
        CHECK(value("+Inf").value == INFINITY);
        CHECK(value("-Inf").value == -INFINITY);
        CHECK(value("1e999").value == INFINITY);
        for (const auto* bad : {"0x1p3", "", "abc", "1,5", "--1", "+-1", "1e", "12abc"}) {
            CAPTURE(bad);
            CHECK_FALSE(value(bad).readable);
        }
    }

    TEST_CASE("OpenMetrics: exemplars, second timestamps and the end mark") {
        const auto text =
            "# TYPE up gauge\n"
            "up{a=\"1\"} 5 1700000000.25 # {trace_id=\"x\"} 0.67\n"
            "up{a=\"2\"} 6 # {trace_id=\"x\"} 0.67 1700000000\n"
            "# EOF\n"
            "up 9\n";
        const auto p = parse(text, 7, true, true);
        CHECK(p.verdict == page_verdict::complete);
        REQUIRE(p.out.all.size() == 2);
        CHECK(p.out.all[0].timestamp == 1700000000.25);
        CHECK_FALSE(p.out.all[1].timestamp);
        CHECK(p.out.all[1].value == 6);
    }

    TEST_CASE("an OpenMetrics page without its end mark is truncated") {
        CHECK(parse("up 1\n", 100, true, true).verdict == page_verdict::truncated);
    }

    TEST_CASE("a last line without a line feed counts only where the framing proves the end") {
        CHECK(parse("up 1\nup 2", 100, false).verdict == page_verdict::truncated);
        const auto whole = parse("up 1\nup 2", 100, true);
        CHECK(whole.verdict == page_verdict::complete);
        CHECK(whole.out.all.size() == 2);
    }

    TEST_CASE("white space and empty braces are tolerated") {
        const auto p = parse("  up {} 1\n\tup{ a = \"x\" , } \t2   3\n\n\r\nup{a=\"x\"}4\n");
        REQUIRE(p.out.all.size() == 3);
        CHECK(p.out.all[1].labels.at("a") == "x");
        CHECK(p.out.all[1].timestamp == 3.0);
        CHECK(p.out.all[2].value == 4);
    }

    TEST_CASE("broken label sets are skipped and counted") {
        const auto p = parse("up{a=\"x} 1\nup{a=x} 1\nup{a=\"x\"\nup{=\nup 2\n");
        CHECK(p.out.all.size() == 1);
        CHECK(p.skipped == 4);
    }

    TEST_CASE("a JSON or HTML page is told from an empty one") {
        CHECK(parse("[{\"iter\": 1}]", 3).verdict == page_verdict::not_metrics);
        CHECK(parse("  <!DOCTYPE html>\n<html></html>\n").verdict == page_verdict::not_metrics);
        CHECK(parse("[]", 9, false).verdict == page_verdict::not_metrics);
        CHECK(parse("").verdict == page_verdict::complete);
        CHECK(parse("{\n\"up\": 1}\n").verdict == page_verdict::not_metrics);
    }

    TEST_CASE("a comment of a megabyte costs no memory and no error") {
        std::string text = "# " + std::string(1U << 20U, 'x') + "\nup 1\n";
        const auto p = parse(text, 4096);
        CHECK(p.verdict == page_verdict::complete);
        CHECK(p.skipped == 0);
        CHECK(p.out.all.size() == 1);
    }

    TEST_CASE("a sample line beyond 64 KiB is skipped and counted, however it arrives") {
        const std::string text = "up{a=\"" + std::string(70000, 'x') + "\"} 1\nup 2\n";
        for (const std::size_t piece : {std::size_t{1000}, text.size()}) {
            const auto p = parse(text, piece);
            CHECK(p.skipped == 1);
            REQUIRE(p.out.all.size() == 1);
            CHECK(p.out.all[0].value == 2);
        }
    }

    TEST_CASE("an endless page ends at 8 MiB") {
        recorder out;
        exposition_parser parser;
        parser.start(wanted(), out);
        const std::string piece(1U << 16U, '\n');
        std::size_t fed = 0;
        while (parser.feed(piece)) fed += piece.size();
        CHECK(fed == exposition_parser::max_page);
        CHECK(parser.finish(true, false) == page_verdict::too_large);
    }

    TEST_CASE("family names are collected on request") {
        recorder out;
        exposition_parser parser;
        std::vector<std::string> names;
        parser.start(wanted(), out);
        parser.collect_names(&names);
        parser.feed("# HELP x y\nvllm:a{b=\"c\"} 1\nvllm:a{b=\"d\"} 1\nvllm:z 1\nup 1\n");
        CHECK(names == std::vector<std::string>{"vllm:a", "vllm:z", "up"});
        CHECK(out.all.size() == 1);
    }

    TEST_CASE("short wanted names switch the prefilter off, not the exact match") {
        const family_set set({"q", "a_long_metric_name"});
        const auto p =
            parse("q 1\nqq 2\na_long_metric_name 3\na_long_metric_names 4\n", 5, true, false, set);
        REQUIRE(p.out.all.size() == 2);
        CHECK(p.out.all[0].value == 1);
        CHECK(p.out.all[1].value == 3);
    }
}
