#pragma once

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "doctest_vectors.hpp"
#include "test_pool.hpp"
#include "told_producers.hpp"
#include "weir/decision.hpp"
#include "weir/hooks.hpp"
#include "weir/request.hpp"

/// What the test of one plugin is written with: the plugin in a profile of its own, and what it
/// makes of a pool. Light to include; `plugin_fixture.cpp` knows the pipeline.
namespace weir::scheduling::testing {

using ids = std::vector<std::uint32_t>;
using scores = std::vector<double>;

/// A request of `tokens` pseudo-tokens.
struct sized_request {
    std::string text;
    std::array<prompt, 1> prompts;
    inference_request request;
    explicit sized_request(std::size_t tokens) : text(tokens * 4, 'x'), prompts{prompt{text}} {
        request.prompts = prompts;
    }
    sized_request(const sized_request&) = delete;
    sized_request& operator=(const sized_request&) = delete;
};

/// A request with one header.
struct headed_request {
    std::array<header_field, 1> fields;
    inference_request request;
    headed_request(std::string_view name, std::string_view value)
        : fields{header_field{name, value}} {
        request.headers = fields;
    }
    headed_request(const headed_request&) = delete;
    headed_request& operator=(const headed_request&) = delete;
};

/// What one profile did.
struct seen_profile {
    std::string name;
    ids survivors;
    std::vector<scores> raw;  ///< of each scorer, an element a survivor
    scores totals;
    ids picks;
};

/// A pipeline of its own and a workspace. Fails the test when it does not load.
class picker_under_test {
  public:
    /// A whole document, below `apiVersion` and `kind`.
    explicit picker_under_test(std::string_view body);
    ~picker_under_test();
    picker_under_test(const picker_under_test&) = delete;
    picker_under_test& operator=(const picker_under_test&) = delete;

    using time = std::chrono::steady_clock::time_point;

    /// Explains, leaving no trace.
    std::vector<seen_profile> explain(const test_pool& pool, const inference_request& request = {},
                                      std::uint64_t seed = 1);
    /// How long plugins want to hold the request.
    std::chrono::milliseconds gather(const inference_request& request, time now);
    /// Decides, hooks included.
    const decision& decide(const test_pool& pool, const inference_request& request = {},
                           std::uint64_t seed = 1, time now = {});
    /// The first target of a decision that must succeed.
    std::uint32_t pick(const test_pool& pool, const inference_request& request = {},
                       std::uint64_t seed = 1, time now = {});
    /// What response hooks want in the head of the answer to the last decision.
    std::vector<header_change> answered(const test_pool& pool);
    /// Ends the last decision's request.
    void complete(const test_pool& pool, const response_facts& facts);
    header_findings read_headers(const inference_request& request);
    /// What producers said about the last decision's request.
    const producer_data& data() const;
    /// Takes over what the plugins of `previous` learned.
    void reload_from(const picker_under_test& previous);

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

/// One plugin, named `it`, in a profile with producers that say what they were told: `prefix` and
/// `latency`.
class one_plugin : public picker_under_test {
  public:
    explicit one_plugin(std::string_view type, std::string_view parameters = {});

    scores scored(const test_pool& pool, const inference_request& request = {});
    ids kept(const test_pool& pool, const inference_request& request = {}, std::uint64_t seed = 1);
};

/// The errors of a plugin with these parameters, `line:column message` a line, without what every
/// such message begins with; the parameters are in line 7 from column 15 on. Empty: it loads.
std::string errors_of(std::string_view type, std::string_view parameters);
/// The same for a whole document, below `apiVersion` and `kind`, messages as they are.
std::string errors_in(std::string_view body);
/// The warnings and notes of a document.
std::string hints_in(std::string_view body);

/// Element by element within 1e-12.
inline bool near(const scores& got, const scores& want) {
    if (got.size() != want.size()) return false;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!(std::fabs(got[i] - want[i]) < 1e-12)) return false;
    }
    return true;
}

}  // namespace weir::scheduling::testing
