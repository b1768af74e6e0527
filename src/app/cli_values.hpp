#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "sim/options.hpp"

/// Texts of the command line turned into values. A text that is none throws CLI::ValidationError
/// with a sentence.
namespace weir::app {

duration read_duration(const std::string& text);
std::size_t read_size(const std::string& text);
std::uint64_t read_bytes(const std::string& text);
std::pair<std::uint16_t, std::uint16_t> read_port_map(const std::string& text);
sim::personality read_engine(const std::string& text);
/// `http://host:port` and nothing behind it.
void check_endpoint_url(const std::string& url);

}  // namespace weir::app
