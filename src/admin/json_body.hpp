#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/node.hpp"

namespace weir::admin {

/// The JSON object of a POST. Getters note the first member that is not of the wanted type;
/// `problem` has a sentence then.
class json_body {
  public:
    explicit json_body(std::string text);
    json_body(const json_body&) = delete;
    json_body& operator=(const json_body&) = delete;

    /// What is wrong; empty: nothing so far.
    const std::string& problem() const { return problem_; }
    void fail(std::string sentence);

    bool has(std::string_view name) const;
    std::string text(std::string_view name, std::string_view fallback = {});
    std::optional<std::int64_t> number(std::string_view name);
    /// Members of the object, texts only, in order.
    std::vector<std::pair<std::string, std::string>> texts(std::string_view name);
    /// The list of numbers; empty when absent.
    std::vector<std::int64_t> numbers(std::string_view name);
    /// The member's JSON as it was written; empty when absent.
    std::string raw(std::string_view name) const;
    bool is_text(std::string_view name) const;
    /// Every member must be one of `names`; the nearest name is told otherwise.
    void only(std::initializer_list<std::string_view> names);

  private:
    const config::node* get(std::string_view name) const { return root_.get(name); }

    config::source_ptr file_;
    config::node root_;
    std::string problem_;
};

}  // namespace weir::admin
