#pragma once

#include <string>
#include <string_view>

namespace weir::config {

/// What a YAML parser complained about, for people.
struct yaml_problem {
    std::string message;  ///< one sentence, no full stop
    std::string help;     ///< the cure, may be empty
    std::string_view code = "WEIR0101";
    bool at_context =
        false;  ///< the mistake is where the construct began, not where the parser gave up
    bool opens =
        false;  ///< something is not closed: where it opened counts if that is another line
};

/// Puts libyaml's words for a problem into ours. `rest` is the text from the place of the problem
/// on, `line` the whole line it stands in.
yaml_problem explain_yaml_problem(std::string_view problem, std::string_view context,
                                  std::string_view rest, std::string_view line);

}  // namespace weir::config
