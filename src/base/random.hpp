#pragma once

#include "weir/random.hpp"  // one generator for contracts and house alike
