#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.hpp"
#include "config/node.hpp"
#include "weir/parameters.hpp"

namespace weir::scheduling {

/// `parameters` over a piece of a configuration tree. Findings go to `found` with the place of the
/// value.
class node_parameters final : public parameters {
  public:
    /// How findings are worded and how strict they are, for an object and all below it.
    struct style {
        std::string prefix;  ///< put before each message: `failed to create plugin 'x' (type: y): `
        bool allow_unknown = false;  ///< unknown keys are notes, as older configurations had them
    };

    /// `object` null or a null node: not given. Anything but a mapping is reported. `path` names
    /// the object in messages
    /// (`algorithm.threshold`), empty for the outermost one. `instead` is where findings about an
    /// absent object point.
    node_parameters(const config::node* object, std::shared_ptr<const style> how,
                    config::findings& found, const config::span& instead = {},
                    std::string path = {});

    bool given() const override { return object_ != nullptr; }
    bool has(std::string_view key) override;
    std::int64_t integer(std::string_view key, std::int64_t fallback, number_range range) override;
    double number(std::string_view key, double fallback, number_range range) override;
    bool boolean(std::string_view key, bool fallback) override;
    std::string text(std::string_view key, std::string_view fallback) override;
    std::string one_of(std::string_view key, std::string_view fallback,
                       std::initializer_list<std::string_view> allowed) override;
    std::chrono::nanoseconds duration(std::string_view key,
                                      std::chrono::nanoseconds fallback) override;
    std::vector<std::string> texts(std::string_view key) override;
    parameters& object(std::string_view key) override;
    std::vector<parameters*> objects(std::string_view key) override;
    std::vector<std::string> keys() override;
    void reject(std::string_view key, std::string_view message, std::string_view help) override;
    void warn(std::string_view key, std::string_view message) override;
    void note(std::string_view key, std::string_view message) override;
    bool ok() const override;
    void ignore_all() override { ignore_all_ = true; }

    /// Reports the keys nobody asked for, here and below. Call once, when the factory has returned.
    void report_unknown();

    /// The place of `key`'s value, or of the object.
    config::span place(std::string_view key) const;

  private:
    const config::node* look(std::string_view key);
    const config::node* peek(std::string_view key) const;
    std::string full(std::string_view key) const;
    void wrong(const config::node& value, std::string_view key, std::string_view expected);
    bool in_range(const config::node& value, std::string_view key, double v,
                  const number_range& range);
    void report_key(const config::node& key);

    const config::node* object_ = nullptr;
    std::shared_ptr<const style> style_;
    config::findings* found_;
    config::span instead_;
    std::string path_;
    std::vector<std::string> known_;
    std::vector<std::pair<std::string, std::unique_ptr<node_parameters>>> below_;
    bool ignore_all_ = false;
    bool failed_ = false;
};

}  // namespace weir::scheduling
