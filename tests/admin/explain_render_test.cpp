#include "admin/explain_render.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace weir;
using namespace weir::admin;

namespace {

std::vector<endpoint> two_endpoints() {
    std::vector<endpoint> out(2);
    for (std::size_t i = 0; i < 2; ++i) {
        out[i].name_space = "default";
        out[i].name = i == 0 ? "a" : "bb";
        out[i].address = "10.0.0." + std::to_string(i + 1);
        out[i].port = 8000;
    }
    return out;
}

scheduling::explanation one_profile() {
    scheduling::explanation e;
    scheduling::profile_explanation p;
    p.name = "default";
    p.status = profile_status::ran;
    p.candidates = {0, 1};
    p.survivors = {0, 1};
    p.scorers.push_back({"queue/queue-scorer", 2, {0.25, 1}, {0.25, 1}, {0.5, 2}});
    p.totals = {0.5, 2};
    p.picker = "max-score-picker/max-score-picker";
    p.picks = {1};
    e.profiles.push_back(p);
    e.result.targets.push_back(1);
    e.result.profiles.push_back({0, profile_status::ran, 0, 1});
    return e;
}

}  // namespace

TEST_SUITE("admin/explain_render") {
    TEST_CASE("the table has the best first and marks the pick") {
        const auto endpoints = two_endpoints();
        CHECK(render_explanation(one_profile(), endpoints) ==
              "profile default: ran, 2 candidates, 2 after filters, picked by max-score-picker\n"
              "    endpoint    address          queue x2  total\n"
              "  > default/bb  10.0.0.2:8000       1 = 2      2\n"
              "    default/a   10.0.0.1:8000  0.25 = 0.5    0.5\n"
              "picked default/bb (10.0.0.2:8000)\n");
    }

    TEST_CASE("what the scores were made of stands below, each number once") {
        auto e = one_profile();
        auto& p = e.profiles[0];
        const auto none = std::numeric_limits<double>::quiet_NaN();
        p.scorers[0].inputs = {{"waiting", {3, 0}}, {"kvUsage", {0.5, none}}};
        p.scorers.push_back(
            {"load/load-aware-scorer", 1, {0, 0}, {0, 0}, {0, 0}, {{"waiting", {3, 0}}}});
        const auto text = render_explanation(e, two_endpoints());
        CHECK(text.find("   read for it    default/a  default/bb\n"
                        "   waiting                3           0\n"
                        "   kvUsage              0.5           -\n"
                        "picked default/bb") != std::string::npos);
        json_writer w;
        w.begin_object();
        write_explanation(w, e, two_endpoints());
        const auto json = w.end_object().take();
        CHECK(json.find(R"("weighted":0.5,"inputs":{"waiting":3,"kvUsage":0.5}})") !=
              std::string::npos);
        CHECK(json.find(R"("weighted":2,"inputs":{"waiting":0}})") != std::string::npos);
    }

    TEST_CASE("what a filter dropped is named with the filter") {
        auto e = one_profile();
        e.profiles[0].filters.push_back({"fresh/fresh-filter", {1}, {0}});
        e.profiles[0].survivors = {1};
        e.profiles[0].scorers[0] = {"queue/queue-scorer", 2, {1}, {1}, {2}};
        e.profiles[0].totals = {2};
        const auto text = render_explanation(e, two_endpoints());
        CHECK(text.find("- default/a   10.0.0.1:8000  dropped by fresh") != std::string::npos);
        json_writer w;
        w.begin_object();
        write_explanation(w, e, two_endpoints());
        const auto json = w.end_object().take();
        CHECK(json.find(R"("filters":[{"plugin":"fresh/fresh-filter","kept":["default/bb"],)"
                        R"("dropped":["default/a"]}])") != std::string::npos);
        CHECK(
            json.find(R"("scores":[{"endpoint":"default/bb","raw":1,"clamped":1,"weighted":2}])") !=
            std::string::npos);
        CHECK(json.find(R"("decision":{"endpoint":"default/bb","address":"10.0.0.2:8000")") !=
              std::string::npos);
    }

    TEST_CASE("a decision without endpoint says why") {
        scheduling::explanation e;
        e.result.error = decision_error::filters_empty;
        e.result.message = "no endpoints available for the given request";
        CHECK(render_explanation(e, {}) ==
              "no endpoint: no endpoints available for the given request\n");
    }

    TEST_CASE(
        "the signals that were read stand beside the scores, and a page that never came says so") {
        signal_columns signals;
        signals.reset(2);
        signals.waiting[1] = 3;
        signals.kv_usage[1] = 0.255;
        signals.age_seconds[1] = 0.012;
        const auto text = render_explanation(one_profile(), two_endpoints(), &signals);
        CHECK(text.find("waiting  running     KV    age    queue x2  total") != std::string::npos);
        CHECK(text.find("3        0  25.5%  12 ms       1 = 2      2") != std::string::npos);
        CHECK(text.find("?        ?      ?  never  0.25 = 0.5    0.5") != std::string::npos);
    }

    TEST_CASE("one line says how the pick stood to the others") {
        CHECK(render_pick(one_profile(), two_endpoints()) ==
              "default/bb: total 2, 1.5 ahead of the next");
        const std::vector<double> level = {1, 1, 0.5};
        const std::vector<double> better = {3};
        CHECK(render_margin(1, level) == "total 1, level with 2 others");
        CHECK(render_margin(1, better) == "total 1, drawn although another had 3");
        CHECK(render_margin(1, {}) == "the only one left");
        CHECK(render_pick({}, {}).empty());
    }
}
