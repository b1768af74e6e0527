#include "admin/assets.hpp"

// A build without the dashboard (-Dui=disabled).
namespace weir::admin {

std::span<const asset> assets() { return {}; }

}  // namespace weir::admin
