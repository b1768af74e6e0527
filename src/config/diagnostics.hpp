#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "config/node.hpp"

namespace weir::config {

enum class severity : std::uint8_t { error, warning, note };

/// One thing found in the configuration. `code` is stable (`WEIR0203`) and explained by `weir check
/// --explain`.
struct finding {
    severity level = severity::error;
    std::string code;
    std::string message;     ///< one sentence, no full stop
    span at;                 ///< the caret goes under this value; empty file: no source line
    std::string label;       ///< short text beside the caret, may be empty
    std::string help;        ///< the cure, may be empty
    std::string suggestion;  ///< replacement text for `at`, may be empty
    std::vector<std::string> allowed;  ///< the allowed values, where there are few
    std::string note;                  ///< the symptom a client would see, or where else to look
};

/// Collects the findings of one pass over all files.
class findings {
  public:
    /// Beyond 1000 findings a file, further ones are only counted; what is returned then is thrown
    /// away.
    finding& add(severity level, std::string_view code, std::string_view message, const span& at);
    finding& error(std::string_view code, std::string_view message, const span& at) {
        return add(severity::error, code, message, at);
    }
    finding& warning(std::string_view code, std::string_view message, const span& at) {
        return add(severity::warning, code, message, at);
    }
    finding& note(std::string_view code, std::string_view message, const span& at) {
        return add(severity::note, code, message, at);
    }

    std::size_t count(severity level) const {
        std::size_t n = dropped_[static_cast<std::size_t>(level)];
        for (const auto& f : list_) n += f.level == level ? 1 : 0;
        return n;
    }
    bool has_errors() const { return count(severity::error) != 0; }
    /// So many in one file that reading on would only take time.
    bool is_hopeless(const source_file* file) const {
        const auto found = per_file_.find(file);
        return found != per_file_.end() && found->second > 100'000;
    }
    /// Whether the finding that was added last to a file was kept, not only counted.
    bool keeps(const source_file* file) const {
        const auto found = per_file_.find(file);
        return found == per_file_.end() || found->second <= kept_per_file;
    }
    const std::vector<finding>& list() const { return list_; }
    std::vector<finding>& list() { return list_; }

    /// Keeps a text alive for the spans that point into it; every reader of a source calls it once.
    void keep(source_ptr source) { sources_.push_back(std::move(source)); }
    const std::vector<source_ptr>& sources() const { return sources_; }

    /// Moves everything out of `other` behind what is here.
    void append(findings&& other) {
        for (auto& f : other.list_) list_.push_back(std::move(f));
        for (auto& s : other.sources_) sources_.push_back(std::move(s));
        for (std::size_t i = 0; i < dropped_.size(); ++i) dropped_[i] += other.dropped_[i];
        other.dropped_ = {};
        other.list_.clear();
        other.sources_.clear();
    }

  private:
    static constexpr std::size_t kept_per_file = 1000;

    std::vector<finding> list_;
    std::vector<source_ptr> sources_;
    std::array<std::size_t, 3> dropped_{};  ///< by severity: found beyond the bound of a file
    std::unordered_map<const source_file*, std::size_t> per_file_;
    finding overflow_;
};

/// `error[WEIR0203]: …` with place, source line, caret, help and note; plain ASCII art, colour on
/// request. At most 50 findings a file, then a count; identical ones folded.
std::string render_text(const findings& found, bool colour);
/// The members `findings`, a list of {code, severity, message, file, line, column, …}, and, beyond
/// the cap, `notShown`, into an object that is open.
void write_findings(json_writer& json, const findings& found);
/// One `::error file=F,line=N,col=C::…` line a finding.
std::string render_github(const findings& found);

}  // namespace weir::config
