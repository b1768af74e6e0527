#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "sim/options.hpp"

/// Values of flags. Each reader throws CLI::ValidationError with what was wanted instead.
namespace weir::app {

/// A Go duration, not negative; `0` is none.
duration read_duration(const std::string& text);
/// A Go duration above zero.
duration read_period(const std::string& text);
/// A number with an optional Kubernetes suffix: `100`, `32Ki`, `1Gi`.
std::size_t read_size(const std::string& text);
std::uint64_t read_bytes(const std::string& text);
/// The same, at least 1.
std::size_t read_limit(const std::string& text);
/// A whole number of at most 64 bits, without sign.
std::uint64_t read_whole(const std::string& text);
/// A number of cores above 0.
double read_cores(const std::string& text);
/// 0 to 0.5
double read_jitter(const std::string& text);
/// `80=8080`
std::pair<std::uint16_t, std::uint16_t> read_port_map(const std::string& text);
sim::personality read_engine(const std::string& text);
/// `http://host:port`, given back as it is.
std::string read_endpoint_url(const std::string& url);
/// `ip:port`; `localhost` becomes 127.0.0.1, port 0 lets the kernel choose.
std::string read_address(const std::string& text);
/// The same, or `off`.
std::string read_admin_address(const std::string& text);
/// An IP literal without port.
std::string read_ip(const std::string& text);
/// `Name: value`
std::string read_header(const std::string& text);

}  // namespace weir::app
