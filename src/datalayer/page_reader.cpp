#include "datalayer/page_reader.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/strings.hpp"

namespace weir::datalayer {
namespace {

constexpr double absurd = 1e9;  // more requests, tokens a block or blocks than any server has
constexpr std::size_t max_adapters = 1024;
constexpr std::size_t max_adapter_text = 64 * 1024;

std::size_t index(signal s) { return static_cast<std::size_t>(s); }

std::string_view label_value(const sample& s, std::string_view name) {
    for (const auto& l : s.labels) {
        if (l.name == name) return l.value;
    }
    return {};
}

bool says_something(const sample& s) {
    return s.readable && std::isfinite(s.value) && s.value >= 0 && s.value <= absurd;
}

/// A label that holds a whole number; `None` and others give 0.
std::uint32_t label_number(const sample& s, std::string_view name) {
    const auto v = name.empty() ? std::nullopt : parse_int(trim(label_value(s, name)));
    return v && *v > 0 && *v <= static_cast<std::int64_t>(absurd) ? static_cast<std::uint32_t>(*v)
                                                                  : 0;
}

std::vector<std::string> name_list(std::string_view commas) {
    std::vector<std::string> out;
    for (const auto part : split(commas, ',')) {
        if (out.size() == max_adapters) break;
        if (const auto name = trim(part, true); !name.empty()) out.emplace_back(name);
    }
    return out;
}

}  // namespace

// --- extraction_plan
// -------------------------------------------------------------------------------

extraction_plan::extraction_plan(std::vector<engine_mapping> engines)
    : engines_(std::move(engines)) {
    std::vector<std::string> names;
    for (std::size_t e = 0; e < engines_.size(); ++e) {
        for (std::size_t what = 0; what < signal_count; ++what) {
            const auto& specs = engines_[e].candidates[what];
            for (std::size_t c = 0; c < specs.size(); ++c)
                add_use(names, {e, static_cast<signal>(what), c, 0});
        }
        for (std::size_t c = 0; c < engines_[e].customs.size(); ++c)
            add_use(names, {e, signal::custom, c, 0});
    }
    std::stable_sort(uses_.begin(), uses_.end(),
                     [](const use& a, const use& b) { return a.family < b.family; });
    first_.assign(names.size() + 1, 0);
    for (const auto& u : uses_) ++first_[u.family + 1];
    for (std::size_t f = 0; f < names.size(); ++f) first_[f + 1] += first_[f];
    families_ = family_set(std::move(names));
}

void extraction_plan::add_use(std::vector<std::string>& names, const use& u) {
    const auto at = std::find(names.begin(), names.end(), spec(u).family);
    const auto family = static_cast<std::size_t>(at - names.begin());
    if (at == names.end()) names.push_back(spec(u).family);
    uses_.push_back({u.engine, u.what, u.candidate, family});
}

// --- page_reader
// -----------------------------------------------------------------------------------

bool page_values::any() const {
    return std::any_of(found.begin(), found.end(), [](presence p) { return p == presence::good; });
}

void page_reader::start(const extraction_plan& plan) {
    plan_ = &plan;
    slots_.resize(plan.uses().size());
    for (auto& s : slots_) {
        s.seen = false;
        s.groups.clear();
    }
    lora_.good = false;
    slots_for_lora_ = 0;
    loaded_.clear();
    cache_ = {};
    model_name_.clear();
    auto customs = std::move(values_.customs);
    values_ = {};
    customs.clear();
    values_.customs = std::move(customs);
}

void page_reader::on_sample(const sample& s) {
    const auto [begin, end] = plan_->range(s.family);
    for (std::size_t i = begin; i < end; ++i) {
        const auto& u = plan_->uses()[i];
        const auto& engine = plan_->engines()[u.engine];
        if (!plan_->spec(u).matches(s.labels)) continue;
        if (!engine.part_label.empty() && !label_value(s, engine.part_label).empty()) continue;
        slots_[i].seen = true;
        if (u.what == signal::running && model_name_.empty()) note_model(engine, s);
        if (u.what == signal::lora) {
            take_lora(s);
        } else if (u.what == signal::lora_loaded) {
            take_loaded_lora(s);
        } else if (u.what == signal::cache_info) {
            take_cache_info(engine, s);
        } else if (u.what == signal::custom) {
            take_custom(slots_[i], s);
        } else {
            take_number(u, slots_[i], s);
        }
    }
}

void page_reader::take_number(const extraction_plan::use& u, slot& into, const sample& s) {
    const auto& engine = plan_->engines()[u.engine];
    const bool good = says_something(s);
    if (!good) ++values_.ignored;
    const double value = !good ? 0 : u.what == signal::kv_usage ? s.value : std::trunc(s.value);
    const double time = s.timestamp.value_or(0);
    const auto part =
        engine.group_label.empty() ? std::string_view{} : label_value(s, engine.group_label);
    const auto key = std::hash<std::string_view>{}(part);
    auto at = std::find_if(into.groups.begin(), into.groups.end(),
                           [&](const group& g) { return g.key == key; });
    if (at == into.groups.end()) {
        if (into.groups.size() < max_groups) {
            into.groups.push_back({key, value, time, good});
        }
        return;
    }
    const bool better =
        !at->good || (engine.largest_of_group && time == at->timestamp ? value > at->value
                                                                       : time > at->timestamp);
    if (good && better) *at = {key, value, time, true};
}

void page_reader::note_model(const engine_mapping& e, const sample& s) {
    if (!e.model_label.empty()) model_name_.assign(label_value(s, e.model_label));
}

/// Any finite number counts; among several series the newest, without times the first.
void page_reader::take_custom(slot& into, const sample& s) {
    if (!s.readable || !std::isfinite(s.value)) {
        ++values_.ignored;
        return;
    }
    const double time = s.timestamp.value_or(0);
    if (into.groups.empty()) {
        into.groups.push_back({0, s.value, time, true});
    } else if (time > into.groups.front().timestamp) {
        into.groups.front() = {0, s.value, time, true};
    }
}

/// The value is the time at which the labels became true, so the largest is the present.
void page_reader::take_lora(const sample& s) {
    if (!s.readable || !std::isfinite(s.value)) {
        ++values_.ignored;
        return;
    }
    if (lora_.good && s.value <= lora_.since) return;
    const auto max = parse_int(trim(label_value(s, "max_lora")));
    if (!max || *max < 0 || *max > static_cast<std::int64_t>(absurd)) {
        ++values_.ignored;
        return;
    }
    lora_.good = true;
    lora_.since = s.value;
    lora_.running.assign(label_value(s, "running_lora_adapters"));
    lora_.waiting.assign(label_value(s, "waiting_lora_adapters"));
    lora_.max = static_cast<int>(*max);
}

/// One series for each adapter; 0 stands for one that was loaded once.
void page_reader::take_loaded_lora(const sample& s) {
    if (!s.readable || !(s.value > 0)) return;
    const auto name = label_value(s, "adapter_name");
    if (name.empty() || loaded_.size() + name.size() > max_adapter_text) return;
    if (!loaded_.empty()) loaded_ += ',';
    loaded_ += name;
}

/// Among several, the newest; without times the first one.
void page_reader::take_cache_info(const engine_mapping& e, const sample& s) {
    const auto size = label_number(s, e.block_size_label);
    const auto count = label_number(s, e.block_count_label);
    const double time = s.timestamp.value_or(0);
    if (size == 0 && count == 0) {
        ++values_.ignored;
        return;
    }
    if (cache_.good && time <= cache_.timestamp) return;
    cache_ = {true, time, size, count};
}

/// The slot of the first candidate of `what` that the page has.
const page_reader::slot* page_reader::best(signal what, std::size_t engine) const {
    const slot* found = nullptr;
    std::size_t candidate = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const auto& u = plan_->uses()[i];
        if (u.engine != engine || u.what != what || !slots_[i].seen) continue;
        if (found == nullptr || u.candidate < candidate) {
            found = &slots_[i];
            candidate = u.candidate;
        }
    }
    return found;
}

void page_reader::settle(signal what, std::size_t engine) {
    const slot* from = best(what, engine);
    if (from == nullptr) return;
    auto& found = values_.found[index(what)];
    if (what == signal::lora) {
        found = lora_.good ? presence::good : presence::flawed;
        values_.lora_running = lora_.running;
        values_.lora_waiting = lora_.waiting;
        values_.lora_max = lora_.max;
        return;
    }
    if (what == signal::lora_loaded) {
        found = presence::good;
        return;
    }
    if (what == signal::cache_info) {
        found = cache_.good ? presence::good : presence::flawed;
        values_.block_size = cache_.block_size;
        values_.block_count = cache_.block_count;
        return;
    }
    double sum = 0;
    double most = 0;
    bool all_good = !from->groups.empty();
    for (const auto& g : from->groups) {
        all_good = all_good && g.good;
        sum += g.value;
        most = std::max(most, g.value);
    }
    found = all_good ? presence::good : presence::flawed;
    if (!all_good) return;
    switch (what) {
        case signal::waiting:
            values_.waiting = sum;
            break;
        case signal::running:
            values_.running = sum;
            break;
        case signal::kv_usage:
            values_.kv_clamped = most > 1;
            values_.kv_usage = std::min(most, 1.0);
            break;
        case signal::block_size:
            values_.block_size = static_cast<std::uint32_t>(most);
            break;
        case signal::block_count:
            values_.block_count = static_cast<std::uint32_t>(most);
            break;
        case signal::occupied:
            values_.occupied = sum;
            break;
        case signal::awake:
            values_.asleep = most == 0;
            break;
        case signal::lora_slots:
            slots_for_lora_ = static_cast<int>(most);
            break;
        case signal::lora:
        case signal::lora_loaded:
        case signal::cache_info:
        case signal::custom:
            break;
    }
}

/// Newer servers tell which adapters are in memory, instead of which have requests.
void page_reader::settle_loaded_lora() {
    auto& found = values_.found[index(signal::lora)];
    const bool told = values_.of(signal::lora_loaded) != presence::absent ||
                      values_.of(signal::lora_slots) == presence::good;
    if (found != presence::absent || !told) return;
    found = presence::good;
    values_.lora_running = loaded_;
    values_.lora_waiting = {};
    values_.lora_max = slots_for_lora_;
}

void page_reader::settle_customs(std::size_t engine) {
    const auto& customs = plan_->engines()[engine].customs;
    values_.customs.assign(customs.size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; !customs.empty() && i < slots_.size(); ++i) {
        const auto& u = plan_->uses()[i];
        if (u.engine != engine || u.what != signal::custom || slots_[i].groups.empty()) continue;
        values_.customs[u.candidate] = slots_[i].groups.front().value;
    }
}

const page_values& page_reader::finish() {
    std::size_t engine = plan_->engines().size();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].seen) engine = std::min(engine, plan_->uses()[i].engine);
    }
    if (engine == plan_->engines().size()) return values_;
    values_.engine = &plan_->engines()[engine];
    values_.model_name = model_name_;
    for (std::size_t what = 0; what < signal_count; ++what)
        settle(static_cast<signal>(what), engine);
    settle_loaded_lora();
    settle_customs(engine);
    return values_;
}

bool page_reader::lacks(signal what, const engine_mapping& engine) const {
    const bool optional = what == signal::lora || what == signal::lora_loaded ||
                          what == signal::lora_slots || what == signal::awake ||
                          what == signal::occupied ||
                          (what == signal::kv_usage && engine.kv_may_lack);
    return !optional && !engine.specs(what).empty() && values_.of(what) == presence::absent;
}

std::size_t page_reader::missing_count(const engine_mapping& engine) const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < signal_count; ++i)
        n += lacks(static_cast<signal>(i), engine) ? 1U : 0U;
    return n;
}

std::vector<std::pair<signal, std::string>> page_reader::missing(
    const engine_mapping& engine) const {
    std::vector<std::pair<signal, std::string>> out;
    for (std::size_t i = 0; i < signal_count; ++i) {
        const auto what = static_cast<signal>(i);
        if (lacks(what, engine)) out.emplace_back(what, engine.specs(what)[0].text());
    }
    return out;
}

lora_state parse_lora(std::string_view running, std::string_view waiting, int max_active) {
    return {name_list(running), name_list(waiting), max_active};
}

}  // namespace weir::datalayer
