#include <stdexcept>

#include "picker_fixture.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;

namespace {

/// Throws where its parameter says.
class thrower final : public plugin_of<scorer, request_header_hook, response_hook> {
  public:
    explicit thrower(std::string at) : at_(std::move(at)) {}

    void link(const plugin_directory&) override { reach("link"); }
    std::unique_ptr<plugin_scratch> make_scratch() const override {
        reach("make_scratch");
        return nullptr;
    }
    void score(const decision_context&, const candidate_view&, std::span<double>) const override {
        reach("score");
    }
    void request_header(const inference_request&, header_findings&) override {
        reach("request_header");
    }
    void complete(const response_facts&) override { reach("complete"); }

  private:
    void reach(std::string_view place) const {
        if (place == at_) throw std::runtime_error("broke in " + at_);
    }
    std::string at_;
};

constexpr plugin_type thrower_type = {
    .name = "test-thrower",
    .level = stability::beta,
    .summary = "for tests",
    .docs = {},
    .aliases = {},
    .make = [](parameters& p, plugin_context&) -> std::unique_ptr<plugin> {
        const auto at = p.text("at", "");
        if (at == "factory") throw 7;
        return std::make_unique<thrower>(at);
    },
};

loaded throwing_at(const std::string& place) {
    static const bool added = add_plugin_type(&thrower_type) == nullptr;
    REQUIRE(added);
    return load_text(
        document_of("plugins:\n- {type: test-thrower, parameters: {at: " + place + "}}\n"));
}

}  // namespace

TEST_SUITE("scheduling/throwing_plugin") {
    TEST_CASE("an exception while it is made is an error of the configuration") {
        const auto factory = throwing_at("factory");
        CHECK(factory.made == nullptr);
        CHECK(factory.all().find("'test-thrower' (type: test-thrower): its factory threw an "
                                 "exception: an exception of an unknown type") !=
              std::string::npos);
        const auto link = throwing_at("link");
        CHECK(link.made == nullptr);
        CHECK(link.all().find("when it was linked: broke in link") != std::string::npos);
    }

    TEST_CASE("an exception in a decision is that request's error, and the next one is decided") {
        for (const std::string place : {"score", "make_scratch"}) {
            CAPTURE(place);
            const auto l = throwing_at(place);
            REQUIRE(l.made != nullptr);
            test_pool pool(2);
            const inference_request request;
            const decision_input in{request, pool.endpoints, pool.signals, pool.ready, {}, 1};
            workspace ws;
            decision out;
            for (int again = 0; again < 2; ++again) {
                CHECK_FALSE(l.made->decide(in, ws, out));
                CHECK(out.error == decision_error::internal);
                CHECK(out.message == "plugin 'test-thrower/test-thrower' failed");
            }
            CHECK(l.made->explain(in, ws, true).result.error == decision_error::internal);
            CHECK(load_ok(document_of("plugins: [{type: queue-scorer}]\n"))->decide(in, ws, out));
        }
    }

    TEST_CASE("hooks that follow a request change nothing by throwing") {
        const inference_request request;
        const decision chosen;
        const response_facts facts{
            .request_id = "r", .target_model = "m", .chosen = chosen, .endpoints = {}, .now = {}};
        CHECK(throwing_at("request_header").made->request_header(request).fairness_id.empty());
        throwing_at("complete").made->complete(facts);
    }
}
