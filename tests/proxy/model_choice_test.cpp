#include "proxy/model_choice.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace weir;
using namespace weir::proxy;

namespace {

config::rewrite_rule rule(std::string resource, std::vector<std::string> models,
                          std::vector<config::weighted_name> targets) {
    return {std::move(resource), std::move(models), std::move(targets)};
}

payload::request_facts named(std::string_view model) {
    payload::request_facts facts;
    facts.has_model = true;
    facts.model = model;
    return facts;
}

payload::request_facts unnamed() {
    payload::request_facts facts;
    facts.model_problem = payload::model_not_found();
    return facts;
}

/// How often each target is drawn in a thousand requests.
std::map<std::string, int> draws(const config::pool& pool, std::string_view model) {
    random_source random(7);
    std::map<std::string, int> out;
    for (int i = 0; i < 1000; ++i) {
        ++out[std::string(choose_model(pool, model, {}, random).target)];
    }
    return out;
}

}  // namespace

TEST_SUITE("proxy/model_choice") {
    TEST_CASE("a rule wins over the header, that over targetModels, those over the client's name") {
        config::pool pool;
        pool.rewrites = {rule("exact", {"a", "b"}, {{"from-rule", {}}})};
        pool.models = {{"a", config::criticality::critical, {{"unused", {}}}},
                       {"m", config::criticality::standard, {{"from-model", {}}}}};
        random_source random(1);
        struct row {
            std::string_view model;
            std::string_view header;
            std::string_view target;
            bool by_rule;
        };
        for (const auto& r :
             {row{"a", "header", "from-rule", true}, row{"b", "", "from-rule", true},
              row{"m", "header", "header", false}, row{"m", "", "from-model", false},
              row{"z", "", "z", false}, row{"", "", "", false}}) {
            CAPTURE(r.model);
            const auto choice = choose_model(pool, r.model, r.header, random);
            CHECK(choice.target == r.target);
            CHECK((choice.rule != nullptr) == r.by_rule);
        }
        CHECK(criticality_of(pool, "a") == config::criticality::critical);
        CHECK_FALSE(criticality_of(pool, "z"));
    }

    TEST_CASE(
        "a rule without models is for every request, and an exact one wins wherever it stands") {
        config::pool pool;
        pool.rewrites = {rule("any", {}, {{"house", {}}}), rule("later", {}, {{"unused", {}}}),
                         rule("exact", {"a"}, {{"special", {}}})};
        random_source random(1);
        CHECK(choose_model(pool, "a", {}, random).target == "special");
        CHECK(choose_model(pool, "z", "header", random).target == "house");
        CHECK(choose_model(pool, "", {}, random).target == "house");
    }

    TEST_CASE("weights are shares; without any all are equal; one without is never drawn") {
        config::pool pool;
        pool.rewrites = {rule("w", {"w"}, {{"three", 3}, {"one", 1}, {"none", {}}}),
                         rule("u", {"u"}, {{"left", {}}, {"right", {}}}), rule("empty", {"e"}, {})};
        auto weighted = draws(pool, "w");
        CHECK(weighted["three"] + weighted["one"] == 1000);
        CHECK(weighted["three"] > 700);
        CHECK(weighted["three"] < 800);
        auto even = draws(pool, "u");
        CHECK(even["left"] + even["right"] == 1000);
        CHECK(even["left"] > 440);
        CHECK(even["left"] < 560);
        CHECK(draws(pool, "e")[""] == 1000);
    }

    TEST_CASE("a rewrite supplies a missing name, and excuses none that must not be passed on") {
        config::pool pool;
        random_source random(1);
        const auto chat = api_kind::chat_completions;
        CHECK(resolve_model(pool, chat, unnamed(), {}, random).refused->reason ==
              "model-not-found");
        const auto supplied = resolve_model(pool, chat, unnamed(), "header", random);
        CHECK_FALSE(supplied.refused);
        CHECK(supplied.choice.target == "header");
        CHECK(supplied.rewritten);
        auto harmful = named("a\n");
        harmful.model_problem = payload::refusal{400, "no", "bad-request", "model"};
        CHECK(resolve_model(pool, chat, harmful, "header", random).refused->reason ==
              "bad-request");
        pool.rewrites = {rule("empty", {"m"}, {})};
        CHECK(resolve_model(pool, chat, named("m"), {}, random).refused->reason ==
              "model-not-found");
    }

    TEST_CASE("an API that asks for no model gets none put in; one that is there counts") {
        config::pool pool;
        pool.rewrites = {rule("any", {}, {{"house", {}}})};
        random_source random(1);
        for (const auto api : {api_kind::other, api_kind::sglang_generate}) {
            const auto without = resolve_model(pool, api, {}, "header", random);
            CHECK_FALSE(without.refused);
            CHECK_FALSE(without.rewritten);
            CHECK(without.choice.target == "");
            const auto with = resolve_model(pool, api, named("m"), {}, random);
            CHECK(with.rewritten);
            CHECK(with.choice.target == "house");
        }
        const auto same = resolve_model(pool, api_kind::completions, named("house"), {}, random);
        CHECK_FALSE(same.rewritten);
    }

    TEST_CASE("names of the configuration stay themselves when the cap is full") {
        config::model model;
        model.pools.emplace_back();
        model.pools[0].rewrites = {rule("r", {"exact"}, {{"target", {}}})};
        model.pools[0].models = {{"named", config::criticality::standard, {{"served", {}}}}};
        label_cap cap;
        keep_model_names(cap, model);
        for (std::size_t i = 0; i < label_cap::limit; ++i) cap.fold("m" + std::to_string(i));
        for (const char* name : {"exact", "target", "named", "served", "m0", "m999"}) {
            CHECK(cap.fold(name) == name);
        }
        CHECK(cap.fold("new") == "other");
        CHECK(cap.fold("") == "");
    }
}
