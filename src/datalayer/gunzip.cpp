#include "datalayer/gunzip.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <array>
#include <new>

namespace weir::datalayer {

struct gunzip::impl {
    impl() {
        constexpr int gzip_or_zlib = 32;
        if (inflateInit2(&stream, MAX_WBITS + gzip_or_zlib) != Z_OK) throw std::bad_alloc();
    }
    ~impl() { inflateEnd(&stream); }

    z_stream stream{};
    std::array<char, 16384> out{};
};

gunzip::gunzip() : impl_(std::make_unique<impl>()) {}
gunzip::~gunzip() = default;

void gunzip::start() {
    inflateReset(&impl_->stream);
    ended_ = false;
}

bool gunzip::feed(std::span<const char> packed, take_fn take, void* owner) {
    auto& z = impl_->stream;
    z.next_in = reinterpret_cast<const Bytef*>(packed.data());
    z.avail_in = static_cast<uInt>(packed.size());
    while (!packed.empty()) {
        if (ended_) return z.avail_in == 0;  // nothing may follow the end
        z.next_out = reinterpret_cast<Bytef*>(impl_->out.data());
        z.avail_out = static_cast<uInt>(impl_->out.size());
        const int rc = inflate(&z, Z_NO_FLUSH);
        if (rc == Z_BUF_ERROR && z.avail_in == 0) return true;  // all used, nothing pending
        if (rc != Z_OK && rc != Z_STREAM_END) return false;
        ended_ = rc == Z_STREAM_END;
        const auto size = impl_->out.size() - z.avail_out;
        if (size != 0 && !take(owner, {impl_->out.data(), size})) return false;
        if (z.avail_in == 0 && z.avail_out != 0) return true;
    }
    return true;
}

}  // namespace weir::datalayer
