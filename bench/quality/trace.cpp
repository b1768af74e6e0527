#include "trace.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "sim/json_reader.hpp"
#include "weir/random.hpp"

namespace weir::quality {
namespace {

constexpr std::size_t token_bytes = 4;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    random_source r(a ^ (b * 0x9e3779b97f4a7c15ULL));
    return r();
}

std::size_t whole(sim::json_value v) {
    return static_cast<std::size_t>(std::max<std::int64_t>(v.integer().value_or(0), 0));
}

bool read_line(gzFile file, std::string& line) {
    line.clear();
    char part[64 * 1024];
    while (gzgets(file, part, sizeof part) != nullptr) {
        line += part;
        if (line.back() == '\n') return true;
    }
    return !line.empty();
}

}  // namespace

double trace::duration() const {
    double last = 0;
    for (const auto& r : requests) {
        if (r.follows == trace_request::nobody) last = std::max(last, r.at);
    }
    return last;
}

trace load_trace(const std::string& path, std::size_t limit) {
    trace out;
    out.name = path.substr(path.rfind('/') + 1);
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (!file) return out;
    std::string line;
    sim::json_document document;
    while (read_line(file.get(), line)) {
        if (!document.parse(std::string_view(line))) continue;
        const auto root = document.root();
        trace_request r;
        r.at = root.get("timestamp").number().value_or(0) / 1000;
        r.prompt_tokens = std::max<std::size_t>(whole(root.get("input_length")), 1);
        r.output_tokens = std::max<std::size_t>(whole(root.get("output_length")), 1);
        for (auto id = root.get("hash_ids").first(); id; id = id.next()) {
            r.prompt.push_back(mix(whole(id), 1));
        }
        r.prompt.resize((r.prompt_tokens + out.unit - 1) / out.unit, mix(out.requests.size(), 2));
        out.requests.push_back(std::move(r));
        if (limit != 0 && out.requests.size() == limit) break;
    }
    std::stable_sort(out.requests.begin(), out.requests.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return out;
}

void render_prompt(const trace& t, const trace_request& r, std::string& out) {
    out.resize(r.prompt.size() * t.unit * token_bytes);
    auto* at = out.data();
    for (const auto id : r.prompt) {
        random_source bytes(id);
        for (std::size_t i = 0; i < t.unit * token_bytes; i += sizeof(std::uint64_t)) {
            const auto eight = bytes();
            std::memcpy(at, &eight, sizeof eight);
            at += sizeof eight;
        }
    }
    out.resize(std::min(out.size(), r.prompt_tokens * token_bytes));
}

std::vector<std::uint64_t> block_hashes(const trace& t, const trace_request& r,
                                        std::size_t block_size, std::uint64_t serial) {
    const auto blocks = (r.prompt_tokens + r.output_tokens) / block_size;
    std::vector<std::uint64_t> out;
    out.reserve(blocks);
    std::uint64_t chain = 0;
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto token = i * block_size;
        const auto place = token / t.unit;
        std::uint64_t content = mix(serial, 3);
        if (token + block_size <= r.prompt_tokens) {
            content = r.prompt[place];
        } else if (!r.output.empty() && place >= r.prompt.size() &&
                   place - r.prompt.size() < r.output.size()) {
            content = r.output[place - r.prompt.size()];
        }
        out.push_back(chain = mix(chain, mix(content, token % t.unit)));
    }
    return out;
}

}  // namespace weir::quality
