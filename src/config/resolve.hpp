#pragma once

#include <memory>
#include <string>

#include "config/load.hpp"
#include "config/model.hpp"
#include "config/resources.hpp"

namespace weir::config {

struct resolve_result {
    /// Complete also when `found` got errors, so that everything is reported at once.
    std::shared_ptr<model> value;
    /// Not empty: a mistake of the command line that only the files reveal.
    std::string usage_error;
};

/// Follows every reference and reports what leads nowhere. `picker_flag` is the text of
/// `--config-file` or
/// `--config-text`, or null. Reads no file; may ask the resolver for the name of a Gateway address.
resolve_result resolve(const resources& all, const load_options& options,
                       const source_ptr& picker_flag, findings& found);

}  // namespace weir::config
