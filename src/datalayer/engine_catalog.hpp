#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "config/picker_settings.hpp"
#include "datalayer/page_reader.hpp"
#include "http/tls_client.hpp"
#include "weir/endpoint.hpp"

namespace weir::datalayer {

/// How the endpoints of one pool are read: the built-in engines with what `core-metrics-extractor`
/// and `metrics-data-source` change. Immutable once made.
class engine_catalog {
  public:
    /// The built-in engines at their usual places.
    engine_catalog();
    /// Without a metrics source in the settings nothing is scraped.
    explicit engine_catalog(const config::data_layer_settings& settings);

    /// How to read one endpoint.
    struct choice {
        const engine_mapping* engine = nullptr;  ///< null: the page tells
        std::shared_ptr<const extraction_plan> plan;
        std::vector<metrics_location> locations;  ///< empty: there is no page
    };
    /// By the endpoint's engine label (the configured key, else
    /// `inference.networking.k8s.io/engine-type`). Without one, or with an unknown value, the page
    /// decides, the default engine first.
    choice choose(const endpoint& e) const;

    /// The engine to compare a page with that has no known family.
    const engine_mapping& fallback() const { return any_->engines().front(); }

    /// How seldom the metrics source wants to be asked; 0: at the usual pace.
    duration interval() const { return interval_; }

    /// How the pages are asked for; null: over plain HTTP.
    const std::shared_ptr<const http::tls_client>& tls() const { return tls_; }

    /// The keys of all custom signals, each once.
    std::vector<std::string> attribute_keys() const;

    /// True when both read every endpoint alike: a reload that changed something else.
    bool same_as(const engine_catalog& other) const;

    /// Specs and files that could not be read, as sentences. Such a value counts as not given;
    /// without its files a source is not asked.
    const std::vector<std::string>& problems() const { return problems_; }

  private:
    void read_source(const std::vector<config::source_settings>& sources);
    engine_mapping convert(const config::engine_settings& from);
    void add_spec(engine_mapping& to, signal what, const std::string& text, std::string_view key);

    std::string extractor_;
    std::string label_key_;
    std::string path_;        ///< of the metrics source, where it is not the usual one
    std::uint16_t port_ = 0;  ///< of the metrics source; 0: the engine's
    duration interval_{};
    std::shared_ptr<const http::tls_client> tls_;  ///< of the metrics source
    bool scrapes_ = true;                          ///< false: there is no metrics source
    std::map<std::string, std::shared_ptr<const extraction_plan>, std::less<>> by_name_;
    std::shared_ptr<const extraction_plan> any_;
    std::vector<std::string> problems_;
};

}  // namespace weir::datalayer
