#pragma once

#include <memory>
#include <string>
#include <string_view>

/// Content coding of the admin pages.
namespace weir::admin {

/// Whether an Accept-Encoding takes gzip (RFC 9110 12.5.3): `gzip;q=0` refuses it, and what is said
/// of gzip counts before what is said of `*`.
bool takes_gzip(std::string_view accept_encoding);

std::string unpacked(std::string_view gzip);

/// Packs a text that comes in pieces; only the packed one is kept whole.
class gzip_packer {
  public:
    gzip_packer();
    ~gzip_packer();
    gzip_packer(const gzip_packer&) = delete;
    gzip_packer& operator=(const gzip_packer&) = delete;

    void add(std::string_view piece) { deflate_piece(piece, false); }
    /// The whole stream; the packer is done.
    std::string finish();

  private:
    void deflate_piece(std::string_view piece, bool last);

    struct stream;
    std::unique_ptr<stream> stream_;
    std::string out_;
};

}  // namespace weir::admin
