// A manifest text, read as YAML and as JSON, resolved and reported. Whatever it is: no crash, every
// finding lies inside of the text, says something, and renders; a text without errors gives a
// model.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "config/codes.hpp"
#include "config/diagnostics.hpp"
#include "config/parse.hpp"
#include "config/resolve.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace weir::config;

void check(const findings& found) {
    for (const auto& f : found.list()) {
        must(!f.message.empty());
        must(find_code(f.code) != nullptr);
        if (f.at.file == nullptr) continue;
        must(f.at.start.offset <= f.at.end.offset);
        must(f.at.end.offset <= f.at.file->text.size());
        must(f.at.start.line <= f.at.end.line);
    }
    must(found.list().empty() == render_text(found, true).empty());
    must(found.list().empty() == render_github(found).empty());
    weir::json_writer json;
    json.begin_object();
    write_findings(json, found);
    must(json.end_object().take().starts_with("{\"findings\":["));
}

void read(const std::string& text, const char* path) {
    findings found;
    resources all;
    const auto source = std::make_shared<const source_file>(source_file{path, text});
    parse_source(source, all, found);
    check_duplicates(all, found);
    for (const auto& map : all.config_maps) {
        for (const auto& entry : map.data) parse_embedded(source, entry.value, found);
    }
    // Names of Gateway addresses are looked up in DNS, which is no business of a fuzzer.
    for (auto& gateway : all.gateways) gateway.addresses.clear();
    const bool good = !found.has_errors();
    const auto resolved = resolve(all, load_options{}, nullptr, found);
    must(!good || resolved.value != nullptr);
    check(found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    read(text, "fuzz.yaml");
    read(text, "fuzz.json");
    return 0;
}
