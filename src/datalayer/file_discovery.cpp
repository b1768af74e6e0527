#include "datalayer/file_discovery.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <system_error>

#include "base/strings.hpp"
#include "config/yaml.hpp"
#include "datalayer/dns.hpp"
#include "http/address.hpp"

namespace weir::datalayer {
namespace {

using config::node;

/// The field of that name; the source's decoder does not mind the case of keys.
const node* field(const node& entry, std::string_view name) {
    if (const auto* exact = entry.get(name)) return exact;
    for (const auto& [key, value] : entry.fields) {
        if (iequals(key.scalar, name)) return &value;
    }
    return nullptr;
}

std::string text_of(const node& entry, std::string_view name) {
    const auto* f = field(entry, name);
    return f == nullptr || !f->is_scalar() ? std::string{} : f->scalar;
}

const config::span& place_of(const node& entry, std::string_view name) {
    const auto* f = field(entry, name);
    return f == nullptr ? entry.at : f->at;
}

/// The first field that is a list or a mapping where a text belongs.
std::optional<std::string> shape_problem(const node& entry) {
    if (!entry.is_mapping()) return "an endpoint is not a mapping";
    for (const auto* name : {"name", "namespace", "address", "port"}) {
        const auto* f = field(entry, name);
        if (f != nullptr && !f->is_scalar() && !f->is_null())
            return std::string(name) + " is not a text";
    }
    const auto* labels = field(entry, "labels");
    if (labels == nullptr || labels->is_null()) return std::nullopt;
    if (!labels->is_mapping()) return "labels is not a mapping";
    for (const auto& [key, value] : labels->fields) {
        if (!value.is_scalar() && !value.is_null()) return "label " + key.scalar + " is not a text";
    }
    return std::nullopt;
}

void read_entry(const node& entry, endpoints_file& out) {
    config::endpoint_source e;
    e.name = text_of(entry, "name");
    e.name_space = text_of(entry, "namespace");
    if (e.name_space.empty()) e.name_space = "default";
    e.host = text_of(entry, "address");
    const auto fail = [&](const std::string& reason, std::string_view where) {
        out.problems.push_back({"endpoint \"" + e.name + "\": " + reason, place_of(entry, where)});
    };
    if (!http::address::parse(e.host, 1) && !is_host_name(e.host)) {
        return fail(
            "invalid IPv4 address \"" + e.host + "\", and no IPv6 address or DNS name either",
            "address");
    }
    const auto port_text = text_of(entry, "port");
    const auto port = parse_int(port_text);
    if (!port || *port < 1 || *port > 65535)
        return fail("invalid port \"" + port_text + "\"", "port");
    e.ports = {static_cast<std::uint16_t>(*port)};
    if (const auto* labels = field(entry, "labels")) {
        for (const auto& [key, value] : labels->fields)
            e.labels.emplace_back(key.scalar, value.scalar);
        std::sort(e.labels.begin(), e.labels.end());
    }
    out.endpoints.push_back(std::move(e));
    out.places.push_back(place_of(entry, "address"));
}

void read_root(const std::string& path, const node& root, endpoints_file& out) {
    const auto unusable = [&](const std::string& why) {
        out.failure = "unmarshalling " + path + ": " + why;
    };
    if (root.is_null()) return;
    if (!root.is_mapping()) return unusable("the file is not a mapping with the field endpoints");
    const auto* list = field(root, "endpoints");
    if (list == nullptr || list->is_null()) return;
    if (!list->is_sequence()) return unusable("endpoints is not a list");
    for (const auto& entry : list->items) {
        if (const auto problem = shape_problem(entry)) return unusable(*problem);
    }
    for (const auto& entry : list->items) read_entry(entry, out);
}

/// What pipes had to say: they can be read only once.
std::map<std::string, std::string>& kept_pipes() {
    static std::map<std::string, std::string> kept;
    return kept;
}

}  // namespace

std::string endpoints_file::start_error() const {
    if (clean()) return {};
    std::string out = "file-discovery: initial load failed: " + failure;
    for (std::size_t i = 0; i < problems.size(); ++i)
        out += (i == 0 ? "" : "\n") + problems[i].text;
    return out;
}

endpoints_file parse_endpoints_file(const std::string& path, std::string text) {
    endpoints_file out;
    if (text.size() > max_endpoints_file) {
        out.failure = "endpoints file " + path + " exceeds 1 MiB limit";
        return out;
    }
    auto source = std::make_shared<config::source_file>();
    source->path = path;
    source->text = std::move(text);
    out.source = source;
    config::findings found;
    std::vector<node> documents;
    config::read_documents(source, found,
                           [&](node&& root) { documents.push_back(std::move(root)); });
    for (const auto& f : found.list()) {
        if (f.level != config::severity::error) continue;
        out.failure =
            "parsing " + path + ": line " + std::to_string(f.at.start.line) + ": " + f.message;
        return out;
    }
    if (!documents.empty()) read_root(path, documents.front(), out);
    return out;
}

endpoints_file read_endpoints_file(const std::string& path, config::pipe_rule pipes) {
    std::error_code unseen;
    const auto what = std::filesystem::status(path, unseen);
    const bool regular = std::filesystem::is_regular_file(what);
    if (const auto kept = kept_pipes().find(path); !regular && kept != kept_pipes().end())
        return parse_endpoints_file(path, kept->second);
    endpoints_file out;
    if (std::filesystem::is_fifo(what) && pipes == config::pipe_rule::refuse) {
        out.failure = "reading " + path + ": a pipe, and was none when weir started";
        return out;
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string text(max_endpoints_file + 1, '\0');
    if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in.is_open() || in.bad() || (in.fail() && !in.eof())) {
        const auto why = errno == 0 ? "cannot be read" : std::strerror(errno);
        out.failure = "reading " + path + ": " + why;
        return out;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (!regular) kept_pipes()[path] = text;
    return parse_endpoints_file(path, std::move(text));
}

}  // namespace weir::datalayer
