#include "admin/gzip.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <limits>
#include <new>
#include <optional>
#include <utility>

#include "base/strings.hpp"

namespace weir::admin {
namespace {

constexpr int gzip_form = 16;  // in zlib's window bits
constexpr std::size_t piece_bytes = 16384;

}  // namespace

bool takes_gzip(std::string_view accept_encoding) {
    bool any = false;
    for (const auto part : split(accept_encoding, ',')) {
        const auto semicolon = part.find(';');
        const auto coding = trim(part.substr(0, semicolon));
        const bool gzip = iequals(coding, "gzip") || iequals(coding, "x-gzip");
        if (!gzip && coding != "*") continue;
        const auto equals = semicolon == part.npos ? part.npos : part.find('=', semicolon);
        const auto q =
            equals == part.npos ? std::nullopt : parse_double(trim(part.substr(equals + 1)));
        const bool taken = !q || *q > 0;
        if (gzip) return taken;
        any = taken;
    }
    return any;
}

std::string unpacked(std::string_view gzip) {
    std::string out;
    z_stream z{};
    if (inflateInit2(&z, gzip_form + MAX_WBITS) != Z_OK) return out;
    z.next_in = reinterpret_cast<const Bytef*>(gzip.data());
    z.avail_in = static_cast<uInt>(gzip.size());
    int rc = Z_OK;
    while (rc == Z_OK) {
        char piece[piece_bytes];
        z.next_out = reinterpret_cast<Bytef*>(piece);
        z.avail_out = sizeof piece;
        rc = ::inflate(&z, Z_NO_FLUSH);
        out.append(piece, sizeof piece - z.avail_out);
    }
    inflateEnd(&z);
    return out;
}

struct gzip_packer::stream {
    stream() {
        constexpr int memory_level = 8;
        // Speed counts more than the last tenth of the size.
        if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, gzip_form + MAX_WBITS, memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc();
        }
    }
    ~stream() { deflateEnd(&z); }
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    z_stream z{};
};

gzip_packer::gzip_packer() : stream_(std::make_unique<stream>()) {}
gzip_packer::~gzip_packer() = default;

void gzip_packer::deflate_piece(std::string_view piece, bool last) {
    auto& z = stream_->z;
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    do {
        const auto part = piece.substr(0, most);
        piece.remove_prefix(part.size());
        z.next_in = reinterpret_cast<const Bytef*>(part.data());
        z.avail_in = static_cast<uInt>(part.size());
        do {
            char packed[piece_bytes];
            z.next_out = reinterpret_cast<Bytef*>(packed);
            z.avail_out = sizeof packed;
            ::deflate(&z, last && piece.empty() ? Z_FINISH : Z_NO_FLUSH);
            out_.append(packed, sizeof packed - z.avail_out);
        } while (z.avail_out == 0);
    } while (!piece.empty());
}

std::string gzip_packer::finish() {
    deflate_piece({}, true);
    return std::move(out_);
}

}  // namespace weir::admin
