#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/parse.hpp"

/// What the tests of src/config share: read a text, and say findings in one line each.
namespace weir::config::reading {

struct reader {
    resources all;
    findings found;
};

inline source_ptr source(std::string_view text, std::string_view path = "test.yaml") {
    return std::make_shared<const source_file>(source_file{std::string(path), std::string(text)});
}

inline reader read(std::string_view text, std::string_view path = "test.yaml") {
    reader out;
    parse_source(source(text, path), out.all, out.found);
    check_duplicates(out.all, out.found);
    return out;
}

/// `WEIR0205 6:3 unknown field …`, one line a finding.
inline std::string said(const findings& found) {
    std::string out;
    for (const auto& f : found.list()) {
        if (!out.empty()) out += '\n';
        out += f.code + " " + std::to_string(f.at.start.line) + ":" +
               std::to_string(f.at.start.column) + " " + f.message;
    }
    return out;
}

/// `{"findings":[…]}`, what `weir check --format json` begins with.
inline std::string as_json(const findings& found) {
    json_writer json;
    json.begin_object();
    write_findings(json, found);
    return json.end_object().take();
}

/// The text that a span covers.
inline std::string covered(const span& at) {
    return at.file == nullptr
               ? std::string()
               : at.file->text.substr(at.start.offset, at.end.offset - at.start.offset);
}

}  // namespace weir::config::reading
