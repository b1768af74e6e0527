#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace weir {

using error_code = boost::system::error_code;

template <class T>
using result = boost::system::result<T>;

}  // namespace weir
