#include "sim/metrics_page.hpp"

#include <charconv>
#include <cmath>

namespace weir::sim {

// Shortest digits that read back the same; plain below a million, then with an exponent
// (prometheus_client).
std::string format_sample(double v) {
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
    char text[400];
    const auto magnitude = std::abs(v);
    const bool tiny = magnitude != 0 && magnitude < 1e-4;
    const auto style =
        tiny || magnitude >= 1e16 ? std::chars_format::scientific : std::chars_format::fixed;
    std::string out(text, std::to_chars(text, text + sizeof text, v, style).ptr);
    if (style == std::chars_format::scientific) return out;
    if (out.find('.') == std::string::npos) out += ".0";
    const auto dot = out.find('.');
    if (v <= 0 || dot <= 6) return out;
    std::string mantissa = out.substr(0, 1) + "." + out.substr(1, dot - 1) + out.substr(dot + 1);
    while (mantissa.back() == '0' || mantissa.back() == '.') mantissa.pop_back();
    const auto exponent = std::to_string(dot - 1);
    return mantissa + "e+" + (exponent.size() < 2 ? "0" : "") + exponent;
}

void page_writer::family(std::string_view name, std::string_view help, std::string_view type) {
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void page_writer::bare(std::string_view name, std::string_view labels, double v) {
    out_ += name;
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_.append(" ").append(format_sample(v)).append("\n");
}

void page_writer::sample(std::string_view name, double v, std::string_view more_labels) {
    if (more_labels.empty()) return bare(name, labels_, v);
    std::string all = labels_;
    if (!all.empty()) all += ',';
    all += more_labels;
    bare(name, all, v);
}

void page_writer::created(std::string_view name, std::string_view more_labels) {
    if (created_ < 0) return;
    const auto full = std::string(name) + "_created";
    family(full, std::string(name) + " creation time", "gauge");
    sample(full, created_, more_labels);
}

void page_writer::gauge(std::string_view name, std::string_view help, double v,
                        std::string_view more_labels) {
    family(name, help, "gauge");
    sample(name, v, more_labels);
}

void page_writer::counter(std::string_view name, std::string_view help, double v,
                          std::string_view more_labels) {
    const auto full = std::string(name) + "_total";
    family(full, help, "counter");
    sample(full, v, more_labels);
    created(name, more_labels);
}

void page_writer::histogram(std::string_view name, std::string_view help, const distribution& d) {
    family(name, help, "histogram");
    const auto bucket = std::string(name) + "_bucket";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= d.bounds().size(); ++i) {
        below += d.bucket(i);
        const auto le = i < d.bounds().size() ? format_sample(d.bounds()[i]) : "+Inf";
        auto all = labels_;
        // Label names print in alphabetical order; of the common ones `model_name` and its
        // followers come behind.
        const auto behind = all.find("model_name=");
        if (behind != std::string::npos) {
            all.insert(behind, "le=\"" + le + "\",");
        } else {
            all += (all.empty() ? "le=\"" : ",le=\"") + le + "\"";
        }
        bare(bucket, all, static_cast<double>(below));
    }
    sample(std::string(name) + "_count", static_cast<double>(d.count()));
    sample(std::string(name) + "_sum", d.sum());
    created(name, {});
}

}  // namespace weir::sim
