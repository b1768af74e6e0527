#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace weir::config {

/// Puts the events of one document together to a tree: pairs keys with values, resolves anchors,
/// aliases and merge keys, finds duplicate keys, and holds the bounds of yaml.hpp. After a call
/// returned false the document is given up; the finding that says why has been added.
class tree_builder {
  public:
    explicit tree_builder(findings& found) : found_(found) {}

    void begin_document();
    bool scalar(node&& value, std::string_view anchor);
    bool alias(std::string_view name, const span& at);
    bool begin_container(node_kind kind, std::string_view anchor, const span& at);
    /// `end` is where a flow collection closes; a block collection ends with its last value
    /// (`end.line` is 0).
    bool end_container(mark end);

    /// Whether the next value is a mapping's key.
    bool expects_key() const;
    /// Where the container that is still open was opened, or null.
    const span* open_at() const { return frames_.empty() ? nullptr : &frames_.back().container.at; }
    bool done() const { return frames_.empty() && values_.size() == 1; }
    node take();

  private:
    struct frame {
        node container;
        std::size_t first = 0;  ///< of its children in `values_`
        std::string anchor;
    };

    struct anchored {
        node value;
        std::size_t cost = 0;
        std::size_t depth = 0;
    };

    bool push(node&& value, std::string_view anchor);
    bool remember(const node& value, std::string_view anchor);
    bool close_mapping(frame& f);
    bool merge(const node& key, node&& value, std::vector<node_field>& merged);
    void report_duplicates(const node& mapping);

    findings& found_;
    std::vector<frame> frames_;
    std::vector<node> values_;
    std::unordered_map<std::string, anchored> anchors_;
    std::size_t count_ = 0;
    std::size_t alias_cost_ = 0;
};

}  // namespace weir::config
