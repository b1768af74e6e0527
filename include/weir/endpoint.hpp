#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// One model-server address of a pool. Immutable; a changed label or address makes a new value.
/// Identity is `namespace/name` (pool-discovered Pods: `<pod>-rank-<target port index>`).
struct endpoint {
    std::string name_space;
    std::string name;
    std::string address;  ///< IP literal as written, IPv6 without brackets
    std::uint16_t port = 0;
    std::uint32_t rank = 0;  ///< index of the target port this endpoint was made from
    std::vector<std::pair<std::string, std::string>> labels;  ///< sorted by key
    /// Unique in the process and kept across reloads; 0: not given, use `key()`.
    std::uint64_t serial = 0;

    /// `namespace/name`, the form every log, header and admin answer uses.
    std::string id() const { return name_space + "/" + name; }

    /// `ip:port`, IPv6 in brackets.
    std::string authority() const {
        const bool v6 = address.find(':') != std::string::npos;
        return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
    }

    /// A number for this identity: the serial, else a hash (FNV-1a) of `namespace/name`.
    std::uint64_t key() const {
        if (serial != 0) return serial;
        std::uint64_t h = 0xcbf29ce484222325ULL;
        const auto mix = [&h](std::string_view part) {
            for (const char c : part) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        };
        mix(name_space);
        mix("/");
        mix(name);
        return h;
    }

    /// The label's value, or nullptr when the endpoint does not carry it.
    const std::string* label(std::string_view key) const {
        for (const auto& [k, v] : labels) {
            if (k == key) return &v;
        }
        return nullptr;
    }
};

}  // namespace weir
