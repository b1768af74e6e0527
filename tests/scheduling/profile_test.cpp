#include "scheduling/profile.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "doctest_vectors.hpp"
#include "test_pool.hpp"

using namespace weir;
using namespace weir::scheduling;
using namespace weir::scheduling::testing;
using ids = std::vector<std::uint32_t>;

namespace {

struct drops final : plugin_of<filter> {
    std::uint32_t which;
    mutable std::size_t calls = 0;
    explicit drops(std::uint32_t e) : which(e) {}
    void apply(const decision_context&, const candidate_view& c,
               std::span<std::uint8_t> keep) const override {
        ++calls;
        for (std::size_t i = 0; i < c.size(); ++i) keep[i] = c[i] == which ? 0 : 1;
    }
};

struct says final : plugin_of<scorer> {
    std::vector<double> values;
    explicit says(std::vector<double> v) : values(std::move(v)) {}
    void score(const decision_context&, const candidate_view& c,
               std::span<double> out) const override {
        for (std::size_t i = 0; i < c.size(); ++i) {
            CHECK(out[i] == 0);  // they start as zeros
            out[i] = values[c[i]];
        }
    }
};

struct first_two final : plugin_of<picker> {
    void pick(const decision_context&, const candidate_view& c, std::span<const double>,
              std::vector<std::uint32_t>& out) const override {
        for (std::uint32_t i = 0; i < c.size() && i < 2; ++i) out.push_back(i);
    }
};

struct fixture {
    test_pool pool{4};
    producer_data data;
    inference_request request;
    random_source random{1};
    decision_context context{request, {}, random};
    run_buffers buffers;
    profile_buffers left;
    decision out;
    first_two pick;
    profile p;

    fixture() {
        buffers.scratch.resize(8);
        p.pick = {&pick, 0};
    }
    bool run() {
        const candidate_view all{pool.endpoints, &pool.signals, &data, pool.ready};
        return run_profile(p, 3, context, all, buffers, left, out, nullptr, {});
    }
};

}  // namespace

TEST_SUITE("scheduling/profile") {
    TEST_CASE("filters in order, each on what the one before left; none once nothing is left") {
        fixture f;
        const drops one(1);
        const drops three(3);
        f.p.filters = {{&one, 1}, {&three, 2}};
        CHECK(f.run());
        CHECK(f.left.survivors == ids{0, 2});
        f.pool.ready = {1};
        f.out.clear();
        CHECK_FALSE(f.run());
        CHECK(one.calls == 2);
        CHECK(three.calls == 1);
        CHECK(f.out.result_of(3)->status == profile_status::failed);
        CHECK(f.left.totals.empty());
    }

    TEST_CASE("each score is clamped, multiplied, added; NaN and any weight pass") {
        fixture f;
        const says first({-1, 0.25, 2, std::nan("")});
        const says second({1, 1, 1, 1});
        f.p.scorers = {{&first, 1, 2}, {&second, 2, -0.5}};
        CHECK(f.run());
        // 2 * clamp(v) - 0.5
        CHECK(f.left.totals[0] == -0.5);
        CHECK(f.left.totals[1] == 0);
        CHECK(f.left.totals[2] == 1.5);
        CHECK(std::isnan(f.left.totals[3]));
    }

    TEST_CASE("picks are positions among the survivors, targets are endpoints") {
        fixture f;
        const drops zero(0);
        f.p.filters = {{&zero, 1}};
        CHECK(f.run());
        const auto targets = f.out.targets_of(3);
        CHECK(ids(targets.begin(), targets.end()) == ids{1, 2});
    }
}
