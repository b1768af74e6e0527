#include "admin/explain_render.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace weir::admin {
namespace {

using scheduling::explanation;
using scheduling::profile_explanation;

constexpr double same_score = 1e-9;

constexpr std::size_t most_columns = 8;  ///< endpoints that fit beside each other

std::string_view to_word(profile_status s) {
    switch (s) {
        case profile_status::not_run:
            return "not run";
        case profile_status::skipped:
            return "skipped";
        case profile_status::failed:
            return "failed";
        case profile_status::ran:
            return "ran";
    }
    return "not run";
}

std::string name_of(std::uint32_t i, std::span<const endpoint> endpoints) {
    return i < endpoints.size() ? endpoints[i].id() : "#" + std::to_string(i);
}

/// `0.3333`: as many digits as tell scores apart, none that say nothing.
std::string number(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", v);
    std::string out = text;
    while (out.ends_with('0')) out.pop_back();
    if (out.ends_with('.')) out.pop_back();
    return out == "-0" ? "0" : out;
}

/// The name of an instance; its type is said only when it differs.
std::string short_name(const std::string& plugin) {
    const auto slash = plugin.find('/');
    return plugin.substr(0, slash);
}

struct row {
    std::vector<std::string> cells;
    std::string tail;  ///< behind the last cell, of no column
};

std::string table(const std::vector<row>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& r : rows) {
        widths.resize(std::max(widths.size(), r.cells.size()));
        for (std::size_t i = 0; i < r.cells.size(); ++i)
            widths[i] = std::max(widths[i], r.cells[i].size());
    }
    std::string out;
    for (const auto& r : rows) {
        std::string line = "  ";
        for (std::size_t i = 0; i < r.cells.size(); ++i) {
            const std::string fill(widths[i] - r.cells[i].size(), ' ');
            // Texts to the left, numbers to the right.
            line += i < 3 ? r.cells[i] + fill : fill + r.cells[i];
            line += i == 0 ? " " : "  ";
        }
        line += r.tail;
        while (line.ends_with(' ')) line.pop_back();
        out += line + "\n";
    }
    return out;
}

/// `12 ms`, `3.4 s`.
std::string age(double seconds) {
    char text[32];
    if (seconds < 1) {
        std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
    } else {
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    }
    return text;
}

/// What the endpoint's last page said, and how old it was. A page that never came says nothing.
void add_signals(row& to, const signal_columns* signals, std::uint32_t e) {
    if (signals == nullptr || e >= signals->size()) return;
    if (!std::isfinite(signals->age_seconds[e])) {
        to.cells.insert(to.cells.end(), {"?", "?", "?", "never"});
        return;
    }
    to.cells.push_back(number(signals->waiting[e]));
    to.cells.push_back(number(signals->running[e]));
    to.cells.push_back(number(std::round(signals->kv_usage[e] * 1e3) / 10) + "%");
    to.cells.push_back(age(signals->age_seconds[e]));
}

std::string authority_of(std::uint32_t e, std::span<const endpoint> endpoints) {
    return e < endpoints.size() ? endpoints[e].authority() : std::string();
}

/// Which filter dropped an endpoint; empty: none.
std::string dropped_by(const profile_explanation& p, std::uint32_t endpoint) {
    for (const auto& f : p.filters) {
        if (std::find(f.dropped.begin(), f.dropped.end(), endpoint) != f.dropped.end())
            return short_name(f.plugin);
    }
    return {};
}

row head_row(const profile_explanation& p, const signal_columns* signals) {
    row out{{"", "endpoint", "address"}, {}};
    if (signals != nullptr) out.cells.insert(out.cells.end(), {"waiting", "running", "KV", "age"});
    for (const auto& s : p.scorers)
        out.cells.push_back(short_name(s.plugin) + " x" + number(s.weight));
    out.cells.emplace_back("total");
    return out;
}

row survivor_row(const profile_explanation& p, std::size_t i, std::span<const endpoint> endpoints,
                 const signal_columns* signals) {
    const auto e = p.survivors[i];
    const bool picked = std::find(p.picks.begin(), p.picks.end(), e) != p.picks.end();
    row out{{picked ? ">" : "", name_of(e, endpoints), authority_of(e, endpoints)}, {}};
    add_signals(out, signals, e);
    for (const auto& s : p.scorers) {
        if (i < s.raw.size()) out.cells.push_back(number(s.raw[i]) + " = " + number(s.weighted[i]));
    }
    if (i < p.totals.size()) out.cells.push_back(number(p.totals[i]));
    return out;
}

/// Survivors, the best first, then what filters dropped.
std::string profile_table(const profile_explanation& p, std::span<const endpoint> endpoints,
                          const signal_columns* signals) {
    std::vector<std::size_t> order(p.survivors.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (p.totals.size() == order.size()) {
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return p.totals[a] > p.totals[b]; });
    }
    std::vector<row> rows = {head_row(p, signals)};
    for (const auto i : order) rows.push_back(survivor_row(p, i, endpoints, signals));
    for (const auto e : p.candidates) {
        const auto by = dropped_by(p, e);
        if (by.empty()) continue;
        row out{{"-", name_of(e, endpoints), authority_of(e, endpoints)}, "dropped by " + by};
        add_signals(out, signals, e);
        rows.push_back(std::move(out));
    }
    return table(rows);
}

/// The numbers that scores were made of, each once (two scorers may read the same ones), but for
/// the signals that stand in the table.
std::vector<const scheduling::named_column*> inputs_of(const profile_explanation& p,
                                                       const signal_columns* signals) {
    std::vector<std::string_view> shown;
    if (signals != nullptr) shown = {"waiting", "running", "kvUsage"};
    std::vector<const scheduling::named_column*> out;
    for (const auto& s : p.scorers) {
        for (const auto& c : s.inputs) {
            if (std::find(shown.begin(), shown.end(), c.name) != shown.end()) continue;
            shown.push_back(c.name);
            out.push_back(&c);
        }
    }
    return out;
}

/// An endpoint a column and an input a line: inputs are many where endpoints are few.
std::string input_table(const profile_explanation& p, std::span<const endpoint> endpoints,
                        const signal_columns* signals) {
    const auto inputs = inputs_of(p, signals);
    if (inputs.empty() || p.survivors.size() > most_columns) return {};
    std::vector<row> rows = {{{"", "read for it", ""}, {}}};
    for (const auto e : p.survivors) rows[0].cells.push_back(name_of(e, endpoints));
    for (const auto* c : inputs) {
        rows.push_back({{"", c->name, ""}, {}});
        for (const auto v : c->values) rows.back().cells.push_back(std::isnan(v) ? "-" : number(v));
    }
    return table(rows);
}

void write_ids(json_writer& w, std::string_view key, std::span<const std::uint32_t> list,
               std::span<const endpoint> endpoints) {
    w.key(key).begin_array();
    for (const auto i : list) w.value(name_of(i, endpoints));
    w.end_array();
}

void write_filters(json_writer& w, const profile_explanation& p,
                   std::span<const endpoint> endpoints) {
    w.key("filters").begin_array();
    for (const auto& f : p.filters) {
        w.begin_object().field("plugin", f.plugin);
        write_ids(w, "kept", f.kept, endpoints);
        write_ids(w, "dropped", f.dropped, endpoints);
        w.end_object();
    }
    w.end_array();
}

void write_inputs(json_writer& w, const scheduling::scorer_verdict& s, std::size_t i) {
    if (s.inputs.empty()) return;
    w.key("inputs").begin_object();
    for (const auto& c : s.inputs) {
        if (i < c.values.size() && !std::isnan(c.values[i])) w.field(c.name, c.values[i]);
    }
    w.end_object();
}

void write_scorers(json_writer& w, const profile_explanation& p,
                   std::span<const endpoint> endpoints) {
    w.key("scorers").begin_array();
    for (const auto& s : p.scorers) {
        w.begin_object().field("plugin", s.plugin).field("weight", s.weight);
        w.key("scores").begin_array();
        for (std::size_t i = 0; i < s.raw.size() && i < p.survivors.size(); ++i) {
            w.begin_object().field("endpoint", name_of(p.survivors[i], endpoints));
            w.field("raw", s.raw[i]).field("clamped", s.clamped[i]);
            w.field("weighted", s.weighted[i]);
            write_inputs(w, s, i);
            w.end_object();
        }
        w.end_array().end_object();
    }
    w.end_array();
}

void write_profile(json_writer& w, const profile_explanation& p,
                   std::span<const endpoint> endpoints) {
    w.begin_object().field("name", p.name).field("status", to_word(p.status));
    write_ids(w, "candidates", p.candidates, endpoints);
    write_filters(w, p, endpoints);
    write_ids(w, "survivors", p.survivors, endpoints);
    write_scorers(w, p, endpoints);
    w.key("totals").begin_array();
    for (std::size_t i = 0; i < p.totals.size() && i < p.survivors.size(); ++i) {
        w.begin_object().field("endpoint", name_of(p.survivors[i], endpoints));
        w.field("total", p.totals[i]).end_object();
    }
    w.end_array().field("picker", p.picker);
    write_ids(w, "picks", p.picks, endpoints);
    w.end_object();
}

}  // namespace

std::string_view to_string(decision_error e) {
    switch (e) {
        case decision_error::none:
            return "none";
        case decision_error::filters_empty:
            return "filters_empty";
        case decision_error::no_target:
            return "no_target";
        case decision_error::screened_out:
            return "screened_out";
        case decision_error::not_admitted:
            return "not_admitted";
        case decision_error::precondition_failed:
            return "precondition_failed";
        case decision_error::internal:
            return "internal";
    }
    return "internal";
}

std::string render_explanation(const explanation& what, std::span<const endpoint> endpoints,
                               const signal_columns* signals) {
    std::string out;
    for (const auto& p : what.profiles) {
        out += "profile " + p.name + ": " + std::string(to_word(p.status));
        if (p.status == profile_status::not_run || p.status == profile_status::skipped) {
            out += "\n";
            continue;
        }
        out += ", " + std::to_string(p.candidates.size()) + " candidates, " +
               std::to_string(p.survivors.size()) + " after filters";
        if (!p.picker.empty()) out += ", picked by " + short_name(p.picker);
        out += "\n" + profile_table(p, endpoints, signals) + input_table(p, endpoints, signals);
    }
    const auto targets = what.result.primary_targets();
    if (what.result.ok() && !targets.empty()) {
        out += "picked " + name_of(targets.front(), endpoints);
        if (targets.front() < endpoints.size())
            out += " (" + endpoints[targets.front()].authority() + ")";
        return out + "\n";
    }
    return out + "no endpoint: " +
           (what.result.message.empty() ? std::string(to_string(what.result.error))
                                        : what.result.message) +
           "\n";
}

std::string render_margin(double picked, std::span<const double> others) {
    if (others.empty()) return "the only one left";
    const auto level = std::count_if(others.begin(), others.end(), [picked](double total) {
        return std::abs(total - picked) < same_score;
    });
    const double best = *std::max_element(others.begin(), others.end());
    std::string out = "total " + number(picked) + ", ";
    if (best - picked >= same_score) return out + "drawn although another had " + number(best);
    if (level == 0) return out + number(picked - best) + " ahead of the next";
    return out + "level with " + std::to_string(level) + (level == 1 ? " other" : " others");
}

std::string render_pick(const explanation& what, std::span<const endpoint> endpoints) {
    const auto targets = what.result.primary_targets();
    if (!what.result.ok() || targets.empty()) return {};
    const auto picked = targets.front();
    for (const auto& p : what.profiles) {
        if (std::find(p.picks.begin(), p.picks.end(), picked) == p.picks.end()) continue;
        double total = 0;
        std::vector<double> others;
        for (std::size_t i = 0; i < p.survivors.size() && i < p.totals.size(); ++i) {
            if (p.survivors[i] == picked) {
                total = p.totals[i];
            } else {
                others.push_back(p.totals[i]);
            }
        }
        return name_of(picked, endpoints) + ": " + render_margin(total, others);
    }
    return name_of(picked, endpoints);
}

void write_explanation(json_writer& w, const explanation& what,
                       std::span<const endpoint> endpoints) {
    w.key("profiles").begin_array();
    for (const auto& p : what.profiles) write_profile(w, p, endpoints);
    w.end_array().key("decision").begin_object();
    const auto targets = what.result.primary_targets();
    const bool found = what.result.ok() && !targets.empty();
    w.field("endpoint", found ? name_of(targets.front(), endpoints) : std::string());
    w.field("address", found && targets.front() < endpoints.size()
                           ? endpoints[targets.front()].authority()
                           : std::string());
    write_ids(w, "targets", targets, endpoints);
    w.field("error", to_string(what.result.error)).field("message", what.result.message);
    w.field("status", status_of(what.result.error)).end_object();
}

}  // namespace weir::admin
