#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datalayer/engine_mapping.hpp"
#include "datalayer/exposition_parser.hpp"
#include "weir/signals.hpp"

namespace weir::datalayer {

/// What to look for on a page: the mapping of one engine, or of several when the page shall tell
/// which it is.
class extraction_plan {
  public:
    /// `engines` in order of recognition, at least one.
    explicit extraction_plan(std::vector<engine_mapping> engines);

    struct use {
        std::size_t engine = 0;
        signal what = signal::waiting;
        std::size_t candidate = 0;
        std::size_t family = 0;
    };

    const family_set& families() const { return families_; }
    const std::vector<engine_mapping>& engines() const { return engines_; }
    const std::vector<use>& uses() const { return uses_; }
    /// The range of `uses` that read family `f`.
    std::pair<std::size_t, std::size_t> range(std::size_t f) const {
        return {first_[f], first_[f + 1]};
    }
    const metric_spec& spec(const use& u) const {
        const auto& engine = engines_[u.engine];
        return u.what == signal::custom ? engine.customs[u.candidate].spec
                                        : engine.specs(u.what)[u.candidate];
    }

  private:
    void add_use(std::vector<std::string>& names, const use& u);

    std::vector<engine_mapping> engines_;
    family_set families_;
    std::vector<use> uses_;           ///< sorted by family
    std::vector<std::size_t> first_;  ///< into `uses_`, one a family and one behind
};

/// Whether a page had a signal. `flawed`: only samples that say nothing (NaN, infinite, negative,
/// absurd, no number).
enum class presence : std::uint8_t { absent, flawed, good };

/// The signals of one page. A number counts only where `found` says good.
struct page_values {
    const engine_mapping* engine = nullptr;  ///< whose families were found; null: no family at all
    std::array<presence, signal_count> found{};
    double waiting = 0;   ///< whole number
    double running = 0;   ///< whole number
    double kv_usage = 0;  ///< 0..1
    double occupied = 0;  ///< of the engine's capacity, in its own unit
    std::uint32_t block_size = 0;
    std::uint32_t block_count = 0;
    std::string_view lora_running;  ///< comma list as written; the views live until the next page
    std::string_view lora_waiting;
    int lora_max = 0;
    bool asleep = false;
    std::string_view model_name;  ///< of the first series of running requests; as the views above
    std::vector<double> customs;  ///< element i: `engine->customs[i]`; NaN: not on the page
    std::uint32_t ignored = 0;    ///< samples that say nothing
    bool kv_clamped = false;      ///< the page said more than 1

    presence of(signal s) const { return found[static_cast<std::size_t>(s)]; }
    bool any() const;
};

/// Turns the samples of a page into signals, page after page; a warm reader allocates nothing.
class page_reader final : public sample_reader {
  public:
    /// `plan` outlives the reader or the next `start`.
    void start(const extraction_plan& plan);
    void on_sample(const sample& s) override;
    /// The page is whole. Valid until the next `start`.
    const page_values& finish();

    /// The families of an engine that the last page lacked (all, when it had none of it): the first
    /// name of each.
    std::size_t missing_count(const engine_mapping& engine) const;
    std::vector<std::pair<signal, std::string>> missing(const engine_mapping& engine) const;

  private:
    struct group {
        std::uint64_t key = 0;
        double value = 0;
        double timestamp = 0;
        bool good = false;
    };
    struct slot {
        bool seen = false;
        std::vector<group> groups;
    };
    struct lora_labels {  ///< of the newest info series
        bool good = false;
        double since = 0;
        std::string running;
        std::string waiting;
        int max = 0;
    };
    struct cache_labels {
        bool good = false;
        double timestamp = 0;
        std::uint32_t block_size = 0;
        std::uint32_t block_count = 0;
    };

    static constexpr std::size_t max_groups = 1024;

    void take_number(const extraction_plan::use& u, slot& into, const sample& s);
    void note_model(const engine_mapping& e, const sample& s);
    void take_custom(slot& into, const sample& s);
    void take_lora(const sample& s);
    void take_loaded_lora(const sample& s);
    void take_cache_info(const engine_mapping& e, const sample& s);
    bool lacks(signal what, const engine_mapping& engine) const;
    void settle(signal what, std::size_t engine);
    void settle_loaded_lora();
    void settle_customs(std::size_t engine);
    const slot* best(signal what, std::size_t engine) const;

    const extraction_plan* plan_ = nullptr;
    std::vector<slot> slots_;  ///< one a use
    lora_labels lora_;
    int slots_for_lora_ = 0;
    std::string loaded_;  ///< adapters of servers that tell those in memory, separated by commas
    cache_labels cache_;
    std::string model_name_;
    page_values values_;
};

/// The lists of an info series as the page has them (commas, spaces, empty parts), at most 1024
/// names each.
lora_state parse_lora(std::string_view running, std::string_view waiting, int max_active);

}  // namespace weir::datalayer
