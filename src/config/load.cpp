#include "config/load.hpp"

#include "config/discover.hpp"
#include "config/parse.hpp"
#include "config/resolve.hpp"

namespace weir::config {
namespace {

/// The text of `--config-text`, else of `--config-file`; null when there is none, or after an
/// error.
source_ptr read_picker_flag(const load_options& options, findings& found) {
    if (!options.config_text.empty()) {
        return std::make_shared<const source_file>(
            source_file{"<config-text>", options.config_text});
    }
    if (options.config_file.empty()) return nullptr;
    return read_source(options.config_file, found, options.pipes);
}

void list_skipped(const resources& all, std::vector<std::string>& skipped) {
    for (const auto& s : all.skipped) {
        const auto& space = s.meta.name_space.value;
        skipped.push_back(s.meta.kind + " " + (space.empty() ? s.meta.name.value : s.meta.id()));
    }
}

}  // namespace

load_result load(const load_options& options) {
    load_result result;
    if (!options.config_file.empty() && !options.config_text.empty()) {
        // The endpoint picker's own words.
        result.usage_error =
            "both the \"config-file\" and \"config-text\" flags cannot be set at the same time";
        return result;
    }
    resources all;
    const auto sources = read_sources(options.filenames, result.found, options.pipes);
    for (const auto& source : sources) parse_source(source, all, result.found);
    check_duplicates(all, result.found);
    const auto picker_flag = read_picker_flag(options, result.found);
    auto resolved = resolve(all, options, picker_flag, result.found);
    for (const auto& source : sources) resolved.value->sources.push_back(source->path);
    list_skipped(all, result.skipped);
    result.usage_error = std::move(resolved.usage_error);
    result.value = std::move(resolved.value);
    return result;
}

}  // namespace weir::config
